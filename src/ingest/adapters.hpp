#pragma once
// The adapters behind make_adapter, one file each. `looks_foreign` tells a user who pointed the wrong webhook at a
// source so, instead of making a half-empty finding of it.

#include "dossier/ingest/adapter.hpp"

#include <memory>
#include <string_view>

namespace dossier::ingest {

[[nodiscard]] auto make_wiz_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_prisma_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_orca_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_generic_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_macie_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_guardduty_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_security_hub_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_defender_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_scc_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_ocsf_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_lacework_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
/// Of the kinds that bring findings of any platform, and of `aws`: Macie, GuardDuty and Security Hub.
[[nodiscard]] auto make_content_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
[[nodiscard]] auto make_aws_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;
/// True for the kinds that make_adapter knows.
[[nodiscard]] auto is_known_kind(std::string_view kind) -> bool;

/// Name of the platform whose unmistakable marks `item` carries ("Wiz", "Prisma Cloud", "Orca"), else "".
[[nodiscard]] auto platform_marked_by(JsonView item) -> std::string_view;
/// "P-487678": one or two letters and a number.
[[nodiscard]] auto is_prisma_alert_id(std::string_view text) -> bool;
/// A runtime audit of Prisma Cloud Compute.
[[nodiscard]] auto is_prisma_compute_audit(JsonView item) -> bool;
/// An error for an item that is an audit record or carries another platform's marks; nothing otherwise.
[[nodiscard]] auto refuse_foreign(JsonView item, std::string_view expected) -> Result<void>;

} // namespace dossier::ingest
