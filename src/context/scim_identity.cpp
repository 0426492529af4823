// People from a SCIM 2.0 server: by userName, externalId or e-mail where the server takes such filters, by id, by full
// name. The attribute that found the last one is asked first, so that a thousand look-ups cost little more than one
// call each.

#include "directory_sources.hpp"
#include "scim_server.hpp"
#include "scim_user.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::context {

namespace {

constexpr std::size_t longest_name = 320;
constexpr std::size_t most_groups = 100;
/// No account has it: whoever may look it up may look up others.
constexpr const char* nobody = "dossier-connect-check";

class ScimIdentity final : public IdentitySource {
public:
    ScimIdentity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          server_({.label = "identity:" + provider.name,
                   .base = provider.url,
                   .accept = "application/scim+json, application/json"},
                  provider, config, makings) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    /// A directory knows people, not resources.
    auto ask(Resource /*resource*/, Deadline /*deadline*/) -> Task<Result<IdentityAnswer>> override {
        co_return IdentityAnswer{};
    }
    [[nodiscard]] auto cache_key(const Resource& /*resource*/) const -> std::string override { return {}; }
    auto person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> override;
    auto groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>> override;
    auto team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    auto by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>>;
    [[nodiscard]] auto attributes_for(const std::string& name) const -> std::vector<std::string>;
    [[nodiscard]] auto label() const -> const std::string& { return server_.client().label(); }

    std::string name_;
    ScimServer server_;
    mutable std::mutex mutex_;
    std::string found_emails_by_ = "userName"; ///< what found the last e-mail
};

/// The only match, or the only active one of several; null where that says nobody in particular.
auto only_match(const ScimList& list, const std::string& attribute, const std::string& value) -> JsonView {
    std::vector<JsonView> matches;
    for (const auto resource : list.resources)
        if (scim_matches(resource, attribute, value)) matches.push_back(resource);
    if (matches.size() > 1)
        std::erase_if(matches, [](JsonView user) { return !user["active"].boolean().value_or(true); });
    return matches.size() == 1 ? matches.front() : JsonView();
}

auto ScimIdentity::attributes_for(const std::string& name) const -> std::vector<std::string> {
    if (name.find(' ') != std::string::npos) return {"displayName", "userName"};
    if (name.find('@') == std::string::npos) return {"userName", "externalId"};
    std::vector<std::string> attributes{"userName", "externalId", "emails.value"};
    const std::scoped_lock lock(mutex_);
    if (const auto last = std::ranges::find(attributes, found_emails_by_); last != attributes.end())
        std::rotate(attributes.begin(), last, last + 1);
    return attributes;
}

auto ScimIdentity::person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    const std::string name(trim(id_or_email));
    if (name.empty() || name.size() > longest_name) co_return std::optional<Person>();
    if (auto discovered = co_await server_.discover(deadline); !discovered)
        co_return fail(std::move(discovered.error()));
    const bool is_id = looks_like_id(name);
    bool was_asked = false;
    if (is_id) {
        was_asked = true;
        auto user = co_await by_id(name, deadline);
        if (!user || *user) co_return user;
    }
    for (const auto& attribute : attributes_for(name)) {
        auto list = co_await server_.find(ScimKind::users, attribute, name, deadline);
        if (!list) co_return fail(std::move(list.error()));
        if (list->is_refused) continue;
        was_asked = true;
        const auto user = only_match(*list, attribute, name);
        if (user.is_null()) continue;
        if (name.find('@') != std::string::npos) {
            const std::scoped_lock lock(mutex_);
            found_emails_by_ = attribute;
        }
        co_return std::optional<Person>(person_of_scim(user, label()));
    }
    const bool may_be_id = name.find('@') == std::string::npos && is_plain_id(name);
    if (!is_id && may_be_id) co_return co_await by_id(name, deadline);
    if (!was_asked) co_return fail(Errc::rejected, label() + " takes no filter by which it could be looked up");
    co_return std::optional<Person>();
}

auto ScimIdentity::by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    auto document = co_await server_.read(ScimKind::users, std::move(id), deadline);
    if (!document) co_return fail(std::move(document.error()));
    if (!*document) co_return std::optional<Person>();
    auto person = person_of_scim((*document)->root(), label());
    if (person.id.empty()) co_return std::optional<Person>(); // a 200 that is no user
    co_return std::optional<Person>(std::move(person));
}

/// Those at the user, or asked for where the server keeps them apart.
auto ScimIdentity::groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>> {
    if (!person.groups.empty() || person.id.empty()) co_return std::move(person.groups);
    if (auto discovered = co_await server_.discover(deadline); !discovered)
        co_return fail(std::move(discovered.error()));
    std::vector<std::string> groups;
    if (server_.shows_groups_of_users()) co_return groups;
    for (const auto* attribute : {"members.value", "members"}) {
        auto list = co_await server_.find(ScimKind::groups, attribute, person.id, deadline);
        if (!list) co_return fail(std::move(list.error()));
        if (list->is_refused) continue;
        for (const auto group : list->resources) {
            auto called = line_of(group["displayName"]);
            if (!called.empty() && groups.size() < most_groups) groups.push_back(std::move(called));
        }
        break;
    }
    co_return groups;
}

auto ScimIdentity::team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>> {
    if (name.empty() || name.size() > longest_name) co_return std::optional<Team>();
    if (auto discovered = co_await server_.discover(deadline); !discovered)
        co_return fail(std::move(discovered.error()));
    auto list = co_await server_.find(ScimKind::groups, "displayName", name, deadline);
    if (!list) co_return fail(std::move(list.error()));
    const auto group = only_match(*list, "displayName", name);
    if (group.is_null()) co_return std::optional<Team>();
    Team team{.id = line_of(group["id"]), .name = line_of(group["displayName"])};
    const auto members = group["members"].elements();
    if (members.size() != 1 || iequals(members.front()["type"].text_or("User"), "Group")) co_return team;
    const auto id = line_of(members.front()["value"]);
    if (!is_plain_id(id)) co_return team;
    if (auto member = co_await by_id(id, deadline); member && *member) team.only_one = std::move(**member);
    co_return team;
}

auto ScimIdentity::check(Deadline deadline) -> Task<net::ConnectCheck> {
    const auto& url = server_.client().base();
    if (auto discovered = co_await server_.discover(deadline); !discovered)
        co_return net::failed_check({}, url, discovered.error());
    auto list = co_await server_.find(ScimKind::users, "userName", nobody, deadline);
    if (!list) {
        auto check = net::failed_check({}, url, list.error());
        if (check.verdict == net::ConnectCheck::Verdict::permission) check.missing = {"to read Users"};
        co_return check;
    }
    net::ConnectCheck check{.what = {}, .url = url, .verdict = net::ConnectCheck::Verdict::ok, .missing = {}};
    if (list->is_refused) {
        check.verdict = net::ConnectCheck::Verdict::failed;
        check.detail = "the server takes no filter on userName: people are found by id only";
        co_return check;
    }
    auto groups = co_await server_.find(ScimKind::groups, "displayName", nobody, deadline);
    const bool no_groups = !groups && groups.error().code == Errc::forbidden;
    if (no_groups) {
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.missing = {"to read Groups"};
    }
    check.detail = "looks up users by userName";
    co_return check;
}

} // namespace

auto make_scim_identity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<IdentitySource>> {
    return std::make_unique<ScimIdentity>(provider, config, makings);
}

} // namespace dossier::context
