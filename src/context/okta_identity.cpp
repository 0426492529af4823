// People from Okta by its own API (Okta is a SCIM client, not a server): by e-mail, login, id or full name, with groups
// and, for a group, its owners. Signed in by API token (SSWS) or as a service app by private_key_jwt. A user who is
// SUSPENDED or DEPROVISIONED has left.

#include "directory_client.hpp"
#include "directory_sources.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/private_key_jwt.hpp"

#include <algorithm>

namespace dossier::context {

namespace {

constexpr std::size_t longest_okta_name = 320;
constexpr std::size_t most_okta_pages = 5;
constexpr std::size_t most_okta_groups = 200;
constexpr std::size_t most_okta_owners = 5;
constexpr const char* default_scope = "okta.users.read okta.groups.read";

auto okta_code(JsonView body) -> std::string { return body["errorCode"].text_or(""); }

auto person_of_okta(JsonView user, std::string_view source) -> Person {
    const auto profile = user["profile"];
    Person person;
    person.id = line_of(user["id"]);
    person.email = line_of(profile["email"]);
    person.name = line_of(profile["displayName"]);
    if (person.name.empty()) {
        const auto given = line_of(profile["firstName"]);
        const auto family = line_of(profile["lastName"]);
        person.name = given.empty() || family.empty() ? given + family : given + " " + family;
    }
    for (const auto* field : {"department", "division", "organization"})
        if (person.department.empty()) person.department = line_of(profile[field]);
    person.cost_center = line_of(profile["costCenter"]);
    person.title = line_of(profile["title"]);
    // managerId is an Okta id, a login or whatever the HR system writes; manager is a name for people.
    person.manager_name = line_of(profile["manager"]);
    person.manager = line_of(profile["managerId"]);
    if (person.manager.empty()) person.manager = person.manager_name;
    for (const auto* field : {"login", "secondEmail"}) {
        auto alias = line_of(profile[field]);
        if (!alias.empty() && !iequals(alias, person.email)) person.aliases.push_back(std::move(alias));
    }
    const auto status = line_of(user["status"]);
    if (status == "DEPROVISIONED" || status == "SUSPENDED")
        person.inactive = lower(status) + " in " + std::string(source);
    return person;
}

/// `profile.email eq "…"`: the search language of Okta, whose strings are those of JSON.
auto search_for(std::string_view attribute, const std::string& value) -> std::string {
    return percent_encode(std::string(attribute) + " eq " + dump_json(Json(value)));
}

class OktaIdentity final : public IdentitySource {
public:
    OktaIdentity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          scope_(provider.scope.empty() ? default_scope : provider.scope),
          by_token_(!provider.token.empty()),
          client_({.label = "identity:" + provider.name,
                   .base = provider.url,
                   .accept = "application/json",
                   .code_word = okta_code},
                  provider, config, makings) {}

    /// Credentials; `invalid_argument` for a key that can't sign.
    auto sign_in(const ProviderConfig& provider) -> Result<void> {
        if (by_token_) {
            client_.use_token("SSWS", provider.token);
            return {};
        }
        const auto url = provider.auth_url.empty() ? client_.base() + "/oauth2/v1/token" : provider.auth_url;
        auto fetch = net::private_key_jwt(client_.token_upstream(), {.url = url,
                                                                     .client_id = provider.client_id,
                                                                     .private_key = provider.private_key,
                                                                     .key_id = provider.key_id,
                                                                     .scope = scope_});
        if (!fetch) return fail(std::move(fetch.error()));
        client_.use_tokens(std::move(*fetch));
        return {};
    }

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
    auto search(std::string attribute, std::string value, Deadline deadline) -> Task<Result<std::optional<Person>>>;
    auto by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>>;

    std::string name_;
    std::string scope_;
    bool by_token_;
    DirectoryClient client_;
};

auto OktaIdentity::person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    const std::string name(trim(id_or_email));
    if (name.empty() || name.size() > longest_okta_name) co_return std::optional<Person>();
    const bool is_email = name.find('@') != std::string::npos;
    Result<std::optional<Person>> person = std::optional<Person>();
    if (is_email || name.find(' ') != std::string::npos)
        person = co_await search(is_email ? "profile.email" : "profile.displayName", name, deadline);
    // Search lags behind writes, and a login need not be the e-mail: the user itself is asked for as well.
    if (person && !*person && is_plain_id(name)) person = co_await by_id(name, deadline);
    co_return person;
}

auto OktaIdentity::search(std::string attribute, std::string value, Deadline deadline)
    -> Task<Result<std::optional<Person>>> {
    auto answer = co_await client_.get("/api/v1/users?search=" + search_for(attribute, value) + "&limit=10", deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    std::vector<Person> matches;
    for (const auto user : answer->root().elements()) {
        auto person = person_of_okta(user, client_.label());
        const auto& said = attribute == "profile.email" ? person.email : person.name;
        if (iequals(said, value)) matches.push_back(std::move(person));
    }
    if (matches.size() > 1) std::erase_if(matches, [](const Person& person) { return !person.inactive.empty(); });
    if (matches.size() != 1) co_return std::optional<Person>(); // none, or nobody in particular
    co_return std::optional<Person>(std::move(matches.front()));
}

auto OktaIdentity::by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    auto answer = co_await client_.get("/api/v1/users/" + percent_encode(id), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status == 404) co_return std::optional<Person>();
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    auto person = person_of_okta(answer->root(), client_.label());
    if (person.id.empty()) co_return std::optional<Person>();
    co_return std::optional<Person>(std::move(person));
}

auto OktaIdentity::groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>> {
    std::vector<std::string> groups;
    auto target = "/api/v1/users/" + percent_encode(person.id) + "/groups?limit=200";
    for (std::size_t page = 0; page < most_okta_pages && !target.empty(); ++page) {
        auto answer = co_await client_.get(std::move(target), deadline);
        if (!answer && answer.error().code == Errc::forbidden)
            co_return fail(Errc::forbidden, client_.label() +
                                                " hides groups: the scope okta.groups.read or the right to "
                                                "view groups is missing");
        if (!answer) co_return fail(std::move(answer.error()));
        if (!answer->ok()) break;
        for (const auto group : answer->root().elements()) {
            auto called = line_of(group["profile"]["name"]);
            const bool is_everyone = group["type"].text_or("") == "BUILT_IN";
            if (!called.empty() && !is_everyone && groups.size() < most_okta_groups)
                groups.push_back(std::move(called));
        }
        target = next_link(answer->headers);
    }
    co_return groups;
}

auto OktaIdentity::team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>> {
    if (name.empty() || name.size() > longest_okta_name) co_return std::optional<Team>();
    auto groups =
        co_await client_.get("/api/v1/groups?search=" + search_for("profile.name", name) + "&limit=2", deadline);
    if (!groups) {
        // Not being allowed to see groups is no reason to call the directory down.
        if (groups.error().code == Errc::forbidden) co_return std::optional<Team>();
        co_return fail(std::move(groups.error()));
    }
    if (!groups->ok()) co_return std::optional<Team>();
    const auto group = groups->root()[std::size_t{0}];
    Team team{.id = line_of(group["id"]), .name = line_of(group["profile"]["name"])};
    if (!is_plain_id(team.id) || !iequals(team.name, name)) co_return std::optional<Team>();
    // Group owners came with Okta Identity Governance; other orgs answer 403, 404 or 405.
    auto owners = co_await client_.get("/api/v1/groups/" + percent_encode(team.id) + "/owners?limit=20", deadline);
    if (owners && owners->ok()) {
        for (const auto owner : owners->root().elements()) {
            const auto id = line_of(owner["id"]);
            if (team.owners.size() == most_okta_owners || owner["type"].text_or("") != "USER" || !is_plain_id(id))
                continue;
            if (auto person = co_await by_id(id, deadline); person && *person) team.owners.push_back(**person);
        }
    }
    if (!team.owners.empty()) co_return team;
    auto members = co_await client_.get("/api/v1/groups/" + percent_encode(team.id) + "/users?limit=2", deadline);
    if (members && members->ok() && members->root().size() == 1)
        team.only_one = person_of_okta(members->root()[std::size_t{0}], client_.label());
    co_return team;
}

auto OktaIdentity::check(Deadline deadline) -> Task<net::ConnectCheck> {
    const auto missing_right = [&](net::ConnectCheck check, const char* scope, const char* role) {
        if (check.verdict == net::ConnectCheck::Verdict::permission) check.missing = {by_token_ ? role : scope};
        return check;
    };
    auto users = co_await client_.get("/api/v1/users?limit=1", deadline);
    if (users && !users->ok()) users = fail(client_.refusal(*users));
    if (!users)
        co_return missing_right(net::failed_check({}, client_.base(), users.error()), "okta.users.read",
                                "a role that may view users");
    auto groups = co_await client_.get("/api/v1/groups?limit=1", deadline);
    if (!groups)
        co_return missing_right(net::failed_check({}, client_.base(), groups.error()), "okta.groups.read",
                                "a role that may view groups");
    co_return net::ConnectCheck{.what = {},
                                .url = client_.base(),
                                .verdict = net::ConnectCheck::Verdict::ok,
                                .missing = {},
                                .detail = by_token_ ? "signed in by API token" : "signed in as a service app"};
}

} // namespace

auto make_okta_identity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<IdentitySource>> {
    auto source = std::make_unique<OktaIdentity>(provider, config, makings);
    if (auto signed_in = source->sign_in(provider); !signed_in) return fail(std::move(signed_in.error()));
    return source;
}

} // namespace dossier::context
