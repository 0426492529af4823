#include "dossier/api/presentation.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/action.hpp"
#include "dossier/ticket/told.hpp"

#include <algorithm>
#include <set>

namespace dossier::api {

namespace {

auto ids_of(const store::DossierRow& row) -> Json {
    Json ids = Json::array();
    for (const auto& finding : row.findings) ids.push_back(finding.id);
    return ids;
}

/// Result of a stage in the newest revision that has it; null before.
auto result_of(const store::DossierRow& row, Stage stage) -> Json {
    const store::StageResult* newest = nullptr;
    for (const auto& result : row.results) {
        if (result.stage == stage && (newest == nullptr || result.revision >= newest->revision)) newest = &result;
    }
    if (newest == nullptr) return nullptr;
    auto parsed = parse_json(newest->body);
    return parsed ? std::move(*parsed) : Json(nullptr);
}

auto citations_of(const Json& assessment) -> Json {
    return assessment.is_object() && assessment.contains("regulations") ? assessment["regulations"] : Json::array();
}

/// What is known so far of who can reach the resource: the graph's members are there where a platform gave a graph.
auto radius_summary(const Json& context, const Json& assessment) -> Json {
    if (!context.is_object()) return nullptr;
    Json radius = context.value("blast_radius", Json(nullptr));
    if (!radius.is_object()) radius = Json::object();
    radius["principals"] = context.value("access", Json::array());
    radius["statements"] = assessment.is_object() ? assessment.value("reach", Json::array()) : Json::array();
    return radius;
}

auto times_json(const std::optional<Timestamp>& time) -> Json {
    return time ? Json(format_time(*time)) : Json(nullptr);
}

auto earlier_revisions(const store::DossierRow& row) -> Json {
    Json list = Json::array();
    for (const auto& result : row.results) {
        if (result.revision == row.revision || result.stage != Stage::explained) continue;
        auto narrative = parse_json(result.body);
        list.push_back({{"revision", result.revision},
                        {"at", format_time(result.at)},
                        {"narrative", narrative ? std::move(*narrative) : Json(nullptr)}});
    }
    return list;
}

/// What asking LLMs for classifications and narratives of all revisions cost; what a revision took over from an earlier
/// one was paid once.
auto cost_of(const store::DossierRow& row) -> Json {
    LlmCost sum;
    const auto add = [&sum](const LlmCost& cost) {
        sum.calls += cost.calls;
        sum.prompt_tokens += cost.prompt_tokens;
        sum.completion_tokens += cost.completion_tokens;
        sum.usd += cost.usd;
    };
    std::set<std::string> counted;
    for (const auto& result : row.results) {
        if (result.stage == Stage::explained && counted.insert(result.body).second)
            if (const auto narrative = from_text<Narrative>(result.body)) add(narrative->cost);
        if (result.stage != Stage::assessed) continue;
        const auto assessment = from_text<Assessment>(result.body);
        if (!assessment || !assessment->classification) continue;
        const auto& known = *assessment->classification;
        if (!known.asking_id.empty() && counted.insert(known.asking_id).second) add(known.cost);
    }
    return {{"calls", sum.calls},
            {"prompt_tokens", sum.prompt_tokens},
            {"completion_tokens", sum.completion_tokens},
            {"usd", sum.usd}};
}

auto classification_in(const Json& assessment) -> Json {
    return assessment.is_object() ? assessment.value("classification", Json(nullptr)) : Json(nullptr);
}

/// The newest draft of the ticket; of a dossier that has none, the newest of another kind.
auto draft_of(const store::DossierRow& row) -> Json {
    if (row.drafts.empty()) return nullptr;
    const auto ticket = std::ranges::find(row.drafts, "ticket", &Draft::kind);
    return present_draft(ticket == row.drafts.end() ? row.drafts.front() : *ticket);
}

/// What was written to the platforms, or is to be: the keys of the intents name kind and finding.
auto write_back_of(const std::vector<store::Intent>& intents) -> Json {
    Json list = Json::array();
    for (const auto& intent : intents) {
        const auto parts = split(intent.key, ':');
        if (parts.size() < 4 || parts[0] != "writeback") continue;
        const auto remote_id = intent.ticket ? intent.ticket->id : std::string();
        list.push_back({{"finding", parts[2]},
                        {"kind", parts[1]},
                        {"source", intent.sink},
                        {"draft", intent.draft_id},
                        {"state", to_string(intent.state)},
                        {"at", times_json(intent.attempted_at)},
                        {"next_at", times_json(intent.next_at)},
                        {"attempts", intent.attempts},
                        {"remote_id", remote_id.empty() ? Json(nullptr) : Json(remote_id)},
                        {"reason", intent.reason.empty() ? Json(nullptr) : Json(intent.reason)}});
    }
    return list;
}

/// What approved drafts did outside of trackers and platforms, or are to do.
auto actions_of(const std::vector<store::Intent>& intents) -> Json {
    Json list = Json::array();
    for (const auto& intent : intents) {
        if (!intent.key.starts_with(ticket::action_prefix)) continue;
        const bool is_done = intent.state == store::Intent::State::done && intent.ticket;
        list.push_back({{"draft", intent.draft_id},
                        {"target", intent.sink},
                        {"state", to_string(intent.state)},
                        {"at", times_json(intent.attempted_at)},
                        {"next_at", times_json(intent.next_at)},
                        {"attempts", intent.attempts},
                        {"id", is_done ? Json(intent.ticket->key) : Json(nullptr)},
                        {"url", is_done && !intent.ticket->url.empty() ? Json(intent.ticket->url) : Json(nullptr)},
                        {"reason", intent.reason.empty() ? Json(nullptr) : Json(intent.reason)}});
    }
    return list;
}

/// How each of the dossier's tickets stood when it was last looked at, the first one first.
auto tickets_in(const std::vector<store::TicketRow>& tickets) -> Json {
    Json list = Json::array();
    for (const auto& row : tickets) {
        Json json(row.ticket);
        json["status"] = row.status.empty() ? Json(nullptr) : Json(row.status);
        json["is_done"] = row.is_done;
        json["closed_by_person"] = row.closed_by_person;
        json["changed_at"] = times_json(row.seen_at);
        const auto due = ticket::told_from(row.told).due;
        json["due"] = due ? Json(due->date) : Json(nullptr);
        json["due_breached"] = due && due->is_breached;
        list.push_back(std::move(json));
    }
    return list;
}

/// What tickets were told after they were made, or are to be told, in order.
auto ticket_updates_of(const std::vector<store::Intent>& intents) -> Json {
    Json list = Json::array();
    for (const auto& intent : intents) {
        const auto parts = split(intent.key, ':');
        if (parts.size() < 5 || parts[0] != "lifecycle") continue;
        list.push_back({{"step", parts[4]},
                        {"sink", intent.sink},
                        {"ticket", intent.ticket ? Json(intent.ticket->key) : Json(nullptr)},
                        {"state", to_string(intent.state)},
                        {"at", times_json(intent.attempted_at)},
                        {"next_at", times_json(intent.next_at)},
                        {"attempts", intent.attempts},
                        {"reason", intent.reason.empty() ? Json(nullptr) : Json(intent.reason)}});
    }
    return list;
}

} // namespace

auto present_finding(const store::FindingRow& row) -> Json {
    Json json = Json::object();
    if (!row.doc.empty()) {
        if (auto doc = parse_json(row.doc)) json = std::move(*doc);
    }
    // The columns are the truth of the moment; the document is that of the last normalisation.
    json["id"] = row.id;
    json["dossier_id"] = row.dossier_id;
    json["source"] = row.source;
    json["fingerprint"] = row.fingerprint;
    json["title"] = row.title;
    json["severity"] = to_string(row.severity);
    json["status"] = to_string(row.status);
    json["stage"] = to_string(row.stage);
    json["owner"] = row.owner.empty() ? Json(nullptr) : Json(row.owner);
    json["version"] = row.version;
    json["received_at"] = format_time(row.received_at);
    json["updated_at"] = format_time(row.updated_at);
    return json;
}

auto present_draft(const Draft& draft) -> Json {
    Json json(draft);
    json["decided_at"] = times_json(draft.decided_at);
    if (auto payload = parse_json(draft.payload)) json["payload"] = std::move(*payload);
    return json;
}

auto blast_radius_of(const store::DossierRow& row) -> std::optional<BlastRadius> {
    const Json context = result_of(row, Stage::enriched);
    const auto radius = context.is_object() ? context.value("blast_radius", Json(nullptr)) : Json(nullptr);
    if (!radius.is_object()) return std::nullopt;
    auto known = from_text<BlastRadius>(dump_json(radius));
    return known ? std::optional(*std::move(known)) : std::nullopt;
}

auto present_dossier(const store::DossierRow& row, const std::vector<store::AuditRow>& timeline,
                     const std::vector<store::Intent>& intents, const std::vector<store::TicketRow>& tickets) -> Json {
    const Json context = result_of(row, Stage::enriched);
    const Json assessment = result_of(row, Stage::assessed);
    Json json{{"id", row.id},
              {"exposure_key", row.exposure_key},
              {"findings", ids_of(row)},
              {"stage", to_string(row.stage)},
              {"revision", row.revision},
              {"created_at", format_time(row.created_at)},
              {"updated_at", format_time(row.updated_at)},
              {"owner", context.is_object() ? context.value("owner", Json(nullptr)) : Json(nullptr)},
              {"context", context},
              {"blast_radius", radius_summary(context, assessment)},
              {"assessment", assessment},
              {"classification", classification_in(assessment)},
              {"route", result_of(row, Stage::drafted)},
              {"narrative", result_of(row, Stage::explained)},
              {"cost", cost_of(row)},
              {"citations", citations_of(assessment)},
              {"draft", draft_of(row)},
              {"drafts", Json::array()},
              {"ticket", row.ticket ? Json(*row.ticket) : Json(nullptr)},
              {"tickets", tickets_in(tickets)},
              {"ticket_updates", ticket_updates_of(intents)},
              {"write_back", write_back_of(intents)},
              {"actions", actions_of(intents)},
              {"earlier_narratives", earlier_revisions(row)},
              {"last_error", row.last_error.empty() ? Json(nullptr) : Json(row.last_error)},
              {"attempts", row.attempts}};
    for (const auto& draft : row.drafts) json["drafts"].push_back(draft.id);
    Json& events = json["timeline"] = Json::array();
    for (const auto& entry : timeline) {
        auto record = parse_json(entry.record);
        if (!record) continue;
        events.push_back({{"at", record->value("time", "")},
                          {"action", entry.action},
                          {"actor", record->value("actor", Json::object())},
                          {"seq", entry.seq}});
    }
    return json;
}

auto present_view(const ticket::DossierView& view) -> Json {
    const Json context(view.context);
    const Json assessment(view.assessment);
    const auto rendered = ticket::render_draft(view);
    Json findings = Json::array();
    for (const auto& finding : view.findings) findings.push_back(Json(finding));
    return {{"notice", ticket::guidance_notice},
            {"finding", findings.empty() ? Json(nullptr) : findings.front()},
            {"findings", findings},
            {"dossier",
             {{"id", view.dossier_id.empty() ? Json(nullptr) : Json(view.dossier_id)},
              {"owner", context["owner"]},
              {"context", context},
              {"blast_radius", radius_summary(context, assessment)},
              {"assessment", assessment},
              {"classification", classification_in(assessment)},
              {"route", Json(view.route)},
              {"narrative", Json(view.narrative)},
              {"citations", citations_of(assessment)},
              {"draft", {{"title", rendered.title}, {"body", rendered.body}}},
              {"ticket", nullptr}}}};
}

} // namespace dossier::api
