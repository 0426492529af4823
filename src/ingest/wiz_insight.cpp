#include "wiz_insight.hpp"

#include "dossier/base/concurrent.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "wiz_graph_words.hpp"
#include "wiz_operations.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_exposures = 20;
constexpr std::size_t most_access = 200;
constexpr std::size_t most_events = 100;
constexpr std::size_t most_policies = 20;
constexpr int classifier_pages = 10;
constexpr std::size_t policy_text = 600;

auto named(JsonView entity) -> std::string {
    const auto name = first_text({entity["name"], entity["id"]});
    const auto type = wiz_type_name(first_text({entity["type"]}));
    return type.empty() ? name : fmt::format("{} ({})", name, type);
}

/// One step a line, from outside to the resource.
auto exposure_lines(const std::vector<JsonView>& exposures) -> std::vector<std::string> {
    std::vector<std::string> lines;
    for (const auto& exposure : exposures) {
        const bool is_public = first_text({exposure["type"]}) == "PUBLIC_INTERNET";
        const auto source = first_text({exposure["sourceIpRange"]});
        auto from = is_public ? std::string("the internet") : named(exposure["accessibleFrom"]);
        if (from.empty()) from = lower(first_text({exposure["type"]}));
        if (!source.empty()) from += " (" + source + ")";
        const auto ports = first_text({exposure["portRange"]});
        std::vector<std::string> steps{from};
        for (const auto& step : exposure["path"].elements())
            if (const auto name = named(step); !name.empty() && name != steps.back()) steps.push_back(name);
        if (const auto last = named(exposure["exposedEntity"]); !last.empty() && last != steps.back())
            steps.push_back(last);
        auto line = join(steps, " → ");
        if (!ports.empty()) line += " on port " + ports;
        add_all(lines, {std::move(line)});
    }
    return lines;
}

/// The strongest of Wiz's access types.
auto level_of(JsonView types) -> std::string {
    const auto words = words_in(types);
    const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
    if (has("ADMIN") || has("HIGH_PRIVILEGE") || has("MANAGE")) return "admin";
    if (has("WRITE")) return "write";
    return "read";
}

auto kind_of_principal(std::string_view type, std::string_view name) -> std::string {
    if (name == "*" || icontains(name, "all users") || icontains(name, "everyone") || icontains(name, "anyone"))
        return "anyone";
    if (type == "USER_ACCOUNT" || type == "LOCAL_USER" || type == "IDENTITY") return "user";
    if (type == "GROUP" || type == "LOCAL_GROUP" || type == "PREDEFINED_GROUP") return "group";
    if (type == "ACCESS_ROLE") return "role";
    if (type == "SUBSCRIPTION" || type == "CLOUD_ORGANIZATION") return "account";
    return "service";
}

auto principal_of(JsonView entity, std::string level, std::string origin) -> std::optional<Principal> {
    const auto read = read_wiz_entity(entity);
    if (!read) return std::nullopt;
    Principal principal;
    principal.id = read->resource.id;
    if (principal.id.empty()) principal.id = read->name.empty() ? read->id : read->name;
    principal.kind = kind_of_principal(read->type, read->name);
    principal.level = std::move(level);
    principal.origin = std::move(origin);
    return principal;
}

auto action_of(JsonView event) -> std::string {
    const auto name = first_text({event["externalName"], event["name"]});
    struct Word {
        std::string_view part;
        std::string_view action;
    };
    static constexpr Word words[] = {
        {"List", "list"},    {"Head", "list"},  {"Describe", "list"}, {"Get", "read"},    {"Read", "read"},
        {"Select", "read"},  {"Query", "read"}, {"Download", "read"}, {"Put", "write"},   {"Write", "write"},
        {"Delete", "write"}, {"Copy", "write"}, {"Insert", "write"},  {"Upload", "write"}};
    for (const auto& word : words)
        if (icontains(name, word.part)) return std::string(word.action);
    return name;
}

/// The answer's nodes for one part; a part that Wiz doesn't give is a gap of its own.
class Part {
public:
    explicit Part(std::string name) : name_(std::move(name)) {}
    auto ask(WizClient& client, WizOperation operation, Json variables, Deadline deadline) -> Task<void> {
        answer_ = co_await client.ask(std::move(operation), std::move(variables), deadline);
        if (!*answer_)
            log::debug("wiz.insight_gap",
                       {{"source", client.source()}, {"part", name_}, {"reason", answer_->error().describe()}});
    }
    [[nodiscard]] auto nodes() const -> std::vector<JsonView> {
        return answer_ && *answer_ ? (**answer_).nodes() : std::vector<JsonView>{};
    }
    [[nodiscard]] auto failure() const -> std::optional<Error> {
        return answer_ && !*answer_ ? std::optional(answer_->error()) : std::nullopt;
    }

private:
    std::string name_;
    std::optional<Result<WizAnswer>> answer_;
};

auto ids(const std::string& id) -> Json { return Json::array({id}); }

auto ask_policies(WizClient& client, WizEntity resource, std::optional<Result<WizRows>>& into, Deadline deadline)
    -> Task<void> {
    const WizWay way{.relations = {"HAS_RESOURCE_POLICY", "HAS_PRINCIPAL_POLICY"},
                     .reverse = false,
                     .to_types = {"RAW_ACCESS_POLICY"}};
    into = co_await wiz_search(client, wiz_query({resource.id}, {resource.type}, way), most_policies, deadline);
}

auto policies_in(const WizRows& rows) -> std::vector<PolicyFact> {
    std::vector<PolicyFact> facts;
    for (const auto& row : rows.rows) {
        if (row.size() < 2 || !row[1]) continue;
        const auto document = JsonDocument::parse(row[1]->properties);
        JsonView properties;
        if (document) properties = document->root();
        JsonUnfolder unfold;
        std::string statement;
        for (const auto* member : {"policyDocument", "document", "policy", "statements"}) {
            const auto text = unfold.member(properties, member);
            if (statement.empty() && !text.is_null()) statement = text.is_string() ? first_text({text}) : text.dump();
        }
        if (statement.empty()) statement = first_text({properties["description"]});
        facts.push_back({.id = row[1]->resource.id.empty() ? row[1]->id : row[1]->resource.id,
                         .name = row[1]->name,
                         .kind = "attached",
                         .statement = shorten(statement, policy_text),
                         .origin = "wiz"});
    }
    std::ranges::sort(facts, {}, &PolicyFact::id);
    return facts;
}

/// Exposure that the properties say where there is no exposure object: public ACLs have no network path.
void read_properties(const WizEntity& resource, ResourceInsight& insight) {
    const auto document = JsonDocument::parse(resource.properties);
    if (!document) return;
    const auto properties = document->root();
    const bool is_open = properties["openToAllInternet"].boolean().value_or(false) ||
                         properties["accessibleFrom.internet"].boolean().value_or(false) ||
                         properties.at("/accessibleFrom/internet").boolean().value_or(false);
    if (is_open && insight.exposure_path.empty()) insight.exposure_path.push_back("the internet → " + resource.name);
    for (const auto& type : words_in(properties["publicAccessTypes"])) {
        Principal anyone{.id = "*", .kind = "anyone", .level = level_of({}), .origin = "wiz"};
        if (iequals(type, "WRITE")) anyone.level = "write";
        if (iequals(type, "ADMIN") || iequals(type, "MANAGE")) anyone.level = "admin";
        const bool is_told = std::ranges::any_of(
            insight.access, [&](const auto& one) { return one.kind == "anyone" && one.level == anyone.level; });
        if (!is_told) insight.access.push_back(std::move(anyone));
    }
}

} // namespace

auto wiz_insight(WizClient& client, WizEntity resource, Deadline deadline) -> Task<Result<ResourceInsight>> {
    Part exposures("exposure");
    Part access("effective access");
    Part excess("excessive access");
    Part events("cloud events");
    std::optional<Result<WizRows>> policies;
    const auto id = ids(resource.id);
    Json exposed{{"filterBy", {{"exposedEntity", {{"id", id}}}}}, {"first", most_exposures}};
    Json granted{{"filterBy", {{"resource", {{"id", {{"equals", id}}}}}}}, {"first", most_access}};
    Json excessive{{"filterBy", {{"scope", {{"id", {{"equals", id}}}}}}}, {"first", most_access}};
    Json used{
        {"filterBy", {{"resource", {{"id", {{"equals", id}}}}}}}, {"first", most_events}, {"orderDirection", "DESC"}};
    std::vector<Task<void>> tasks;
    tasks.push_back(exposures.ask(client, wiz::network_exposures(), std::move(exposed), deadline));
    tasks.push_back(access.ask(client, wiz::effective_access(), std::move(granted), deadline));
    tasks.push_back(excess.ask(client, wiz::excessive_access(), std::move(excessive), deadline));
    tasks.push_back(events.ask(client, wiz::cloud_events(), std::move(used), deadline));
    tasks.push_back(ask_policies(client, resource, policies, deadline));
    co_await all_of(std::move(tasks));

    const auto failure = exposures.failure();
    const bool all_failed =
        failure && access.failure() && excess.failure() && events.failure() && policies && !*policies;
    if (all_failed) co_return fail(*failure);

    ResourceInsight insight;
    insight.exposure_path = exposure_lines(exposures.nodes());
    for (const auto& node : access.nodes()) {
        if (auto one = principal_of(node["grantedEntity"], level_of(node["accessTypes"]), "wiz"))
            insight.access.push_back(std::move(*one));
    }
    for (const auto& node : excess.nodes()) {
        // What it holds beyond its use is the finding's business; that it has access is certain.
        auto one = principal_of(node.at("/principal/graphEntity"), "read", "wiz:excessive access");
        const bool is_told =
            one && std::ranges::any_of(insight.access, [&](const auto& had) { return had.id == one->id; });
        if (one && !is_told) insight.access.push_back(std::move(*one));
    }
    for (const auto& node : events.nodes()) {
        const auto actor = node["actor"];
        AccessEvent event{.principal = first_text({actor["externalId"], actor["email"], actor["name"], actor["id"]}),
                          .action = action_of(node),
                          .at = first_time({node["timestamp"]}),
                          .count = std::nullopt,
                          .origin = "wiz"};
        if (!event.principal.empty()) insight.access_log.push_back(std::move(event));
    }
    std::ranges::sort(insight.access_log, [](const auto& a, const auto& b) {
        return std::tie(b.at, a.principal, a.action) < std::tie(a.at, b.principal, b.action); // newest first
    });
    if (policies && *policies) insight.policies = policies_in(**policies);
    read_properties(resource, insight);
    std::ranges::sort(insight.access, {}, [](const auto& one) { return std::tie(one.id, one.level, one.origin); });
    co_return insight;
}

auto wiz_classification_policies(WizClient& client, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> {
    std::vector<PolicyFact> facts;
    std::string after;
    for (int page = 0; page < classifier_pages; ++page) {
        Json variables{{"filterBy", {{"enabled", true}}}, {"first", 100}};
        if (!after.empty()) variables["after"] = after;
        const auto answer = co_await client.ask(wiz::data_classifiers(), std::move(variables), deadline);
        if (!answer) co_return fail(answer.error());
        for (const auto& node : answer->nodes()) {
            if (!node["enabled"].boolean().value_or(true)) continue;
            const auto category = first_text({node["category"]});
            const auto severity = lower(first_text({node["severity"]}));
            const auto description = first_text({node["description"]});
            auto statement = fmt::format("Wiz classifies matches as {}", category.empty() ? "sensitive" : category);
            if (!severity.empty()) statement += ", severity " + severity;
            std::vector<std::string> frameworks;
            for (const auto& sub : node["securitySubCategories"].elements())
                add_all(frameworks, {first_text({sub.at("/category/framework/name")})});
            if (!frameworks.empty()) statement += ", for " + join(frameworks, ", ");
            if (!description.empty()) statement += ": " + shorten(description, policy_text);
            facts.push_back({.id = first_text({node["id"]}),
                             .name = first_text({node["name"]}),
                             .kind = "classification",
                             .statement = std::move(statement),
                             .origin = "wiz"});
        }
        if (!answer->has_next() || answer->end_cursor() == after) break;
        after = answer->end_cursor();
    }
    co_return facts;
}

} // namespace dossier::ingest
