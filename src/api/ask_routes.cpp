#include "rest_support.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/report/questioner.hpp"

namespace dossier::api {

namespace {

using namespace std::chrono_literals;

constexpr auto ask_limit = 2min; // over all providers and the scan

auto row_json(const store::FindingFacts& row) -> Json {
    return {{"id", row.id},
            {"dossier_id", row.dossier_id},
            {"source", row.source},
            {"title", row.title},
            {"severity", to_string(row.severity)},
            {"status", to_string(row.status)},
            {"stage", to_string(row.stage)},
            {"owner", row.owner.empty() ? Json(nullptr) : Json(row.owner)},
            {"resource", {{"id", row.resource_id}, {"name", row.resource_name}, {"type", row.resource_type}}},
            {"account", row.account},
            {"region", row.region},
            {"data_classes", row.data_classes},
            {"exposure", row.exposure},
            {"environment", row.environment},
            {"risk", row.risk},
            {"frameworks", row.frameworks},
            {"received_at", format_time(row.received_at)}};
}

auto answer_json(const std::string& question, const report::QuestionAnswer& answer) -> Json {
    Json sentences = Json::array();
    Json citations = Json::array();
    std::string text;
    for (const auto& sentence : answer.sentences) {
        if (!text.empty()) text += '\n';
        text += sentence.text;
        sentences.push_back({{"text", sentence.text}, {"findings", sentence.findings}});
        for (const auto& id : sentence.findings)
            if (std::ranges::find(citations, Json(id)) == citations.end()) citations.push_back(id);
    }
    Json rows = Json::array();
    for (const auto& row : answer.rows) rows.push_back(row_json(row));
    Json groups = Json::array();
    for (const auto& group : answer.groups)
        groups.push_back({{"key", group.key},
                          {"count", group.count},
                          {"worst_risk", group.worst_risk},
                          {"findings", group.findings}});
    const bool by_llm = answer.query_author == "llm";
    return {{"question", question},
            {"answerable", answer.is_answerable},
            {"notice", ticket::guidance_notice},
            {"answer", text},
            {"sentences", std::move(sentences)},
            {"citations", std::move(citations)},
            {"query", answer.is_answerable ? report::to_json(answer.query) : Json(nullptr)},
            {"query_author", answer.query_author},
            {"provider", by_llm ? Json(answer.provider) : Json(nullptr)},
            {"model", by_llm ? Json(answer.model) : Json(nullptr)},
            {"prompt",
             by_llm ? Json{{"id", answer.prompt.id}, {"version", answer.prompt.version}, {"hash", answer.prompt.hash}}
                    : Json(nullptr)},
            {"llm_session_id", by_llm ? Json(answer.llm_session_id) : Json(nullptr)},
            {"rows", std::move(rows)},
            {"groups", std::move(groups)},
            {"counts", {{"matched", answer.matched}, {"looked_at", answer.looked_at}}},
            {"truncated", answer.is_truncated},
            {"cost",
             {{"calls", answer.cost.calls},
              {"prompt_tokens", answer.cost.prompt_tokens},
              {"completion_tokens", answer.cost.completion_tokens},
              {"usd", answer.cost.usd}}},
            {"notes", answer.notes}};
}

auto ask(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    const auto question = text_at(*body, "question");
    auto answer = co_await services.questioner.ask(question, call.request.traceparent, deadline_in(ask_limit));
    if (!answer) co_return refuse(call, answer.error());
    auto audit = std::move(answer->audit);
    audit.push_back(entry_by(call, services, "question.asked",
                             {{"question", answer->redacted_question},
                              {"answerable", answer->is_answerable},
                              {"query", report::to_json(answer->query)},
                              {"query_author", answer->query_author},
                              {"matched", answer->matched},
                              {"usd", answer->cost.usd}}));
    // An answer that left no trace is none.
    if (auto kept = co_await services.store.append_audit(std::move(audit)); !kept) co_return refuse(call, kept.error());
    co_return json_answer(200, answer_json(question, *answer));
}

} // namespace

void add_ask_routes(Routes& routes, const Services& services) {
    routes.add({.method = "POST",
                .pattern = "/v1/ask",
                .needs = Role::analyst,
                .handler = [&services](Call call) { return ask(services, std::move(call)); },
                .summary = "A question in plain language over stored findings; the answer cites finding ids; "
                           "AI-Generated Guidance",
                .tag = "explain",
                .body = R"({"type":"object","required":["question"],)"
                        R"("properties":{"question":{"type":"string","minLength":1,"maxLength":500}}})",
                .wants_json = true,
                .answer_types = {"application/json"}});
}

} // namespace dossier::api
