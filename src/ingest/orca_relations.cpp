#include "orca_relations.hpp"

#include "dossier/base/strings.hpp"

#include "orca_query.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "radius_builder.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_relatives = 5'000;
constexpr int deepest_relation = 4;

/// Groupings and reports, not things around the asset.
constexpr std::array<std::string_view, 12> no_neighbours = {
    "CloudAccount", "CloudAccounts", "BusinessUnits", "BusinessUnit", "Organization", "RelatedCompliances",
    "CustomTags",   "CodeOrigins",   "Alerts",        "Alert",        "ScanUnits",    "AttackPathInventories"};

auto is_object_of_model(JsonView value) -> bool {
    return value.is_object() && value["data"].is_object() &&
           (!value["type"].is_null() || !value["model"].is_null() || !value["asset_unique_id"].is_null());
}

/// An object, {"value":…}, {"models":[…],"remaining":n}, {"data":[…]} or a list of them.
void collect(JsonView value, std::string_view relation, int depth, bool& has_more, std::vector<OrcaRelative>& into) {
    if (depth > deepest_relation || into.size() >= most_relatives) return;
    if (is_object_of_model(value)) {
        into.push_back({.object = value, .relation = std::string(relation)});
        return;
    }
    for (const auto& entry : value.elements()) collect(entry, relation, depth + 1, has_more, into);
    if (!value.is_object()) return;
    has_more = has_more || value["remaining"].integer().value_or(0) > 0;
    for (const auto* name : {"value", "models", "data"}) collect(value[name], relation, depth + 1, has_more, into);
}

/// Which acts on which; lower acts on higher.
auto rank(std::string_view kind) -> int {
    static constexpr std::array<std::string_view, 9> order = {
        "internet", "network", "identity", "compute", "resource", "data_store", "secret", "data", "finding"};
    const auto* const at = std::ranges::find(order, kind);
    return static_cast<int>(at - order.begin());
}

auto relation_word(const GraphNode& from, const GraphNode& to) -> std::string {
    if (from.kind == "internet") return "can_reach";
    if (from.kind == "network") {
        const auto type = lower(from.type);
        return type.contains("vpc") || type.contains("subnet") || type.contains("virtualnetwork") ? "contains"
                                                                                                  : "exposes";
    }
    if (to.kind == "data") return "holds_data";
    if (to.kind == "finding") return "concerns";
    if (from.kind == "identity" || from.kind == "compute")
        return to.kind == from.kind ? "relates_to" : to.kind == "secret" ? "uses" : "can_access";
    if (to.kind == "secret") return "uses";
    return "relates_to";
}

} // namespace

auto orca_relatives(JsonView asset, bool& has_more) -> std::vector<OrcaRelative> {
    std::vector<OrcaRelative> relatives;
    for (const auto& [name, value] : asset["data"].members()) {
        if (std::ranges::find(no_neighbours, name) != no_neighbours.end()) continue;
        if (value.is_object() || value.is_array()) collect(value, name, 0, has_more, relatives);
    }
    return relatives;
}

auto orca_key_of(JsonView object) -> std::string {
    return first_text({object["asset_unique_id"], orca_field(object, "AssetUniqueId"),
                       orca_field(object, "asset_unique_id"), object["id"], orca_field(object, "Id"), object["name"]});
}

auto orca_node(JsonView object) -> GraphNode {
    GraphNode node;
    node.type = first_text({object["type"], object["model"], orca_field(object, "Type")});
    node.name = first_text({object["name"], orca_field(object, "Name")});
    node.id = first_text({orca_field(object, "Arn"), orca_field(object, "AssetVendorId"), object["asset_vendor_id"],
                          orca_field(object, "ResourceId")});
    if (node.id.empty()) node.id = orca_key_of(object);
    if (node.name.empty()) node.name = node.id;
    if (iequals(node.type, "Inventory") || node.type.empty()) {
        const auto category = first_text({orca_field(object, "NewSubCategory"), orca_field(object, "NewCategory"),
                                          orca_field(object, "SubCategory"), orca_field(object, "Category")});
        node.kind = graph_kind_of(category, node.id);
    } else {
        node.kind = graph_kind_of(node.type, node.id);
    }
    return node;
}

auto orca_relation(const GraphNode& one, const GraphNode& other) -> DirectedRelation {
    // A machine runs as an identity; what that identity may do is the identity's edge.
    if (one.kind == "compute" && other.kind == "identity") return {one.id, other.id, "runs_as"};
    if (one.kind == "identity" && other.kind == "compute") return {other.id, one.id, "runs_as"};
    const auto mine = std::pair(rank(one.kind), one.id);
    const auto theirs = std::pair(rank(other.kind), other.id);
    const auto& from = mine <= theirs ? one : other;
    const auto& to = mine <= theirs ? other : one;
    return {from.id, to.id, relation_word(from, to)};
}

auto is_exposed(JsonView asset) -> bool {
    if (orca_field(asset, "IsInternetFacing").boolean().value_or(false)) return true;
    if (exposure_from_label(first_text({orca_field(asset, "Exposure")})) == Exposure::public_) return true;
    for (const auto& labels : {asset["asset_labels"], orca_field(asset, "Labels")}) {
        for (const auto& label : words_in(labels))
            if (exposure_from_label(label) == Exposure::public_) return true;
    }
    return false;
}

} // namespace dossier::ingest
