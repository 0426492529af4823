#include "wiz_backlog.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "wiz_operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dossier::ingest {
namespace {

constexpr std::size_t stores_page_size = 100;
constexpr std::size_t most_rows = 100;
constexpr std::size_t most_fields = 500;
constexpr std::size_t most_objects = 200;
constexpr std::size_t value_length = 500;

auto store_types() -> const std::vector<std::string>& {
    static const std::vector<std::string> types = {
        "BUCKET",        "DATABASE",     "DB_SERVER",   "STORAGE_ACCOUNT", "FILE_SYSTEM_SERVICE",
        "DATA_WORKLOAD", "DATA_CATALOG", "SEARCH_INDEX"};
    return types;
}

auto without(std::string_view relation, std::string_view type) -> Json {
    Json block{{"type", Json::array()}, {"negate", true}, {"with", {{"type", Json::array({std::string(type)})}}}};
    block["type"].push_back({{"type", relation}, {"reverse", false}});
    return block;
}

auto unknown_stores() -> Json {
    Json query{{"type", store_types()}, {"select", true}, {"relationships", Json::array()}};
    query["relationships"].push_back(without("HAS_DATA_INVENTORY", "DATA_INVENTORY"));
    query["relationships"].push_back(without("HAS_DATA_FINDING", "DATA_FINDING"));
    return query;
}

/// A list of names, or of objects with a name and perhaps a type.
void read_fields(JsonView list, const std::string& container, std::vector<DataField>& into) {
    for (const auto& one : list.elements()) {
        if (into.size() >= most_fields) return;
        DataField field{.container = container,
                        .name = first_text({one, one["name"], one["field"], one["column"]}),
                        .type = first_text({one["type"], one["dataType"]})};
        if (const auto table = first_text({one["table"], one["container"]}); !table.empty()) field.container = table;
        if (!field.name.empty()) into.push_back(std::move(field));
    }
}

void read_objects(JsonView list, std::vector<std::string>& into) {
    for (const auto& one : list.elements()) {
        if (into.size() >= most_objects) return;
        add_all(into, {first_text({one, one["path"], one["name"]})});
    }
}

void read_sample_rows(JsonView list, UnclassifiedStore& store) {
    for (const auto& row : list.elements()) {
        if (store.rows.size() >= most_rows) return;
        std::vector<std::pair<std::string, std::string>> read;
        for (const auto& [name, value] : row.members()) {
            const auto text = value.is_object() || value.is_array() ? value.dump() : value.text_or("");
            if (!text.empty()) read.emplace_back(std::string(name), shorten(text, value_length));
        }
        if (!read.empty()) store.rows.push_back(std::move(read));
    }
}

/// What an entity says of the content: of the store itself, of a schema, of a sample that Wiz took.
void read_shape(const WizEntity& entity, const std::string& container, UnclassifiedStore& store) {
    const auto document = JsonDocument::parse(entity.properties);
    if (!document) return;
    JsonUnfolder unfold;
    const auto properties = document->root();
    for (const auto* member : {"fieldNames", "fields", "columns", "schema"})
        read_fields(unfold.member(properties, member), container, store.fields);
    for (const auto* member : {"examplePaths", "objects", "objectNames", "tables"})
        read_objects(unfold.member(properties, member), store.objects);
    for (const auto* member : {"sampleRows", "sampledRowValues", "samples"})
        read_sample_rows(unfold.member(properties, member), store);
    if (!store.last_scanned)
        store.last_scanned = first_time({properties["lastSampleTime"], properties["lastScanTime"]});
}

auto classification_tags(const Tags& tags) -> std::vector<std::string> {
    std::vector<std::string> found;
    for (const auto& [key, value] : tags)
        if (icontains(key, "classif") || icontains(key, "sensitiv")) found.push_back(key + "=" + value);
    return found;
}

auto console_link(std::string_view console, const WizEntity& entity) -> std::string {
    const auto base = without_slash(console.empty() ? "https://app.wiz.io" : console);
    return fmt::format("{}/graph#~(entity~(~'{}*2c{}))", base, percent_encode(entity.id), entity.type);
}

/// Schemas, samples and tables of the stores of a page: one question for all of them.
auto add_shapes(WizClient& client, std::vector<std::string> ids, std::map<std::string, UnclassifiedStore*> stores,
                Deadline deadline) -> Task<void> {
    for (const auto* relation : {"HAS_DATA_SCHEMA", "HAS_DATA_STORE", "CONTAINS"}) {
        const bool is_table = std::string_view(relation) == "CONTAINS";
        const WizWay way{.relations = {relation},
                         .reverse = false,
                         .to_types = is_table ? std::vector<std::string>{"DATABASE_TABLE"}
                                              : std::vector<std::string>{"DATA_SCHEMA", "DATA_STORE"}};
        const auto rows = co_await wiz_search(client, wiz_query(ids, store_types(), way), 5'000, deadline);
        if (!rows) {
            log::debug("wiz.shapes_unknown", {{"source", client.source()}, {"reason", rows.error().describe()}});
            continue;
        }
        for (const auto& row : rows->rows) {
            if (row.size() < 2 || !row[0] || !row[1]) continue;
            const auto at = stores.find(row[0]->id);
            if (at == stores.end()) continue;
            if (is_table && at->second->objects.size() < most_objects) add_all(at->second->objects, {row[1]->name});
            read_shape(*row[1], row[1]->name, *at->second);
        }
    }
}

} // namespace

auto wiz_store_kind(const WizEntity& store) -> std::string {
    const auto type = lower(store.resource.type);
    const auto& cloud = store.resource.cloud;
    if (cloud == "snowflake" || type.contains("snowflake")) return "snowflake";
    if (type.contains("bigquery")) return "bigquery";
    if (type.contains("lake") || type.contains("glue") || store.type == "DATA_CATALOG") return "data_lake";
    const bool is_blob = store.type == "BUCKET" || store.type == "STORAGE_ACCOUNT";
    if (is_blob && cloud == "aws") return "s3";
    if (is_blob && cloud == "azure") return "azure_blob";
    if (is_blob && cloud == "gcp") return "gcs";
    const bool is_database = store.type == "DATABASE" || store.type == "DB_SERVER";
    if (is_database && cloud == "aws" && (type.contains("rds") || type.contains("aurora") || type.contains("db")))
        return "rds";
    return lower(store.type);
}

auto wiz_backlog(WizClient& client, std::string cursor, std::string console, Deadline deadline)
    -> Task<Result<BacklogPage>> {
    Json variables{{"query", unknown_stores()},
                   {"projectId", client.api().project.empty() ? "*" : client.api().project},
                   {"first", stores_page_size},
                   {"quick", false}};
    if (!cursor.empty()) variables["after"] = cursor;
    const auto answer = co_await client.ask(wiz::graph_search(), std::move(variables), deadline);
    if (!answer) co_return fail(answer.error());
    BacklogPage page;
    std::vector<std::string> ids;
    for (const auto& node : answer->nodes()) {
        const auto entity = read_wiz_entity(node["entities"][std::size_t{0}]);
        if (!entity || std::ranges::find(ids, entity->id) != ids.end()) continue;
        ids.push_back(entity->id);
        auto& store = page.stores.emplace_back();
        store.source_id = entity->id;
        store.resource = entity->resource;
        if (store.resource.id.empty()) store.resource.id = entity->id;
        store.store_kind = wiz_store_kind(*entity);
        store.current_tags = classification_tags(entity->resource.tags);
        store.url = console_link(console, *entity);
        read_shape(*entity, entity->name, store);
    }
    std::map<std::string, UnclassifiedStore*> by_id;
    for (auto& store : page.stores) by_id[store.source_id] = &store;
    if (!ids.empty()) co_await add_shapes(client, ids, by_id, deadline);
    page.has_more = answer->has_next() && answer->end_cursor() != cursor;
    if (page.has_more) page.next_cursor = answer->end_cursor();
    co_return page;
}

} // namespace dossier::ingest
