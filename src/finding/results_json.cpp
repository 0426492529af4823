#include "dossier/finding/json.hpp"

#include "json_reader.hpp"
#include "json_writer.hpp"

#include <map>
#include <optional>
#include <utility>

namespace dossier {

using json_form::get;
using json_form::get_time;
using json_form::get_word;
using json_form::tree_of;

namespace {

void get_cost(const Json& json, LlmCost& out) {
    const auto cost = json.find("cost");
    if (cost == json.end() || !cost->is_object()) return;
    get(*cost, "calls", out.calls);
    get(*cost, "prompt_tokens", out.prompt_tokens);
    get(*cost, "completion_tokens", out.completion_tokens);
    get(*cost, "usd", out.usd);
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

template auto to_text(const Evidence&) -> std::string;
template auto to_text(const PolicyProposal&) -> std::string;
template auto to_text(const StoreClassification&) -> std::string;
template auto to_text(const Assessment&) -> std::string;
template auto to_text(const RouteDecision&) -> std::string;
template auto to_text(const Narrative&) -> std::string;
template auto to_text(const TicketRef&) -> std::string;
template auto to_text(const DueDate&) -> std::string;
template auto to_text(const Draft&) -> std::string;

} // namespace dossier
