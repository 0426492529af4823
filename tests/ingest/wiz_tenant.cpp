#include "wiz_tenant.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ingest::test {
namespace {

auto holds(const Json& list, const std::string& value) -> bool {
    return std::ranges::any_of(list, [&](const auto& one) { return one == value; });
}

/// The root field: the word after the operation's first brace.
auto root_of(const std::string& document) -> std::string {
    const auto begin = document.find_first_not_of(" \n", document.find('{') + 1);
    return document.substr(begin, document.find_first_of(" ({", begin) - begin);
}

} // namespace

auto graphql_error(const std::string& code, const std::string& message, Json data) -> Reply {
    Json error{{"message", message}, {"extensions", {{"code", code}}}};
    return {.status = 200, .body = {{"errors", Json::array({error})}, {"data", std::move(data)}}, .headers = {}};
}

WizTenant::WizTenant() {
    runtime_.start();
    client_ = std::make_unique<net::HttpClient>(runtime_, 1);
    server_ = std::make_unique<LocalServer>([this](const Seen& request) { return answer(request); });
}

WizTenant::~WizTenant() {
    client_.reset();
    runtime_.stop();
    server_.reset();
}

auto WizTenant::api(const std::function<void(ApiConfig&)>& change) -> std::shared_ptr<PlatformApi> {
    SourceConfig config;
    config.name = "wiz";
    config.kind = "wiz";
    auto& settings = config.api.emplace();
    settings.url = server_->url();
    settings.auth_url = server_->url();
    settings.client_id = "id";
    settings.client_secret = Secret("secret");
    settings.rate = Rate{0};
    if (change) change(settings);
    return make_platform_api(config, *client_, metrics_);
}

void WizTenant::entity(const std::string& id, const std::string& type, Json properties) {
    entities_[id] = {{"id", id}, {"name", "the " + id}, {"type", type}, {"properties", std::move(properties)}};
}

void WizTenant::edge(const std::string& from, const std::string& relation, const std::string& to) {
    edges_.emplace_back(from, relation, to);
}

auto WizTenant::issue(const std::string& id, const std::string& status_changed, Json more) -> Json& {
    auto& issue = issues[id];
    issue = {{"id", id},
             {"type", "TOXIC_COMBINATION"},
             {"status", "OPEN"},
             {"severity", "HIGH"},
             {"createdAt", status_changed},
             {"updatedAt", status_changed},
             {"statusChangedAt", status_changed},
             {"sourceRule", {{"id", "wc-1"}, {"name", "Public bucket"}}},
             {"entitySnapshot", {{"id", "bucket"}, {"type", "BUCKET"}}},
             {"notes", Json::array()},
             {"serviceTickets", Json::array()}};
    issue.update(more);
    return issue;
}

auto WizTenant::asked(const std::string& root) const -> int {
    const std::scoped_lock lock(mutex_);
    const auto at = asked_.find(root);
    return at == asked_.end() ? 0 : at->second;
}

auto WizTenant::answer(const Seen& request) -> std::optional<Reply> {
    const std::scoped_lock lock(mutex_);
    if (request.path == "/oauth/token") {
        const auto token = fmt::format("token-{}", ++tokens_);
        good_tokens_ = {token};
        return Reply{.status = 200, .body = {{"access_token", token}, {"expires_in", 3600}}, .headers = {}};
    }
    const auto root = root_of(request.body.value("query", ""));
    const auto variables = request.body.value("variables", Json::object());
    const int number = ++asked_[root];
    if (script) {
        if (auto reply = script(root, variables, number)) return reply;
    }
    const auto bearer = std::string(request.headers.get("Authorization").value_or(""));
    if (!good_tokens_.contains(bearer.substr(std::min<std::size_t>(7, bearer.size()))))
        return Reply{.status = 401, .body = Json::object(), .headers = {}};
    Json value;
    if (root == "graphSearch") value = graph_search(variables);
    if (root == "issuesV2") value = issues_v2(variables);
    if (root == "automationRules" || root == "configurationFindings" || root == "vulnerabilityFindings")
        value = {{"nodes", Json::array()}};
    if (root.starts_with("create") || root.starts_with("associate") || root.starts_with("update")) {
        value = write(root, variables.at("input"));
        if (loses_answers) return std::nullopt;
    }
    return Reply{.status = 200, .body = {{"data", {{root, std::move(value)}}}}, .headers = {}};
}

auto WizTenant::page(const std::vector<Json>& rows, const Json& variables) const -> Json {
    const auto begin = variables.contains("after") ? std::stoul(variables.at("after").get<std::string>()) : 0UL;
    const auto first = std::min<std::size_t>(variables.value("first", 50U), static_cast<std::size_t>(page_size));
    const auto end = std::min(rows.size(), begin + first);
    Json nodes = Json::array();
    for (auto i = begin; i < end; ++i) nodes.push_back(rows[i]);
    return {{"nodes", std::move(nodes)},
            {"totalCount", rows.size()},
            {"maxCountReached", false},
            {"pageInfo", {{"hasNextPage", end < rows.size()}, {"endCursor", std::to_string(end)}}}};
}

auto WizTenant::issues_v2(const Json& variables) -> Json {
    const auto filter = variables.value("filterBy", Json::object());
    std::vector<Json> rows;
    for (const auto& [id, issue] : issues) {
        if (filter.contains("id") && !holds(filter["id"], id)) continue;
        if (filter.contains("status") && !holds(filter["status"], issue["status"])) continue;
        if (filter.contains("statusChangedAt") &&
            *parse_time(issue["statusChangedAt"].get<std::string>()) <=
                *parse_time(filter["statusChangedAt"]["after"].get<std::string>()))
            continue;
        rows.push_back(issue);
    }
    const auto order = variables.contains("orderBy") ? variables["orderBy"]["field"].get<std::string>() : "ID";
    const auto* field = order == "STATUS_CHANGED_AT" ? "statusChangedAt" : "id";
    std::ranges::sort(rows, {}, [&](const Json& row) { return std::pair(row[field], row["id"]); });
    return page(rows, variables);
}

auto WizTenant::graph_search(const Json& variables) -> Json {
    const auto& query = variables.at("query");
    std::vector<Json> rows;
    for (const auto& [id, entity] : entities_) {
        if (!holds(query["type"], entity["type"])) continue;
        bool fits = true;
        const auto where = query.value("where", Json::object());
        for (const auto& [name, test] : where.items()) {
            const auto value = name == "_vertexID" ? id : entity["properties"].value(name, "");
            fits = fits && holds(test["EQUALS"], value);
        }
        if (!fits) continue;
        if (!query.contains("relationships")) {
            rows.push_back({{"entities", Json::array({entity})}});
            continue;
        }
        const auto& relationship = query["relationships"].at(0);
        for (const auto& [from, relation, to] : edges_) {
            for (const auto& way : relationship["type"]) {
                const bool reverse = way["reverse"];
                const auto& far = entities_.at(reverse ? from : to);
                if (way["type"] != relation || (reverse ? to : from) != id) continue;
                if (holds(relationship["with"]["type"], far["type"]))
                    rows.push_back({{"entities", Json::array({entity, far})}});
            }
        }
    }
    return page(rows, variables);
}

auto WizTenant::write(const std::string& root, const Json& input) -> Json {
    const auto id = fmt::format("made-{}", ++made_);
    if (root == "createIssueNote") {
        Json note{{"id", id}, {"text", input["text"]}};
        issues.at(input["issueId"])["notes"].push_back(note);
        return {{"issueNote", note}};
    }
    if (root == "associateServiceTicket") {
        Json ticket{{"id", id}, {"externalId", input["ticketId"]}, {"url", input["ticketUrl"]}};
        issues.at(input["issueId"])["serviceTickets"].push_back(ticket);
        return {{"serviceTicket", ticket}};
    }
    auto& issue = issues.at(input["id"]);
    issue.update(input["patch"]);
    return {{"issue", issue}};
}

} // namespace dossier::ingest::test
