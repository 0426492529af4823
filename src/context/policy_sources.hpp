#pragma once
// Where policies come from: directories and files of the organisation's documents, read again when they change; pages
// by https, asked whether they changed when their time is over; and the classification policies of the platforms.

#include "dossier/context/enricher.hpp"

#include <memory>
#include <string>

namespace dossier::context {

/// @param where a directory, a file or an https URL of `context.policies`
[[nodiscard]] auto make_document_policies(const std::string& where, const ContextConfig& config,
                                          const SourceMakings& makings) -> std::unique_ptr<PolicySource>;
[[nodiscard]] auto make_platform_policies(std::shared_ptr<ingest::PlatformApi> platform, const ContextConfig& config,
                                          Metrics& metrics) -> std::unique_ptr<PolicySource>;
/// What is wrong with an entry of `context.policies`; "" where nothing is.
[[nodiscard]] auto fault_in_policy_place(const std::string& where) -> std::string;

} // namespace dossier::context
