#include "dossier/context/sources.hpp"

#include "dossier/base/strings.hpp"

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

auto IdentitySource::groups_of(Person person, Deadline /*deadline*/) -> Task<Result<std::vector<std::string>>> {
    co_return std::move(person.groups);
}

auto IdentitySource::team(std::string /*name*/, Deadline /*deadline*/) -> Task<Result<std::optional<Team>>> {
    co_return std::optional<Team>();
}

auto IdentitySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto CmdbSource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto IdentitySource::cache_key(const Resource& resource) const -> std::string { return whole(resource); }
auto IdentitySource::person_key(const std::string& id_or_email) const -> std::string {
    return lower(trim(id_or_email));
}
auto CmdbSource::cache_key(const Resource& resource) const -> std::string { return whole(resource); }
auto PolicySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }

} // namespace dossier::context
