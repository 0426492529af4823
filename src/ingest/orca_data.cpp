#include "orca_data.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "orca_relations.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t data_page_size = 100;
constexpr std::size_t most_fields = 500;
constexpr std::size_t most_objects = 100;
constexpr std::size_t most_rows = 100;
constexpr std::size_t most_policies = 500;

auto backlog_query(std::size_t start) -> std::string {
    auto query = orca_query("Inventory", Json::array({orca_in("NewCategory", {"Storage", "Database", "Data Storage"})}),
                            data_page_size, start);
    query["additional_models[]"] = {"SensitiveData", "CloudAccount"};
    query["full_graph_fetch"] = {{"enabled", true}};
    query["max_tier"] = 2;
    query["order_by[]"] = {"AssetUniqueId"};
    return dump_json(query);
}

auto says_unknown(std::string_view word) -> bool {
    const auto plain = lower(word);
    return plain == "unknown" || plain == "unclassified" || plain == "unscanned" || plain == "not_scanned" ||
           plain == "not scanned" || plain == "pending";
}

/// The exact word, since text() takes "unknown" for nothing.
auto word_of(JsonView value) -> std::string_view { return trim(value.string().value_or("")); }

auto is_unclassified(JsonView asset) -> bool {
    for (const auto* name : {"Sensitivity", "DataSensitivity", "SensitivityLevel", "DataScanStatus"}) {
        const auto word = word_of(orca_field(asset, name));
        if (!word.empty()) return says_unknown(word);
    }
    bool has_more = false;
    for (const auto& relative : orca_relatives(asset, has_more))
        if (orca_node(relative.object).kind == "data") return false;
    if (!words_in(orca_field(asset, "SensitiveData")).empty()) return false;
    return !first_time({orca_field(asset, "LastDataScan"), orca_field(asset, "DspmScanTime")});
}

auto kind_of_store(std::string_view type, std::string_view cloud) -> std::string {
    struct Row {
        std::string_view part;
        std::string_view kind;
    };
    static constexpr std::array rows = {
        Row{"snowflake", "snowflake"},
        Row{"bigquery", "bigquery"},
        Row{"datalake", "data_lake"},
        Row{"lakeformation", "data_lake"},
        Row{"rds", "rds"},
        Row{"s3", "s3"},
        Row{"blob", "azure_blob"},
        Row{"storageaccount", "azure_blob"},
        Row{"gcs", "gcs"},
        Row{"gcpbucket", "gcs"},
        Row{"gcpstorage", "gcs"},
    };
    auto plain = lower(type);
    std::erase_if(plain, [](char c) { return c == ' ' || c == '_'; });
    for (const auto& row : rows)
        if (plain.contains(row.part)) return std::string(row.kind);
    if (plain.contains("bucket")) return cloud == "gcp" ? "gcs" : "s3";
    return plain.empty() ? std::string("store") : plain;
}

void read_fields(JsonView schemas, UnclassifiedStore& store) {
    for (const auto& table : schemas.elements()) {
        const auto container = first_text({table["name"], table["table"], table["Name"]});
        for (const auto& list : {table["columns"], table["fields"], table["Columns"]}) {
            for (const auto& column : list.elements()) {
                auto name = first_text({column["name"], column["Name"], column});
                if (name.empty() || store.fields.size() >= most_fields) continue;
                store.fields.push_back({.container = container,
                                        .name = std::move(name),
                                        .type = first_text({column["type"], column["Type"]})});
            }
        }
    }
}

void read_rows(JsonView samples, UnclassifiedStore& store) {
    for (const auto& sample : samples.elements()) {
        if (store.rows.size() >= most_rows) return;
        std::vector<std::pair<std::string, std::string>> row;
        for (const auto& [name, value] : sample.members()) {
            if (row.size() < most_objects) row.emplace_back(std::string(name), shorten(value.text_or(""), 1'024));
        }
        if (!row.empty()) store.rows.push_back(std::move(row));
    }
}

auto read_store(JsonView asset) -> UnclassifiedStore {
    JsonUnfolder unfold;
    const auto field = [&](std::string_view name) { return unfold(orca_field(asset, name)); };
    const auto account = asset["data"]["CloudAccount"];
    const auto node = orca_node(asset);
    UnclassifiedStore store;
    store.source_id = orca_key_of(asset);
    store.resource.id = node.id;
    store.resource.name = node.name;
    store.resource.type = node.type;
    store.resource.cloud = cloud_from_word(
        first_text({field("CloudProvider"), orca_field(account, "CloudProvider"), asset["cloud_provider"]}));
    store.resource.account = first_text({field("CloudVendorId"), orca_field(account, "CloudVendorId"),
                                         orca_field(account, "VendorId"), asset["cloud_vendor_id"]});
    store.resource.account_name = first_text({orca_field(account, "Name"), account["name"]});
    store.resource.region = first_text({field("Region")});
    store.resource.tags = read_tags(field("Tags"));
    complete_from_id(store.resource);
    store.store_kind = kind_of_store(node.type, store.resource.cloud);
    for (const auto& name : words_in(field("Objects")))
        if (store.objects.size() < most_objects) store.objects.push_back(name);
    for (const auto* name : {"Schemas", "Tables"}) read_fields(field(name), store);
    for (const auto* name : {"Samples", "SampleRows"}) read_rows(field(name), store);
    store.current_tags = words_in(field("CustomTags"));
    store.last_scanned = first_time({field("LastDataScan"), field("DspmScanTime")});
    store.url = link(first_text({field("ConsoleUrlLink")}));
    return store;
}

auto conditions_of(JsonView detector) -> std::string {
    std::vector<std::string> parts;
    for (const auto& condition : detector.at("/properties/conditions").elements()) {
        if (parts.size() >= 3) break;
        parts.push_back(fmt::format("{} {} {}", first_text({condition["source"]}), first_text({condition["operator"]}),
                                    shorten(first_text({condition["value"]}), 120)));
    }
    return join(parts, "; ");
}

void add_detectors(JsonView answer, const std::string& origin, std::vector<PolicyFact>& facts) {
    for (const auto& detector : answer["data"].elements()) {
        if (detector["is_disabled"].boolean().value_or(false)) continue;
        PolicyFact fact{.id = first_text({detector["id"]}),
                        .name = first_text({detector["title"]}),
                        .kind = "classification",
                        .statement = {},
                        .origin = origin};
        std::vector<std::string> parts;
        for (auto text :
             {first_text({detector["category"]}), first_text({detector["details"]}), conditions_of(detector)})
            if (!text.empty()) parts.push_back(std::move(text));
        fact.statement = shorten(join(parts, ": "), 500);
        if (!fact.name.empty() && facts.size() < most_policies) facts.push_back(std::move(fact));
    }
}

void add_dspm_policies(JsonView answer, const std::string& origin, std::vector<PolicyFact>& facts) {
    for (const auto& policy : answer["data"].elements()) {
        PolicyFact fact{.id = first_text({policy["policy_id"], policy["id"]}),
                        .name = first_text({policy["policy_name"], policy["name"]}),
                        .kind = "classification",
                        .statement = first_text({policy["policy_description"], policy["description"]}),
                        .origin = origin};
        const auto document = policy["policy_document"];
        const auto detectors = join(words_in(document["selector_detectors"]), ", ");
        const auto categories = join(words_in(document["selector_categories"]), ", ");
        if (fact.statement.empty())
            fact.statement = "looks for " + (categories.empty() ? detectors : categories);
        else if (!categories.empty())
            fact.statement += " (" + categories + ")";
        fact.statement = shorten(fact.statement, 500);
        if (!fact.name.empty() && facts.size() < most_policies) facts.push_back(std::move(fact));
    }
}

} // namespace

auto orca_backlog(RestClient& client, std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> {
    std::size_t start = 0;
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), start);
    if (!cursor.empty() && (error != std::errc{} || end != cursor.data() + cursor.size()))
        co_return fail(Errc::invalid_argument, "the cursor is none of Orca's");
    auto answer = co_await ask_orca(client, backlog_query(start), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    BacklogPage page;
    const auto assets = answer->root()["data"].elements();
    for (const auto& asset : assets)
        if (is_unclassified(asset) && !orca_key_of(asset).empty()) page.stores.push_back(read_store(asset));
    page.has_more = assets.size() >= data_page_size;
    if (page.has_more) page.next_cursor = std::to_string(start + assets.size());
    co_return page;
}

auto orca_policies(RestClient& client, std::string origin, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> {
    std::vector<PolicyFact> facts;
    auto policies = co_await orca_list(client, "/api/scan_configuration/dspm_policies", deadline);
    if (policies) add_dspm_policies(policies->root(), origin, facts);
    auto detectors = co_await orca_list(client, "/api/scan_configuration/dspm_detector", deadline);
    if (detectors) add_detectors(detectors->root(), origin, facts);
    if (!policies && !detectors) co_return fail(std::move(policies.error()));
    co_return facts;
}

} // namespace dossier::ingest
