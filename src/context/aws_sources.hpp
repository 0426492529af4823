#pragma once
// The identity sources of AWS. `aws_iam`: who owns a resource (tags, account, maker) and who can reach it (policies,
// ACL, Access Analyzer, roles). `aws_identity_center`: the people behind names. Calls and permissions that they need
// stand in docs/operations.md.

#include "dossier/context/enricher.hpp"
#include "dossier/net/aws_client.hpp"

#include <memory>

namespace dossier::context::aws {

/// The settings of a provider's client. @param role_arn instead of the provider's own, "" = none
[[nodiscard]] auto client_settings(const ProviderConfig& provider, const ContextConfig& config, std::string role_arn)
    -> net::AwsSettings;

[[nodiscard]] auto make_iam_source(const ProviderConfig& provider, const ContextConfig& config,
                                   const SourceMakings& makings) -> std::unique_ptr<IdentitySource>;
[[nodiscard]] auto make_identity_center_source(const ProviderConfig& provider, const ContextConfig& config,
                                               const SourceMakings& makings) -> std::unique_ptr<IdentitySource>;

} // namespace dossier::context::aws
