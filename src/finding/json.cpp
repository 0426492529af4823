#include "dossier/finding/json.hpp"

#include "json_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace dossier {

using json_form::KeyValues;
using json_form::tree_of;

namespace {

auto get_time(const Json& json, const char* key) -> std::optional<Timestamp> { return parse_time(text_at(json, key)); }

template <class T>
void get(const Json& json, const char* key, T& out) {
    if (const auto found = json.find(key); found != json.end() && !found->is_null()) found->get_to(out);
}

template <class E>
void get_word(const Json& json, const char* key, E& out) {
    if (const auto value = parse_word<E>(text_at(json, key))) out = *value;
}

template <class Pairs>
void get_pairs(const Json& json, const char* key, Pairs& out) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) return;
    out.clear();
    for (const auto& item : *found) out.emplace_back(text_at(item, "key"), text_at(item, "value"));
}

void get_cost(const Json& json, LlmCost& out) {
    const auto cost = json.find("cost");
    if (cost == json.end() || !cost->is_object()) return;
    get(*cost, "calls", out.calls);
    get(*cost, "prompt_tokens", out.prompt_tokens);
    get(*cost, "completion_tokens", out.completion_tokens);
    get(*cost, "usd", out.usd);
}

} // namespace

/// A plain aggregate: its members as they are named, in the order of the names.
#define DOSSIER_PUT(member) put(#member, value.member);
#define DOSSIER_PLAIN_JSON(Type, ...)                                                                                  \
    template <class Put>                                                                                               \
    static void members_of(const Type& value, Put& put) {                                                              \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(DOSSIER_PUT, __VA_ARGS__))                                            \
    }                                                                                                                  \
    static void from_json(const Json& nlohmann_json_j, Type& nlohmann_json_t) {                                        \
        const Type nlohmann_json_default_obj{};                                                                        \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM_WITH_DEFAULT, __VA_ARGS__))                        \
    }

DOSSIER_PLAIN_JSON(Rule, id, name)
DOSSIER_PLAIN_JSON(Person, aliases, cost_center, department, email, groups, id, inactive, manager, manager_name, name,
                   title)
DOSSIER_PLAIN_JSON(OwnerSignal, agrees, confidence, is_group, origin, person, rule)
DOSSIER_PLAIN_JSON(Principal, how, id, kind, level, origin)
DOSSIER_PLAIN_JSON(ContextGap, reason, source)
DOSSIER_PLAIN_JSON(DataField, container, name, type)
DOSSIER_PLAIN_JSON(GraphNode, hops, id, kind, name, origin, type, why)
DOSSIER_PLAIN_JSON(GraphEdge, from, origin, relation, to, why)
DOSSIER_PLAIN_JSON(PolicyFact, id, kind, name, origin, statement)
DOSSIER_PLAIN_JSON(PolicyText, language, text, title)
DOSSIER_PLAIN_JSON(ReachRow, after, before, deed, is_owner, who, why)
DOSSIER_PLAIN_JSON(RiskFactor, name, reason, value, weight)
DOSSIER_PLAIN_JSON(RegulationRef, citation, framework, reason, title)
DOSSIER_PLAIN_JSON(RemediationStep, text)
DOSSIER_PLAIN_JSON(Sentence, evidence, text)
DOSSIER_PLAIN_JSON(RemovedSentence, reason, text)
DOSSIER_PLAIN_JSON(PromptRef, hash, id, version)
DOSSIER_PLAIN_JSON(ClassifiedField, by, classes, confidence, container, frameworks, is_open, labels, name, why)
DOSSIER_PLAIN_JSON(ClassifiedDocument, classes, confidence, labels, name, why)
DOSSIER_PLAIN_JSON(TagVerdict, tag, verdict, why)

template <class Put>
static void members_of(const LlmCost& value, Put& put) {
    put("calls", value.calls);
    put("completion_tokens", value.completion_tokens);
    put("prompt_tokens", value.prompt_tokens);
    put("usd", value.usd);
}

template <class Put>
static void members_of(const StoreCorrection& value, Put& put) {
    put("classes", value.labels);
    put("domain", value.domain);
    put("frameworks", value.frameworks);
    put("why", value.why);
}

template <class Put>
static void members_of(const WebLink& value, Put& put) {
    put("id", value.id);
    put("title", value.title);
    put("url", value.url);
}

template <class Put>
static void members_of(const Resource& value, Put& put) {
    put("account", value.account);
    put("account_name", value.account_name);
    put("cloud", value.cloud);
    put("id", value.id);
    put("name", value.name);
    put("region", value.region);
    put("tags", KeyValues{value.tags});
    put("type", value.type);
    put("url", value.url);
}

void from_json(const Json& json, Resource& value) {
    get(json, "id", value.id);
    get(json, "name", value.name);
    get(json, "type", value.type);
    get(json, "cloud", value.cloud);
    get(json, "account", value.account);
    get(json, "account_name", value.account_name);
    get(json, "region", value.region);
    get_pairs(json, "tags", value.tags);
    get(json, "url", value.url);
}

template <class Put>
static void members_of(const DataProfile& value, Put& put) {
    put("classes", value.classes);
    if (!value.fields.empty()) put("fields", value.fields);
    put("identifiers", value.identifiers);
    if (!value.objects.empty()) put("objects", value.objects);
    if (!value.samples.empty()) put("samples", value.samples);
    if (!value.texts.empty()) put("texts", KeyValues{value.texts});
    put("volume", value.volume);
}

void from_json(const Json& json, DataProfile& value) {
    get(json, "classes", value.classes);
    get(json, "identifiers", value.identifiers);
    get(json, "samples", value.samples);
    get(json, "fields", value.fields);
    get(json, "objects", value.objects);
    get_pairs(json, "texts", value.texts);
    if (json.contains("volume") && json["volume"].is_number_integer())
        value.volume = json["volume"].get<std::int64_t>();
}

template <class Put>
static void members_of(const Finding& value, Put& put) {
    put("compliance", value.compliance);
    put("control", to_string(value.control));
    put("data", value.data);
    put("description", value.description);
    put("exposure", to_string(value.exposure));
    put("exposure_key", value.exposure_key);
    put("facts", KeyValues{value.facts});
    put("finding_type", to_string(value.finding_type));
    put("fingerprint", value.fingerprint);
    put("first_seen", value.first_seen);
    put("id", value.id);
    if (value.is_partial) put("is_partial", true);
    if (value.is_test) put("is_test", true);
    put("last_seen", value.last_seen);
    put("owner_hints", value.owner_hints);
    put("platform", value.platform);
    put("projects", value.projects);
    put("recommendation", value.recommendation);
    put("resource", value.resource);
    put("rule", value.rule);
    put("severity", to_string(value.severity));
    put("source", value.source);
    put("source_id", value.source_id);
    put("status", to_string(value.status));
    put("title", value.title);
    put("url", value.url);
}

void to_json(Json& json, const Finding& value) { json = tree_of(value); }

void from_json(const Json& json, Finding& value) {
    get(json, "id", value.id);
    get(json, "source", value.source);
    get(json, "platform", value.platform);
    get(json, "source_id", value.source_id);
    get(json, "fingerprint", value.fingerprint);
    get(json, "exposure_key", value.exposure_key);
    get(json, "title", value.title);
    get(json, "description", value.description);
    get(json, "recommendation", value.recommendation);
    get_word(json, "severity", value.severity);
    get_word(json, "status", value.status);
    get_word(json, "finding_type", value.finding_type);
    get_word(json, "control", value.control);
    get(json, "rule", value.rule);
    get(json, "resource", value.resource);
    get(json, "data", value.data);
    get_word(json, "exposure", value.exposure);
    get(json, "owner_hints", value.owner_hints);
    get(json, "projects", value.projects);
    get(json, "url", value.url);
    get(json, "compliance", value.compliance);
    get_pairs(json, "facts", value.facts);
    value.first_seen = get_time(json, "first_seen");
    value.last_seen = get_time(json, "last_seen");
    get(json, "is_test", value.is_test);
    get(json, "is_partial", value.is_partial);
}

template <class Put>
static void members_of(const Evidence& value, Put& put) {
    put("id", value.id);
    put("kind", value.kind);
    put("origin", value.origin);
    put("statement", value.statement);
    put("value", value.value);
}

void to_json(Json& json, const Evidence& value) { json = tree_of(value); }

void from_json(const Json& json, Evidence& value) {
    get(json, "id", value.id);
    get(json, "kind", value.kind);
    get(json, "statement", value.statement);
    get(json, "value", value.value);
    get(json, "origin", value.origin);
}

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
static void members_of(const PolicyProposal& value, Put& put) {
    put("assumptions", value.assumptions);
    put("controls", value.controls);
    put("effect", value.effect);
    put("evaluator", value.evaluator);
    put("explanation", value.explanation);
    put("id", value.id);
    put("proof", value.proof);
    put("reach", value.reach);
    put("texts", value.texts);
    put("title", value.title);
    put("verdict", value.verdict);
    put("version", value.version);
}

void to_json(Json& json, const PolicyProposal& value) { json = tree_of(value); }

void from_json(const Json& json, PolicyProposal& value) {
    get(json, "id", value.id);
    get(json, "version", value.version);
    get(json, "title", value.title);
    get(json, "controls", value.controls);
    get(json, "texts", value.texts);
    get(json, "reach", value.reach);
    get(json, "proof", value.proof);
    get(json, "evaluator", value.evaluator);
    get(json, "effect", value.effect);
    get(json, "verdict", value.verdict);
    get(json, "assumptions", value.assumptions);
    get(json, "explanation", value.explanation);
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

namespace {

void get_correction(const Json& json, std::optional<StoreCorrection>& out) {
    const auto found = json.find("correction");
    if (found == json.end() || !found->is_object()) return;
    StoreCorrection correction;
    const auto has = [&](const char* key) { return found->contains(key) && !(*found)[key].is_null(); };
    if (has("classes")) get(*found, "classes", correction.labels.emplace());
    if (has("domain")) get(*found, "domain", correction.domain.emplace());
    if (has("frameworks")) get(*found, "frameworks", correction.frameworks.emplace());
    get(*found, "why", correction.why);
    out = std::move(correction);
}

} // namespace

template <class Put>
static void members_of(const StoreClassification& value, Put& put) {
    put("asking_id", value.asking_id);
    put("business_context", value.business_context);
    put("classes", value.labels);
    put("confidence", value.confidence);
    put("correction", value.correction);
    put("cost", value.cost);
    put("documents", value.documents);
    put("domain", value.domain);
    put("field_classes", value.classes);
    put("fields", value.fields);
    put("frameworks", value.frameworks);
    put("is_test_data", value.is_test_data);
    put("needs_person", value.needs_person);
    put("notes", value.notes);
    put("platform_tags", value.platform_tags);
    put("primary_class", value.primary);
    put("sensitivity", value.sensitivity);
    put("steward", value.steward);
    put("test_signs", value.test_signs);
}

void to_json(Json& json, const StoreClassification& value) { json = tree_of(value); }

void from_json(const Json& json, StoreClassification& value) {
    get(json, "sensitivity", value.sensitivity);
    get(json, "primary_class", value.primary);
    get(json, "classes", value.labels);
    get(json, "field_classes", value.classes);
    get(json, "domain", value.domain);
    get(json, "frameworks", value.frameworks);
    get(json, "confidence", value.confidence);
    get(json, "is_test_data", value.is_test_data);
    get(json, "test_signs", value.test_signs);
    get(json, "business_context", value.business_context);
    get(json, "fields", value.fields);
    get(json, "documents", value.documents);
    get(json, "platform_tags", value.platform_tags);
    get(json, "needs_person", value.needs_person);
    get(json, "steward", value.steward);
    get(json, "notes", value.notes);
    get_correction(json, value.correction);
    get(json, "asking_id", value.asking_id);
    get_cost(json, value.cost);
}

template <class Put>
static void members_of(const Assessment& value, Put& put) {
    if (value.classification) put("classification", value.classification);
    put("factors", value.factors);
    put("level", value.level);
    put("policies", value.policies);
    put("reach", value.reach);
    put("regulations", value.regulations);
    put("remediation", value.remediation);
    put("risk", value.risk);
    put("snippet", value.snippet);
    put("snippet_language", value.snippet_language);
    put("snippet_title", value.snippet_title);
}

void to_json(Json& json, const Assessment& value) { json = tree_of(value); }

void from_json(const Json& json, Assessment& value) {
    if (json.contains("classification") && json["classification"].is_object())
        value.classification = json["classification"].get<StoreClassification>();
    get(json, "risk", value.risk);
    get(json, "level", value.level);
    get(json, "factors", value.factors);
    get(json, "regulations", value.regulations);
    get(json, "remediation", value.remediation);
    get(json, "snippet", value.snippet);
    get(json, "snippet_title", value.snippet_title);
    get(json, "snippet_language", value.snippet_language);
    get(json, "reach", value.reach);
    get(json, "policies", value.policies);
}

template <class Put>
static void members_of(const RouteDecision& value, Put& put) {
    put("action", value.action);
    put("approval", value.approval);
    if (!value.group.empty()) put("group", value.group);
    put("reasons", value.reasons);
    put("route", value.route);
    put("sink", value.sink);
}

void to_json(Json& json, const RouteDecision& value) { json = tree_of(value); }

void from_json(const Json& json, RouteDecision& value) {
    get(json, "route", value.route);
    get(json, "action", value.action);
    get(json, "sink", value.sink);
    get(json, "approval", value.approval);
    get(json, "reasons", value.reasons);
    get(json, "group", value.group);
}

template <class Put>
static void members_of(const Narrative& value, Put& put) {
    put("author", value.author);
    put("cost", value.cost);
    put("evidence", value.evidence);
    put("grounding_score", value.grounding_score);
    put("left_out", value.left_out);
    put("llm_session_id", value.llm_session_id);
    put("model", value.model);
    put("notes", value.notes);
    put("prompt", value.prompt);
    put("provider", value.provider);
    put("removed", value.removed);
    put("sentences", value.sentences);
    put("shared_from", value.shared_from);
    put("summary", value.summary);
}

void to_json(Json& json, const Narrative& value) { json = tree_of(value); }

void from_json(const Json& json, Narrative& value) {
    get(json, "author", value.author);
    get(json, "provider", value.provider);
    get(json, "model", value.model);
    get(json, "prompt", value.prompt);
    get(json, "llm_session_id", value.llm_session_id);
    get(json, "summary", value.summary);
    get(json, "sentences", value.sentences);
    get(json, "removed", value.removed);
    get(json, "grounding_score", value.grounding_score);
    get(json, "notes", value.notes);
    get(json, "evidence", value.evidence);
    get(json, "left_out", value.left_out);
    get(json, "shared_from", value.shared_from);
    get_cost(json, value.cost);
}

template <class Put>
static void members_of(const TicketRef& value, Put& put) {
    put("id", value.id);
    put("key", value.key);
    put("sink", value.sink);
    put("url", value.url);
}

void to_json(Json& json, const TicketRef& value) { json = tree_of(value); }

void from_json(const Json& json, TicketRef& value) {
    get(json, "sink", value.sink);
    get(json, "key", value.key);
    get(json, "url", value.url);
    get(json, "id", value.id);
}

auto to_string(DraftState state) -> std::string_view {
    switch (state) {
    case DraftState::pending:
        return "pending";
    case DraftState::approved:
        return "approved";
    case DraftState::rejected:
        return "rejected";
    case DraftState::expired:
        return "expired";
    case DraftState::posted:
        return "posted";
    }
    return "pending";
}

auto parse_draft_state(std::string_view word) -> std::optional<DraftState> {
    for (const auto state :
         {DraftState::pending, DraftState::approved, DraftState::rejected, DraftState::expired, DraftState::posted}) {
        if (to_string(state) == word) return state;
    }
    return std::nullopt;
}

template <class Put>
static void members_of(const DueDate& value, Put& put) {
    put("business_days", value.days);
    put("counted_from", value.counted_from);
    put("ends_at", format_time(value.ends_at));
    put("on", value.on);
    put("severity", to_string(value.severity));
}

void to_json(Json& json, const DueDate& value) { json = tree_of(value); }

void from_json(const Json& json, DueDate& value) {
    get(json, "on", value.on);
    get_word(json, "severity", value.severity);
    get(json, "business_days", value.days);
    get(json, "counted_from", value.counted_from);
    value.ends_at = get_time(json, "ends_at").value_or(Timestamp{});
}

template <class Put>
static void members_of(const Draft& value, Put& put) {
    put("approval", value.approval);
    put("approved_hash", value.approved_hash);
    put("assignee", value.assignee);
    put("body", value.body);
    put("comment", value.comment);
    put("content_hash", value.content_hash);
    put("created_at", format_time(value.created_at));
    put("decided_at", value.decided_at);
    put("decided_by", value.decided_by.empty() ? std::nullopt : std::optional(std::string_view(value.decided_by)));
    put("dossier_id", value.dossier_id);
    if (value.due) put("due", value.due);
    std::map<std::string, std::string> facts; // of two with one name the last
    for (const auto& [name, fact] : value.facts) facts[name] = fact;
    if (!facts.empty()) put("facts", facts);
    put("finding_ids", value.finding_ids);
    if (value.generation > 1) put("generation", value.generation);
    put("id", value.id);
    put("kind", value.kind);
    put("labels", value.labels);
    if (!value.links.empty()) put("links", value.links);
    put("owner", value.owner);
    if (!value.payload.empty()) put("payload", value.payload);
    put("revision", value.revision);
    put("route", value.route);
    put("severity", to_string(value.severity));
    put("sink", value.sink);
    put("state", to_string(value.state));
    put("ticket", value.ticket);
    put("title", value.title);
}

void to_json(Json& json, const Draft& value) { json = tree_of(value); }

void from_json(const Json& json, Draft& value) {
    get(json, "id", value.id);
    get(json, "dossier_id", value.dossier_id);
    get(json, "revision", value.revision);
    get(json, "finding_ids", value.finding_ids);
    get(json, "kind", value.kind);
    get(json, "sink", value.sink);
    get(json, "approval", value.approval);
    if (const auto state = parse_draft_state(text_at(json, "state"))) value.state = *state;
    get(json, "title", value.title);
    get(json, "body", value.body);
    get(json, "payload", value.payload);
    get(json, "content_hash", value.content_hash);
    get(json, "approved_hash", value.approved_hash);
    get(json, "assignee", value.assignee);
    get(json, "owner", value.owner);
    get(json, "route", value.route);
    get_word(json, "severity", value.severity);
    get(json, "labels", value.labels);
    if (json.contains("facts") && json["facts"].is_object()) {
        for (const auto& [name, fact] : json["facts"].items())
            if (fact.is_string()) value.facts.emplace_back(name, fact.get<std::string>());
    }
    if (json.contains("links") && json["links"].is_array()) {
        for (const auto& link : json["links"])
            value.links.push_back(
                {.id = text_at(link, "id"), .url = text_at(link, "url"), .title = text_at(link, "title")});
    }
    if (const auto time = get_time(json, "created_at")) value.created_at = *time;
    get(json, "decided_by", value.decided_by);
    get(json, "comment", value.comment);
    get(json, "generation", value.generation);
    if (json.contains("due") && json["due"].is_object()) value.due = json["due"].get<DueDate>();
    if (json.contains("ticket") && json["ticket"].is_object()) value.ticket = json["ticket"].get<TicketRef>();
    value.decided_at = get_time(json, "decided_at");
}

template <class T>
auto to_text(const T& value) -> std::string {
    std::string out;
    json_form::append_value(out, value);
    return out;
}

template auto to_text(const Finding&) -> std::string;
template auto to_text(const Evidence&) -> std::string;
template auto to_text(const Owner&) -> std::string;
template auto to_text(const BlastRadius&) -> std::string;
template auto to_text(const PolicyProposal&) -> std::string;
template auto to_text(const Context&) -> std::string;
template auto to_text(const StoreClassification&) -> std::string;
template auto to_text(const Assessment&) -> std::string;
template auto to_text(const RouteDecision&) -> std::string;
template auto to_text(const Narrative&) -> std::string;
template auto to_text(const TicketRef&) -> std::string;
template auto to_text(const DueDate&) -> std::string;
template auto to_text(const Draft&) -> std::string;

} // namespace dossier
