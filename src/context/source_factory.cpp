#include "source_factory.hpp"

#include "aws_sources.hpp"
#include "cmdb_sources.hpp"
#include "directory_sources.hpp"
#include "dossier/context/file_sources.hpp"

namespace dossier::context {

auto make_identity_source(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<IdentitySource>> {
    if (provider.kind == "file") return open_identity_file(provider.name, provider.path);
    if (provider.kind == "aws_iam") return aws::make_iam_source(provider, config, makings);
    if (provider.kind == "aws_identity_center") return aws::make_identity_center_source(provider, config, makings);
    if (provider.kind == "scim") return make_scim_identity(provider, config, makings);
    if (provider.kind == "okta") return make_okta_identity(provider, config, makings);
    if (provider.kind == "msgraph") return make_msgraph_identity(provider, config, makings);
    return fail(Errc::invalid_argument, "no identity source of kind " + provider.kind);
}

auto make_cmdb_source(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<CmdbSource>> {
    if (provider.kind == "file") return open_cmdb_file(provider.name, provider.path);
    if (provider.kind == "http") return make_http_cmdb(provider, config, makings);
    if (provider.kind == "servicenow") return make_servicenow_cmdb(provider, config, makings);
    if (provider.kind == "backstage") return make_backstage_cmdb(provider, config, makings);
    return fail(Errc::invalid_argument, "no CMDB source of kind " + provider.kind);
}

} // namespace dossier::context
