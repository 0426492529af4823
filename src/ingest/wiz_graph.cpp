#include "wiz_graph.hpp"

#include "dossier/base/json.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "wiz_graph_words.hpp"
#include "wiz_operations.hpp"

#include <algorithm>

namespace dossier::ingest {
namespace {

constexpr int page_size = 500;
constexpr std::size_t most_data_findings = 500;

auto read_rows(const WizAnswer& answer, WizRows& into, std::size_t limit) -> bool {
    for (const auto& node : answer.nodes()) {
        if (into.rows.size() >= limit) return false;
        auto& row = into.rows.emplace_back();
        for (const auto& entity : node["entities"].elements()) row.push_back(read_wiz_entity(entity));
    }
    return true;
}

/// A row's entity at `index` whose id is wanted, where the caller knows which ones can stand there.
auto first_entity(const WizRows& rows) -> std::optional<WizEntity> {
    for (const auto& row : rows.rows)
        for (const auto& entity : row)
            if (entity) return entity;
    return std::nullopt;
}

auto where_equals(std::string_view property, const std::vector<std::string>& values) -> Json {
    Json where = Json::object();
    where[std::string(property)]["EQUALS"] = values;
    return where;
}

auto by_property(WizClient& client, std::string property, std::string value, Deadline deadline)
    -> Task<Result<std::optional<WizEntity>>> {
    Json query{{"type", wiz_types()}, {"select", true}, {"where", where_equals(property, {value})}};
    auto rows = co_await wiz_search(client, std::move(query), 20, deadline);
    if (!rows) co_return fail(std::move(rows.error()));
    // A bucket and the inventory of it may share the provider's id: the thing itself comes first.
    std::optional<WizEntity> best;
    for (auto& row : rows->rows) {
        for (auto& entity : row) {
            if (!entity) continue;
            const auto is_better = [](const WizEntity& a, const WizEntity& b) {
                const auto rank = [](const WizEntity& one) {
                    const auto kind = kind_of_wiz_type(one.type);
                    return kind == "data" || kind == "finding" ? 1 : 0;
                };
                return std::pair(rank(a), a.id) < std::pair(rank(b), b.id);
            };
            if (!best || is_better(*entity, *best)) best = std::move(entity);
        }
    }
    co_return best;
}

} // namespace

auto read_wiz_entity(JsonView entity) -> std::optional<WizEntity> {
    WizEntity read;
    read.id = first_text({entity["id"]});
    if (read.id.empty()) return std::nullopt;
    JsonUnfolder unfold;
    const auto properties = unfold.member(entity, "properties");
    read.name = first_text({entity["name"], properties["name"]});
    read.type = wiz_type_name(first_text({entity["type"]}));
    auto& resource = read.resource;
    const auto unique = first_text({entity["providerUniqueId"], properties["providerUniqueId"]});
    const auto external = first_text({properties["externalId"]});
    if (!unique.empty()) {
        resource.id = unique;
    } else if (is_provider_id(external)) {
        resource.id = external;
    }
    resource.name = read.name;
    resource.type = first_text({properties["nativeType"]});
    if (resource.type.empty()) resource.type = read.type;
    resource.cloud = cloud_from_word(first_text({properties["cloudPlatform"]}));
    resource.account = account_id(first_text({properties["subscriptionExternalId"]}), resource.cloud);
    resource.account_name = first_text({properties["subscriptionName"]});
    resource.region = first_text({properties["region"], properties["regionLocation"]});
    resource.tags = read_tags(properties["tags"]);
    resource.url = link(first_text({properties["cloudProviderURL"]}));
    complete_from_id(resource);
    read.properties = properties.is_object() ? properties.dump() : "{}";
    return read;
}

auto wiz_query(const std::vector<std::string>& ids, const std::vector<std::string>& types,
               const std::optional<WizWay>& way) -> Json {
    Json query{{"type", types}, {"select", true}, {"where", where_equals("_vertexID", ids)}};
    if (!way) return query;
    Json relationship{{"type", Json::array()}, {"with", {{"type", way->to_types}, {"select", true}}}};
    for (const auto& relation : way->relations)
        relationship["type"].push_back({{"type", relation}, {"reverse", way->reverse}});
    query["relationships"] = Json::array();
    query["relationships"].push_back(std::move(relationship));
    return query;
}

auto wiz_search(WizClient& client, Json query, std::size_t limit, Deadline deadline) -> Task<Result<WizRows>> {
    WizRows rows;
    std::string after;
    for (;;) {
        Json variables{{"query", query},
                       {"projectId", client.api().project.empty() ? "*" : client.api().project},
                       {"first", std::min<std::size_t>(page_size, limit + 1)},
                       {"quick", false}}; // Wiz doesn't page what it searched quickly
        if (!after.empty()) variables["after"] = after;
        const auto answer = co_await client.ask(wiz::graph_search(), std::move(variables), deadline);
        if (!answer) co_return fail(answer.error());
        const bool took_all = read_rows(*answer, rows, limit);
        add_all(rows.gaps, answer->gaps());
        if (answer->root()["maxCountReached"].boolean().value_or(false) && !answer->has_next()) rows.is_cut = true;
        if (!took_all || (answer->has_next() && rows.rows.size() >= limit)) {
            rows.is_cut = true;
            break;
        }
        if (!answer->has_next() || answer->end_cursor() == after) break;
        after = answer->end_cursor();
    }
    co_return rows;
}

auto wiz_entity(WizClient& client, std::string id, std::string type, Deadline deadline)
    -> Task<Result<std::optional<WizEntity>>> {
    const auto types = type.empty() ? wiz_types() : std::vector<std::string>{wiz_type_name(type)};
    const auto rows = co_await wiz_search(client, wiz_query({id}, types, std::nullopt), 1, deadline);
    if (!rows) co_return fail(rows.error());
    co_return first_entity(*rows);
}

auto wiz_entity_of(WizClient& client, Resource resource, Deadline deadline) -> Task<Result<std::optional<WizEntity>>> {
    if (resource.id.empty()) co_return std::nullopt;
    if (is_uuid(resource.id)) {
        auto found = co_await wiz_entity(client, resource.id, "", deadline);
        if (!found || *found) co_return found;
    }
    auto found = co_await by_property(client, "externalId", resource.id, deadline);
    if (!found || *found) co_return found;
    co_return co_await by_property(client, "providerUniqueId", resource.id, deadline);
}

auto wiz_stores_of(WizClient& client, std::vector<std::string> data_findings, Deadline deadline)
    -> Task<Result<std::vector<std::pair<std::string, WizEntity>>>> {
    std::vector<std::pair<std::string, WizEntity>> stores;
    if (data_findings.empty()) co_return stores;
    if (data_findings.size() > most_data_findings) data_findings.resize(most_data_findings);
    const WizWay held_by{.relations = {"HAS_DATA_FINDING"},
                         .reverse = true,
                         .to_types = wiz_types_of({"data_store", "compute", "resource"})};
    const auto rows =
        co_await wiz_search(client, wiz_query(data_findings, {"DATA_FINDING"}, held_by), 4 * page_size, deadline);
    if (!rows) co_return fail(rows.error());
    for (const auto& row : rows->rows)
        if (row.size() >= 2 && row[0] && row[1]) stores.emplace_back(row[0]->id, *row[1]);
    // One store a finding, the same one each time: the bucket before the machine that mounts it.
    std::ranges::sort(stores, {}, [](const auto& pair) {
        return std::tuple(pair.first, kind_of_wiz_type(pair.second.type) != "data_store",
                          pair.second.type == "DATA_STORE", pair.second.id);
    });
    const auto [rest, end] = std::ranges::unique(stores, {}, &std::pair<std::string, WizEntity>::first);
    stores.erase(rest, end);
    co_return stores;
}

} // namespace dossier::ingest
