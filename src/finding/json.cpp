#include "dossier/finding/json.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace dossier {

namespace {

/// A member of an object, its value built in place.
struct Member {
    template <class T>
    Member(const char* called, T&& holds) : name(called), value(std::forward<T>(holds)) {}
    const char* name;
    mutable Json value; ///< moved on into the object; elements of a list are const
};

/// As the initializer list of a Json would make it, which copies each value and makes a list of each member.
auto object_of(std::initializer_list<Member> members) -> Json {
    Json::object_t object;
    for (const auto& member : members) object.emplace(member.name, std::move(member.value));
    return object;
}

void put_time(Json& json, const char* key, const std::optional<Timestamp>& time) {
    json[key] = time ? Json(format_time(*time)) : Json(nullptr);
}

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
auto pairs_json(const Pairs& pairs) -> Json {
    Json list = Json::array();
    for (const auto& [name, value] : pairs) list.push_back(object_of({{"key", name}, {"value", value}}));
    return list;
}

template <class Pairs>
void get_pairs(const Json& json, const char* key, Pairs& out) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) return;
    out.clear();
    for (const auto& item : *found) out.emplace_back(text_at(item, "key"), text_at(item, "value"));
}

auto cost_json(const LlmCost& cost) -> Json {
    return object_of({{"calls", cost.calls},
                      {"prompt_tokens", cost.prompt_tokens},
                      {"completion_tokens", cost.completion_tokens},
                      {"usd", cost.usd}});
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

// Plain aggregates: member names as in the structs.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Rule, id, name)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Person, id, name, email, department, manager, groups, cost_center,
                                                title, manager_name, aliases, inactive)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OwnerSignal, person, rule, origin, confidence, is_group, agrees)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Principal, id, kind, level, origin, how)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ContextGap, source, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DataField, container, name, type)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GraphNode, id, name, kind, type, hops, why, origin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GraphEdge, from, to, relation, why, origin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PolicyFact, id, name, kind, statement, origin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PolicyText, language, title, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ReachRow, who, deed, before, after, why, is_owner)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RiskFactor, name, value, weight, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RegulationRef, framework, citation, title, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RemediationStep, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Sentence, text, evidence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RemovedSentence, text, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PromptRef, id, version, hash)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ClassifiedField, container, name, classes, labels, frameworks,
                                                confidence, why, by, is_open)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ClassifiedDocument, name, classes, labels, confidence, why)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TagVerdict, tag, verdict, why)

void to_json(Json& json, const Resource& value) {
    json = object_of({{"id", value.id},
                      {"name", value.name},
                      {"type", value.type},
                      {"cloud", value.cloud},
                      {"account", value.account},
                      {"account_name", value.account_name},
                      {"region", value.region},
                      {"tags", pairs_json(value.tags)},
                      {"url", value.url}});
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

void to_json(Json& json, const DataProfile& value) {
    json = object_of({{"classes", value.classes}, {"identifiers", value.identifiers}});
    json["volume"] = value.volume ? Json(*value.volume) : Json(nullptr);
    if (!value.samples.empty()) json["samples"] = value.samples;
    if (!value.fields.empty()) json["fields"] = value.fields;
    if (!value.objects.empty()) json["objects"] = value.objects;
    if (!value.texts.empty()) json["texts"] = pairs_json(value.texts);
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

void to_json(Json& json, const Finding& value) {
    json = object_of({{"id", value.id},
                      {"source", value.source},
                      {"platform", value.platform},
                      {"source_id", value.source_id},
                      {"fingerprint", value.fingerprint},
                      {"exposure_key", value.exposure_key},
                      {"title", value.title},
                      {"description", value.description},
                      {"recommendation", value.recommendation},
                      {"severity", to_string(value.severity)},
                      {"status", to_string(value.status)},
                      {"finding_type", to_string(value.finding_type)},
                      {"control", to_string(value.control)},
                      {"rule", value.rule},
                      {"resource", value.resource},
                      {"data", value.data},
                      {"exposure", to_string(value.exposure)},
                      {"owner_hints", value.owner_hints},
                      {"projects", value.projects},
                      {"url", value.url},
                      {"compliance", value.compliance},
                      {"facts", pairs_json(value.facts)}});
    put_time(json, "first_seen", value.first_seen);
    put_time(json, "last_seen", value.last_seen);
    if (value.is_test) json["is_test"] = true;
    if (value.is_partial) json["is_partial"] = true;
}

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

void to_json(Json& json, const Evidence& value) {
    json = object_of({{"id", value.id},
                      {"kind", value.kind},
                      {"statement", value.statement},
                      {"value", value.value},
                      {"origin", value.origin}});
}

void from_json(const Json& json, Evidence& value) {
    get(json, "id", value.id);
    get(json, "kind", value.kind);
    get(json, "statement", value.statement);
    get(json, "value", value.value);
    get(json, "origin", value.origin);
}

void to_json(Json& json, const Owner& value) {
    json = object_of({{"id", value.id},
                      {"name", value.name},
                      {"email", value.email},
                      {"department", value.department},
                      {"manager", value.manager},
                      {"team", value.team},
                      {"confidence", value.confidence},
                      {"rule", value.rule},
                      {"disputed", value.disputed},
                      {"signals", value.signals},
                      {"manager_name", value.manager_name},
                      {"cost_center", value.cost_center},
                      {"title", value.title},
                      {"inactive", value.inactive},
                      {"escalation", value.escalation}});
}

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

void to_json(Json& json, const Asset& value) {
    json = object_of({{"business_unit", value.business_unit},
                      {"application", value.application},
                      {"environment", to_string(value.environment)},
                      {"criticality", to_string(value.criticality)},
                      {"owner", value.owner},
                      {"owner_name", value.owner_name},
                      {"owner_is_group", value.owner_is_group},
                      {"support_group", value.support_group},
                      {"rule", value.rule},
                      {"origin", value.origin}});
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

void to_json(Json& json, const BlastRadius& value) {
    Json counts = Json::object();
    for (const auto& [kind, count] : counts_by_kind(value)) counts[kind] = count;
    json = object_of({{"nodes", value.nodes},
                      {"edges", value.edges},
                      {"hops", value.hops},
                      {"counts", std::move(counts)},
                      {"truncated", value.truncated},
                      {"truncated_by", value.truncated_by},
                      {"origin", value.origin}});
}

void from_json(const Json& json, BlastRadius& value) {
    get(json, "nodes", value.nodes);
    get(json, "edges", value.edges);
    get(json, "hops", value.hops);
    get(json, "truncated", value.truncated);
    get(json, "truncated_by", value.truncated_by);
    get(json, "origin", value.origin);
}

void to_json(Json& json, const AccessEvent& value) {
    json = object_of({{"principal", value.principal},
                      {"action", value.action},
                      {"count", value.count ? Json(*value.count) : Json(nullptr)},
                      {"origin", value.origin}});
    put_time(json, "at", value.at);
}

void from_json(const Json& json, AccessEvent& value) {
    get(json, "principal", value.principal);
    get(json, "action", value.action);
    get(json, "origin", value.origin);
    if (json.contains("count") && json["count"].is_number_integer()) value.count = json["count"].get<std::int64_t>();
    value.at = get_time(json, "at");
}

void to_json(Json& json, const PolicyProposal& value) {
    json = object_of({{"id", value.id},
                      {"version", value.version},
                      {"title", value.title},
                      {"controls", value.controls},
                      {"texts", value.texts},
                      {"reach", value.reach},
                      {"proof", value.proof},
                      {"evaluator", value.evaluator},
                      {"effect", value.effect},
                      {"verdict", value.verdict},
                      {"assumptions", value.assumptions},
                      {"explanation", value.explanation}});
}

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

static void to_json(Json& json, const StorePolicy& value) {
    json = object_of({{"document", value.document},
                      {"blocks_public", value.blocks_public ? Json(*value.blocks_public) : Json(nullptr)},
                      {"has_public_acl", value.has_public_acl},
                      {"account", value.account},
                      {"origin", value.origin}});
}

static void from_json(const Json& json, StorePolicy& value) {
    get(json, "document", value.document);
    if (json.contains("blocks_public") && json["blocks_public"].is_boolean())
        value.blocks_public = json["blocks_public"].get<bool>();
    get(json, "has_public_acl", value.has_public_acl);
    get(json, "account", value.account);
    get(json, "origin", value.origin);
}

void to_json(Json& json, const Context& value) {
    json = object_of({{"owner", value.owner},
                      {"access", value.access},
                      {"blast_radius", value.blast_radius ? Json(*value.blast_radius) : Json(nullptr)},
                      {"exposure_path", value.exposure_path},
                      {"access_log", value.access_log},
                      {"policies", value.policies},
                      {"store_policy", value.store_policy ? Json(*value.store_policy) : Json(nullptr)},
                      {"asset", value.asset ? Json(*value.asset) : Json(nullptr)},
                      {"environment", to_string(value.environment)},
                      {"environment_origin", value.environment_origin},
                      {"gaps", value.gaps}});
}

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

auto correction_json(const std::optional<StoreCorrection>& value) -> Json {
    if (!value) return nullptr;
    return {{"classes", value->labels ? Json(*value->labels) : Json(nullptr)},
            {"domain", value->domain ? Json(*value->domain) : Json(nullptr)},
            {"frameworks", value->frameworks ? Json(*value->frameworks) : Json(nullptr)},
            {"why", value->why}};
}

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

void to_json(Json& json, const StoreClassification& value) {
    json = object_of({{"sensitivity", value.sensitivity},
                      {"primary_class", value.primary},
                      {"classes", value.labels},
                      {"field_classes", value.classes},
                      {"domain", value.domain},
                      {"frameworks", value.frameworks},
                      {"confidence", value.confidence},
                      {"is_test_data", value.is_test_data},
                      {"test_signs", value.test_signs},
                      {"business_context", value.business_context},
                      {"fields", value.fields},
                      {"documents", value.documents},
                      {"platform_tags", value.platform_tags},
                      {"needs_person", value.needs_person},
                      {"steward", value.steward},
                      {"notes", value.notes},
                      {"correction", correction_json(value.correction)},
                      {"asking_id", value.asking_id},
                      {"cost", cost_json(value.cost)}});
}

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

void to_json(Json& json, const Assessment& value) {
    json = object_of({{"risk", value.risk},
                      {"level", value.level},
                      {"factors", value.factors},
                      {"regulations", value.regulations},
                      {"remediation", value.remediation},
                      {"snippet", value.snippet},
                      {"snippet_title", value.snippet_title},
                      {"snippet_language", value.snippet_language},
                      {"reach", value.reach},
                      {"policies", value.policies}});
    if (value.classification) json["classification"] = *value.classification;
}

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

void to_json(Json& json, const RouteDecision& value) {
    json = object_of({{"route", value.route},
                      {"action", value.action},
                      {"sink", value.sink},
                      {"approval", value.approval},
                      {"reasons", value.reasons}});
    if (!value.group.empty()) json["group"] = value.group;
}

void from_json(const Json& json, RouteDecision& value) {
    get(json, "route", value.route);
    get(json, "action", value.action);
    get(json, "sink", value.sink);
    get(json, "approval", value.approval);
    get(json, "reasons", value.reasons);
    get(json, "group", value.group);
}

void to_json(Json& json, const Narrative& value) {
    json = object_of({{"author", value.author},
                      {"provider", value.provider},
                      {"model", value.model},
                      {"prompt", value.prompt},
                      {"llm_session_id", value.llm_session_id},
                      {"summary", value.summary},
                      {"sentences", value.sentences},
                      {"removed", value.removed},
                      {"grounding_score", value.grounding_score},
                      {"notes", value.notes},
                      {"evidence", value.evidence},
                      {"left_out", value.left_out},
                      {"shared_from", value.shared_from},
                      {"cost", cost_json(value.cost)}});
}

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

void to_json(Json& json, const TicketRef& value) {
    json = object_of({{"sink", value.sink}, {"key", value.key}, {"url", value.url}, {"id", value.id}});
}

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

void to_json(Json& json, const DueDate& value) {
    json = object_of({{"on", value.on},
                      {"severity", to_string(value.severity)},
                      {"business_days", value.days},
                      {"counted_from", value.counted_from},
                      {"ends_at", format_time(value.ends_at)}});
}

void from_json(const Json& json, DueDate& value) {
    get(json, "on", value.on);
    get_word(json, "severity", value.severity);
    get(json, "business_days", value.days);
    get(json, "counted_from", value.counted_from);
    value.ends_at = get_time(json, "ends_at").value_or(Timestamp{});
}

void to_json(Json& json, const Draft& value) {
    json = object_of({{"id", value.id},
                      {"dossier_id", value.dossier_id},
                      {"revision", value.revision},
                      {"finding_ids", value.finding_ids},
                      {"kind", value.kind},
                      {"sink", value.sink},
                      {"approval", value.approval},
                      {"state", to_string(value.state)},
                      {"title", value.title},
                      {"body", value.body},
                      {"content_hash", value.content_hash},
                      {"approved_hash", value.approved_hash},
                      {"assignee", value.assignee},
                      {"owner", value.owner},
                      {"route", value.route},
                      {"severity", to_string(value.severity)},
                      {"labels", value.labels},
                      {"created_at", format_time(value.created_at)},
                      {"decided_by", value.decided_by.empty() ? Json(nullptr) : Json(value.decided_by)},
                      {"comment", value.comment},
                      {"ticket", value.ticket ? Json(*value.ticket) : Json(nullptr)}});
    if (!value.payload.empty()) json["payload"] = value.payload;
    if (value.generation > 1) json["generation"] = value.generation;
    if (value.due) json["due"] = *value.due;
    for (const auto& [name, fact] : value.facts) json["facts"][name] = fact;
    for (const auto& link : value.links)
        json["links"].push_back({{"id", link.id}, {"url", link.url}, {"title", link.title}});
    put_time(json, "decided_at", value.decided_at);
}

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

} // namespace dossier
