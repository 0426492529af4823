#include "source_factory.hpp"

#include "aws_sources.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/file_sources.hpp"

namespace dossier::context {
namespace {

auto nothing_to_try() -> net::ConnectCheck {
    return {.what = {}, .url = {}, .verdict = net::ConnectCheck::Verdict::skipped, .missing = {}, .detail = {}};
}

/// Platforms that call one resource by different parts of it are different questions: a source may need the part that
/// only one of them knows.
auto whole(const Resource& resource) -> std::string {
    return join({lower(resource.cloud), resource.account, lower(resource.region), lower(resource.type), resource.id,
                 resource.name},
                "\n");
}

} // namespace

auto IdentitySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto CmdbSource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto IdentitySource::cache_key(const Resource& resource) const -> std::string { return whole(resource); }
auto IdentitySource::person_key(const std::string& id_or_email) const -> std::string {
    return lower(trim(id_or_email));
}
auto CmdbSource::cache_key(const Resource& resource) const -> std::string { return whole(resource); }
auto PolicySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }

auto make_identity_source(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<IdentitySource>> {
    if (provider.kind == "file") return open_identity_file(provider.name, provider.path);
    if (provider.kind == "aws_iam") return aws::make_iam_source(provider, config, makings);
    if (provider.kind == "aws_identity_center") return aws::make_identity_center_source(provider, config, makings);
    return fail(Errc::invalid_argument, "no identity source of kind " + provider.kind);
}

auto make_cmdb_source(const ProviderConfig& provider, const ContextConfig& /*config*/, const SourceMakings& /*makings*/)
    -> Result<std::unique_ptr<CmdbSource>> {
    if (provider.kind == "file") return open_cmdb_file(provider.name, provider.path);
    return fail(Errc::invalid_argument, "no CMDB source of kind " + provider.kind);
}

} // namespace dossier::context
