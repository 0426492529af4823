#include "dossier/finding/json.hpp"

#include "json_reader.hpp"
#include "json_writer.hpp"

#include <map>

namespace dossier {

using json_form::get;
using json_form::get_time;
using json_form::get_word;
using json_form::tree_of;

DOSSIER_PLAIN_JSON(Person, aliases, cost_center, department, email, groups, id, inactive, manager, manager_name, name,
                   title)
DOSSIER_PLAIN_JSON(OwnerSignal, agrees, confidence, is_group, origin, person, rule)
DOSSIER_PLAIN_JSON(Principal, how, id, kind, level, origin)
DOSSIER_PLAIN_JSON(ContextGap, reason, source)
DOSSIER_PLAIN_JSON(GraphNode, hops, id, kind, name, origin, type, why)
DOSSIER_PLAIN_JSON(GraphEdge, from, origin, relation, to, why)
DOSSIER_PLAIN_JSON(PolicyFact, id, kind, name, origin, statement)

template <class Put>
static void members_of(const Owner& value, Put& put) {
    put("confidence", value.confidence);
    put("cost_center", value.cost_center);
    put("department", value.department);
    put("disputed", value.disputed);
    put("email", value.email);
    put("escalation", value.escalation);
    put("id", value.id);
    put("inactive", value.inactive);
    put("manager", value.manager);
    put("manager_name", value.manager_name);
    put("name", value.name);
    put("rule", value.rule);
    put("signals", value.signals);
    put("team", value.team);
    put("title", value.title);
}

void to_json(Json& json, const Owner& value) { json = tree_of(value); }

void from_json(const Json& json, Owner& value) {
    get(json, "id", value.id);
    get(json, "name", value.name);
    get(json, "email", value.email);
    get(json, "department", value.department);
    get(json, "manager", value.manager);
    get(json, "team", value.team);
    get(json, "confidence", value.confidence);
    get(json, "rule", value.rule);
    get(json, "disputed", value.disputed);
    get(json, "signals", value.signals);
    get(json, "manager_name", value.manager_name);
    get(json, "cost_center", value.cost_center);
    get(json, "title", value.title);
    get(json, "inactive", value.inactive);
    get(json, "escalation", value.escalation);
}

template <class Put>
static void members_of(const Asset& value, Put& put) {
    put("application", value.application);
    put("business_unit", value.business_unit);
    put("criticality", to_string(value.criticality));
    put("environment", to_string(value.environment));
    put("origin", value.origin);
    put("owner", value.owner);
    put("owner_is_group", value.owner_is_group);
    put("owner_name", value.owner_name);
    put("rule", value.rule);
    put("support_group", value.support_group);
}

void from_json(const Json& json, Asset& value) {
    get(json, "business_unit", value.business_unit);
    get(json, "application", value.application);
    get_word(json, "environment", value.environment);
    get_word(json, "criticality", value.criticality);
    get(json, "owner", value.owner);
    get(json, "owner_name", value.owner_name);
    get(json, "owner_is_group", value.owner_is_group);
    get(json, "support_group", value.support_group);
    get(json, "rule", value.rule);
    get(json, "origin", value.origin);
}

template <class Put>
static void members_of(const BlastRadius& value, Put& put) {
    std::map<std::string, int> counts;
    for (const auto& [kind, count] : counts_by_kind(value)) counts[kind] = count;
    put("counts", counts);
    put("edges", value.edges);
    put("hops", value.hops);
    put("nodes", value.nodes);
    put("origin", value.origin);
    put("truncated", value.truncated);
    put("truncated_by", value.truncated_by);
}

void to_json(Json& json, const BlastRadius& value) { json = tree_of(value); }

void from_json(const Json& json, BlastRadius& value) {
    get(json, "nodes", value.nodes);
    get(json, "edges", value.edges);
    get(json, "hops", value.hops);
    get(json, "truncated", value.truncated);
    get(json, "truncated_by", value.truncated_by);
    get(json, "origin", value.origin);
}

template <class Put>
static void members_of(const AccessEvent& value, Put& put) {
    put("action", value.action);
    put("at", value.at);
    put("count", value.count);
    put("origin", value.origin);
    put("principal", value.principal);
}

void from_json(const Json& json, AccessEvent& value) {
    get(json, "principal", value.principal);
    get(json, "action", value.action);
    get(json, "origin", value.origin);
    if (json.contains("count") && json["count"].is_number_integer()) value.count = json["count"].get<std::int64_t>();
    value.at = get_time(json, "at");
}

template <class Put>
static void members_of(const StorePolicy& value, Put& put) {
    put("account", value.account);
    put("blocks_public", value.blocks_public);
    put("document", value.document);
    put("has_public_acl", value.has_public_acl);
    put("origin", value.origin);
}

static void from_json(const Json& json, StorePolicy& value) {
    get(json, "document", value.document);
    if (json.contains("blocks_public") && json["blocks_public"].is_boolean())
        value.blocks_public = json["blocks_public"].get<bool>();
    get(json, "has_public_acl", value.has_public_acl);
    get(json, "account", value.account);
    get(json, "origin", value.origin);
}

template <class Put>
static void members_of(const Context& value, Put& put) {
    put("access", value.access);
    put("access_log", value.access_log);
    put("asset", value.asset);
    put("blast_radius", value.blast_radius);
    put("environment", to_string(value.environment));
    put("environment_origin", value.environment_origin);
    put("exposure_path", value.exposure_path);
    put("gaps", value.gaps);
    put("owner", value.owner);
    put("policies", value.policies);
    put("store_policy", value.store_policy);
}

void to_json(Json& json, const Context& value) { json = tree_of(value); }

void from_json(const Json& json, Context& value) {
    get(json, "owner", value.owner);
    get(json, "access", value.access);
    if (json.contains("blast_radius") && json["blast_radius"].is_object())
        value.blast_radius = json["blast_radius"].get<BlastRadius>();
    get(json, "exposure_path", value.exposure_path);
    get(json, "access_log", value.access_log);
    get(json, "policies", value.policies);
    if (json.contains("store_policy") && json["store_policy"].is_object())
        value.store_policy = json["store_policy"].get<StorePolicy>();
    if (json.contains("asset") && json["asset"].is_object()) value.asset = json["asset"].get<Asset>();
    get_word(json, "environment", value.environment);
    get(json, "environment_origin", value.environment_origin);
    get(json, "gaps", value.gaps);
}

template auto to_text(const Owner&) -> std::string;
template auto to_text(const BlastRadius&) -> std::string;
template auto to_text(const Context&) -> std::string;
template void each_text(const Context&, std::size_t, const TextFound&);

} // namespace dossier
