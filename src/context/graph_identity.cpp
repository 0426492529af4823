// People from Entra ID by Microsoft Graph (Entra is a SCIM client, not a server): by UPN, e-mail, alias, id or full
// name with their manager and groups; owners of groups, service principals and app registrations, where a tag or a
// resource names one. Least rights: User.Read.All, GroupMember.Read.All, Application.Read.All.

#include "directory_client.hpp"
#include "directory_sources.hpp"
#include "graph_objects.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/owner.hpp"

#include <algorithm>
#include <map>

namespace dossier::context {

namespace {

constexpr std::size_t longest_name = 320;
constexpr std::size_t most_user_pages = 5;
constexpr std::size_t most_groups = 200;
constexpr std::size_t most_owners = 5;
constexpr const char* public_cloud = "https://graph.microsoft.com";
constexpr const char* owner_query = "?$select=id,displayName,mail,userPrincipalName,jobTitle,department,accountEnabled";

auto graph_code(JsonView body) -> std::string { return body["error"]["code"].text_or(""); }

auto base_of(const ProviderConfig& provider) -> std::string {
    auto base = provider.url.empty() ? std::string(public_cloud) : provider.url;
    while (base.ends_with('/')) base.pop_back();
    if (base.ends_with("/v1.0")) base.resize(base.size() - 5);
    return base;
}

/// The audience of a sovereign cloud is its own host.
auto scope_of(const ProviderConfig& provider, const std::string& base) -> std::string {
    if (!provider.scope.empty()) return provider.scope;
    const bool is_sovereign = base.starts_with("https://") && icontains(base, "graph.");
    return (is_sovereign ? base : std::string(public_cloud)) + "/.default";
}

/// The collection that a resource of a finding belongs to; "" for what is no object of the directory.
auto collection_of(const Resource& resource) -> std::string_view {
    if (!is_guid(resource.id)) return {};
    const auto type = lower(resource.type);
    if (type.contains("serviceprincipal") || type.contains("service_principal") || type.contains("managedidentity"))
        return "servicePrincipals";
    if (type == "application" || type == "appregistration" || type == "app_registration") return "applications";
    return type == "group" || type == "aadgroup" || type == "entragroup" ? "groups" : std::string_view();
}

class GraphIdentity final : public IdentitySource {
public:
    GraphIdentity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          client_({.label = "identity:" + provider.name,
                   .base = base_of(provider),
                   .accept = "application/json",
                   .code_word = graph_code},
                  provider, config, makings) {
        const auto url = provider.auth_url.empty() ? "https://login.microsoftonline.com/" +
                                                         percent_encode(provider.tenant_id) + "/oauth2/v2.0/token"
                                                   : provider.auth_url;
        client_.use_tokens(
            net::client_credentials(client_.token_upstream(), {.url = url,
                                                               .client_id = provider.client_id,
                                                               .client_secret = provider.client_secret,
                                                               .audience = {},
                                                               .scope = scope_of(provider, client_.base())}));
    }

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource resource, Deadline deadline) -> Task<Result<IdentityAnswer>> override;
    [[nodiscard]] auto cache_key(const Resource& resource) const -> std::string override {
        const auto collection = collection_of(resource);
        return collection.empty() ? std::string() : std::string(collection) + "/" + lower(resource.id);
    }
    auto person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> override;
    auto groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>> override;
    auto team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    auto by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>>;
    auto by_filter(std::string filter, Deadline deadline) -> Task<Result<std::optional<Person>>>;
    /// Answers of several GETs in one call, by their target; what was not answered is missing.
    auto batch(std::vector<std::string> targets, Deadline deadline)
        -> Task<Result<std::map<std::string, DirectoryAnswer>>>;
    auto people_of(std::string target, std::vector<std::string>& unseen, Deadline deadline)
        -> Task<Result<std::vector<Person>>>;

    std::string name_;
    DirectoryClient client_;
};

auto GraphIdentity::ask(Resource resource, Deadline deadline) -> Task<Result<IdentityAnswer>> {
    IdentityAnswer answer;
    const auto collection = collection_of(resource);
    if (collection.empty()) co_return answer;
    std::vector<std::string> unseen;
    auto target = "/v1.0/" + std::string(collection) + "/" + resource.id + "/owners" + owner_query;
    auto owners = co_await people_of(std::move(target), unseen, deadline);
    if (!owners) co_return fail(std::move(owners.error()));
    if (owners->empty() && !unseen.empty()) co_return fail(Errc::forbidden, client_.label() + ": " + unseen.front());
    for (auto& owner : *owners)
        answer.owners.push_back({.person = std::move(owner),
                                 .rule = name_ + ": owner of this object in the directory",
                                 .origin = client_.label(),
                                 .confidence = usual_confidence(client_.label())});
    co_return answer;
}

auto GraphIdentity::person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    const std::string name(trim(id_or_email));
    if (name.empty() || name.size() > longest_name) co_return std::optional<Person>();
    const auto text = odata_string(name);
    Result<std::optional<Person>> person = std::optional<Person>();
    if (is_guid(name)) {
        person = co_await by_id(name, deadline);
    } else if (name.find('@') != std::string::npos) {
        person = co_await by_filter("mail eq " + text + " or userPrincipalName eq " + text, deadline);
        if (person && !*person)
            person = co_await by_filter("proxyAddresses/any(p:p eq " + odata_string("smtp:" + name) + ")", deadline);
    } else if (name.find(' ') != std::string::npos) {
        person = co_await by_filter("displayName eq " + text, deadline);
    } else {
        person = co_await by_filter("mailNickname eq " + text, deadline);
    }
    co_return person;
}

auto GraphIdentity::by_id(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    auto answer = co_await client_.get("/v1.0/users/" + percent_encode(id) + "?" + graph_user_query(), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status == 404) co_return std::optional<Person>();
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    co_return std::optional<Person>(person_of_graph(answer->root(), client_.label()));
}

auto GraphIdentity::by_filter(std::string filter, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    auto answer =
        co_await client_.get("/v1.0/users?$filter=" + percent_encode(filter) + "&" + graph_user_query(), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    std::vector<Person> matches;
    for (const auto user : answer->root()["value"].elements())
        matches.push_back(person_of_graph(user, client_.label()));
    if (matches.size() > 1) std::erase_if(matches, [](const Person& person) { return !person.inactive.empty(); });
    if (matches.size() != 1) co_return std::optional<Person>(); // none, or nobody in particular
    co_return std::optional<Person>(std::move(matches.front()));
}

auto GraphIdentity::groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>> {
    const auto hidden = [&] {
        return fail(Errc::forbidden, client_.label() + " hides groups: GroupMember.Read.All is missing");
    };
    std::vector<std::string> groups;
    auto target = "/v1.0/users/" + percent_encode(person.id) + "/memberOf?$select=id,displayName&$top=100";
    for (std::size_t page = 0; page < most_user_pages && !target.empty(); ++page) {
        auto answer = co_await client_.get(std::move(target), deadline);
        if (!answer && answer.error().code == Errc::forbidden) co_return hidden();
        if (!answer) co_return fail(std::move(answer.error()));
        if (!answer->ok()) break;
        for (const auto group : answer->root()["value"].elements()) {
            if (graph_kind(group) != "group") continue;
            auto called = line_of(group["displayName"]);
            if (called.empty() && is_hidden(group)) co_return hidden();
            if (!called.empty() && groups.size() < most_groups) groups.push_back(std::move(called));
        }
        target = answer->root()["@odata.nextLink"].text_or("");
    }
    co_return groups;
}

auto GraphIdentity::batch(std::vector<std::string> targets, Deadline deadline)
    -> Task<Result<std::map<std::string, DirectoryAnswer>>> {
    Json requests = Json::array();
    for (std::size_t i = 0; i < targets.size() && i < 20; ++i) // Graph takes no more
        requests.push_back({{"id", std::to_string(i)}, {"method", "GET"}, {"url", targets[i]}});
    auto answer = co_await client_.post("/v1.0/$batch", dump_json(Json{{"requests", std::move(requests)}}), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    std::map<std::string, DirectoryAnswer> answers;
    std::vector<std::string> put_off;
    for (const auto response : answer->root()["responses"].elements()) {
        const auto place = response["id"].integer().value_or(-1);
        if (place < 0 || place >= static_cast<std::int64_t>(targets.size())) continue;
        const auto& target = targets[static_cast<std::size_t>(place)];
        const auto status = static_cast<int>(response["status"].integer().value_or(500));
        if (status == 429 || status >= 500) {
            put_off.push_back(target);
            continue;
        }
        DirectoryAnswer part{.status = status, .headers = {}, .body = {}};
        if (auto body = JsonDocument::parse(response["body"].dump(), 64)) part.body = std::move(*body);
        answers.insert_or_assign(target, std::move(part));
    }
    // A part may be throttled alone; by itself it is retried with the wait that Graph asks for.
    for (const auto& target : put_off) {
        auto again = co_await client_.get("/v1.0" + target, deadline);
        if (!again) co_return fail(std::move(again.error()));
        answers.insert_or_assign(target, std::move(*again));
    }
    co_return answers;
}

/// Users among the objects of a relation, first page.
auto GraphIdentity::people_of(std::string target, std::vector<std::string>& unseen, Deadline deadline)
    -> Task<Result<std::vector<Person>>> {
    auto answer = co_await client_.get(std::move(target), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status == 404) co_return std::vector<Person>();
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    std::vector<Person> people;
    for (const auto object : answer->root()["value"].elements()) {
        if (const auto kind = graph_kind(object); !kind.empty() && kind != "user") continue;
        if (is_hidden(object)) {
            if (unseen.empty()) unseen.emplace_back("owners: User.Read.All is missing");
            continue;
        }
        if (people.size() < most_owners) people.push_back(person_of_graph(object, client_.label()));
    }
    co_return people;
}

auto GraphIdentity::team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>> {
    if (name.empty() || name.size() > longest_name) co_return std::optional<Team>();
    const auto text = odata_string(name);
    const bool is_email = name.find('@') != std::string::npos;
    const auto question = [](std::string_view collection, const std::string& filter, std::string_view select) {
        return "/" + std::string(collection) + "?$filter=" + percent_encode(filter) + "&$select=" + std::string(select);
    };
    std::vector<std::string> targets;
    if (is_guid(name)) {
        targets = {question("groups", "id eq " + text, "id,displayName,mail"),
                   question("servicePrincipals", "appId eq " + text, "id,displayName"),
                   question("applications", "appId eq " + text, "id,displayName")};
    } else if (is_email) {
        targets = {question("groups", "mail eq " + text, "id,displayName,mail")};
    } else {
        targets = {question("groups", "displayName eq " + text + " or mailNickname eq " + text, "id,displayName,mail"),
                   question("servicePrincipals", "displayName eq " + text, "id,displayName"),
                   question("applications", "displayName eq " + text, "id,displayName")};
    }
    auto answers = co_await batch(targets, deadline);
    if (!answers) co_return fail(std::move(answers.error()));
    for (const auto& target : targets) { // a group before a service principal before an app registration
        const auto answer = answers->find(target);
        // Refused for lack of a right: `check` says so; here it is as unknown as anything else.
        if (answer == answers->end() || answer->second.root()["value"].size() != 1) continue;
        const auto object = answer->second.root()["value"][std::size_t{0}];
        Team team{
            .id = line_of(object["id"]), .name = line_of(object["displayName"]), .email = line_of(object["mail"])};
        if (!is_plain_id(team.id) || team.name.empty()) continue;
        const auto path = "/v1.0" + target.substr(0, target.find('?')) + "/" + team.id;
        auto owners = co_await people_of(path + "/owners" + owner_query, team.unseen, deadline);
        if (!owners && owners.error().code != Errc::forbidden) co_return fail(std::move(owners.error()));
        if (owners)
            team.owners = std::move(*owners);
        else
            team.unseen.emplace_back("owners of a group or application: Group.Read.All or Application.Read.All is "
                                     "missing");
        if (team.owners.empty() && target.starts_with("/groups")) {
            auto members = co_await people_of(path + "/members" + owner_query, team.unseen, deadline);
            if (members && members->size() == 1) team.only_one = std::move(members->front());
        }
        co_return team;
    }
    co_return std::optional<Team>();
}

auto GraphIdentity::check(Deadline deadline) -> Task<net::ConnectCheck> {
    net::ConnectCheck check{
        .what = {}, .url = client_.base(), .verdict = net::ConnectCheck::Verdict::ok, .missing = {}};
    static constexpr std::pair<const char*, const char*> rights[] = {
        {"users", "User.Read.All"}, {"groups", "GroupMember.Read.All"}, {"applications", "Application.Read.All"}};
    for (const auto& [collection, right] : rights) {
        auto answer = co_await client_.get("/v1.0/" + std::string(collection) + "?$top=1&$select=id", deadline);
        if (answer && !answer->ok()) answer = fail(client_.refusal(*answer));
        if (answer) continue;
        // A refused scope concerns the sign-in and not this collection.
        const bool is_signed_in = answer.error().message.find("gave no token") == std::string::npos;
        if (answer.error().code != Errc::forbidden || !is_signed_in)
            co_return net::failed_check({}, client_.base(), answer.error());
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.missing.emplace_back(right);
    }
    check.detail = check.missing.empty() ? "signed in as an application" : "application permissions with admin consent";
    co_return check;
}

} // namespace

auto make_msgraph_identity(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> Result<std::unique_ptr<IdentitySource>> {
    return std::make_unique<GraphIdentity>(provider, config, makings);
}

} // namespace dossier::context
