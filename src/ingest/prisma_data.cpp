#include "prisma_data.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t stores_of_page = 20; ///< each asks for its objects
constexpr int most_objects = 100;
constexpr std::size_t most_policies = 500;
constexpr std::size_t most_regexes = 3;

auto service_kind(std::string_view service, std::string_view cloud) -> std::string {
    struct Row {
        std::string_view part;
        std::string_view kind;
    };
    static constexpr Row rows[] = {{"s3", "s3"},
                                   {"blob", "azure_blob"},
                                   {"lake", "data_lake"},
                                   {"rds", "rds"},
                                   {"bigquery", "bigquery"},
                                   {"snowflake", "snowflake"},
                                   {"storage account", "azure_blob"}};
    for (const auto& row : rows)
        if (icontains(service, row.part)) return std::string(row.kind);
    if (cloud == "azure") return "azure_blob";
    return cloud == "gcp" ? "gcs" : "s3";
}

auto is_scanned(JsonView resource) -> bool { return resource["scanStatus"].boolean().value_or(false); }

auto key_of(JsonView resource) -> std::string {
    return first_text({resource["resourceRrn"], resource["assetId"], resource["resourceName"]});
}

auto read_store(JsonView resource) -> UnclassifiedStore {
    UnclassifiedStore store;
    store.source_id = key_of(resource);
    store.resource.name = first_text({resource["resourceName"]});
    store.resource.cloud = cloud_from_word(first_text({resource["cloudType"]}));
    store.resource.account = first_text({resource["accountId"]});
    store.resource.account_name = first_text({resource["accountName"]});
    store.resource.type = first_text({resource["serviceName"]});
    store.store_kind = service_kind(store.resource.type, store.resource.cloud);
    const auto rrn = first_text({resource["resourceRrn"]});
    // A bucket's ARN is its name: one identity with what every other source says of it.
    store.resource.id = store.store_kind == "s3" && !store.resource.name.empty() ? "arn:aws:s3:::" + store.resource.name
                        : rrn.empty()                                            ? store.resource.name
                                                                                 : rrn;
    if (const auto parts = parse_rrn(rrn)) store.resource.region = parts->region;
    store.resource.account = account_id(store.resource.account, store.resource.cloud);
    return store;
}

/// Names of the first objects.
auto objects_of(RestClient& client, std::string name, Deadline deadline) -> Task<Result<std::vector<std::string>>> {
    const Json body = {{"tableLevel", 4},
                       {"detailed", true},
                       {"filters", {{{"name", "resource.name"}, {"operator", "="}, {"value", name}}}},
                       {"timeRange", {{"type", "to_now"}, {"value", "epoch"}}},
                       {"limit", most_objects},
                       {"page", 1}};
    auto answer = co_await client.ask("POST", "/dlp/api/v1/inventory/objects/aggregate/l4", dump_json(body), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    std::vector<std::string> names;
    for (const auto& item : answer->root()["items"].elements()) {
        const auto of = first_text({item["resourceName"]});
        if (!of.empty() && of != name) continue; // the filter was not honoured
        auto object = first_text({item["objectName"], item["objectPath"]});
        if (!object.empty() && names.size() < static_cast<std::size_t>(most_objects))
            names.push_back(std::move(object));
    }
    co_return names;
}

void add_profiles(JsonView answer, const std::string& origin, std::vector<PolicyFact>& facts) {
    for (const auto& profile : answer["profiles"].elements()) {
        PolicyFact fact;
        fact.id = first_text({profile["id"]});
        fact.name = first_text({profile["name"]});
        fact.kind = "classification";
        fact.origin = origin;
        const auto description = first_text({profile["description"]});
        const auto status = first_text({profile["profile_status"], profile["profileStatus"], profile["status"]});
        fact.statement = shorten(description.empty() ? fmt::format("data profile {}{}", fact.name,
                                                                   status.empty() ? "" : ", " + lower(status))
                                                     : description,
                                 500);
        if (!fact.name.empty() && facts.size() < most_policies) facts.push_back(std::move(fact));
    }
}

auto how_pattern_matches(JsonView pattern) -> std::string {
    std::vector<std::string> ways;
    for (const auto& entry : pattern["regexes"].elements()) {
        auto regex = first_text({entry["regex"], entry});
        if (!regex.empty() && ways.size() < most_regexes) ways.push_back("/" + shorten(regex, 120) + "/");
    }
    auto text = first_text({pattern["description"]});
    if (ways.empty()) return text;
    return text.empty() ? "matches " + join(ways, ", ") : text + "; matches " + join(ways, ", ");
}

void add_patterns(JsonView answer, const std::string& origin, std::vector<PolicyFact>& facts) {
    for (const auto& pattern : answer["patterns"].elements()) {
        PolicyFact fact;
        fact.id = first_text({pattern["id"]});
        fact.name = first_text({pattern["name"]});
        fact.kind = "classification";
        fact.origin = origin;
        fact.statement = shorten(how_pattern_matches(pattern), 500);
        if (fact.statement.empty()) fact.statement = "data pattern " + fact.name;
        if (!fact.name.empty() && facts.size() < most_policies) facts.push_back(std::move(fact));
    }
}

void add_data_policies(JsonView answer, const std::string& origin, std::vector<PolicyFact>& facts) {
    for (const auto& policy : answer.elements()) {
        if (!iequals(first_text({policy["policyType"]}), "data")) continue;
        PolicyFact fact;
        fact.id = first_text({policy["policyId"]});
        fact.name = first_text({policy["name"]});
        fact.kind = "classification";
        fact.origin = origin;
        fact.statement = shorten(first_text({policy["description"], policy["name"]}), 500);
        if (!fact.name.empty() && facts.size() < most_policies) facts.push_back(std::move(fact));
    }
}

} // namespace

auto prisma_backlog(RestClient& client, std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> {
    auto answer = co_await client.get("/dlp/api/v1/resource-inventory/resources", deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    const auto list = answer->root()["resources"];
    if (!list.is_array()) co_return fail(Errc::malformed, "Prisma Cloud listed data resources without `resources`");
    std::vector<std::pair<std::string, JsonView>> waiting;
    for (const auto& resource : list.elements()) {
        auto key = key_of(resource);
        if (!key.empty() && !is_scanned(resource) && key > cursor) waiting.emplace_back(std::move(key), resource);
    }
    std::ranges::sort(waiting, {}, [](const auto& entry) { return entry.first; });
    BacklogPage page;
    page.has_more = waiting.size() > stores_of_page;
    if (page.has_more) waiting.resize(stores_of_page);
    bool tells_objects = true; // a store comes in without its objects rather than not at all
    for (const auto& [key, resource] : waiting) {
        auto store = read_store(resource);
        if (tells_objects) {
            auto objects = co_await objects_of(client, store.resource.name, deadline);
            tells_objects = objects.has_value();
            if (objects) store.objects = std::move(*objects);
        }
        page.stores.push_back(std::move(store));
    }
    if (page.has_more) page.next_cursor = waiting.back().first;
    co_return page;
}

auto prisma_policies(RestClient& client, std::string origin, Deadline deadline)
    -> Task<Result<std::vector<PolicyFact>>> {
    std::vector<PolicyFact> facts;
    auto policies = co_await client.get("/v2/policy?policy.type=data", deadline);
    if (policies) add_data_policies(policies->root(), origin, facts);
    auto profiles = co_await client.get("/dlp/api/v1/dss-api/data-profile", deadline);
    if (profiles) add_profiles(profiles->root(), origin, facts);
    // Listing patterns is a PUT with filters; it changes nothing.
    auto patterns = co_await client.ask("PUT", "/dlp/api/v1/dss-api/data-pattern", "{}", deadline);
    if (patterns) add_patterns(patterns->root(), origin, facts);
    if (!policies && !profiles && !patterns) co_return fail(std::move(policies.error()));
    co_return facts;
}

} // namespace dossier::ingest
