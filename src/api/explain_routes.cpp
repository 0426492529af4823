#include "event_feed.hpp"
#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/finding/json.hpp"

namespace dossier::api {

namespace {

/// The finding of a stored id, or those of a payload that stays unstored.
auto findings_to_explain(const Services& services, Json body) -> Task<Result<std::vector<Finding>>> {
    const auto id = text_at(body, "finding_id");
    std::vector<Finding> findings;
    if (!id.empty()) {
        auto row = co_await services.store.get_finding(id);
        if (!row) co_return fail(std::move(row.error()));
        if (row->doc.empty()) co_return fail(Errc::unavailable, "this finding is still being normalised; try again");
        auto finding = from_text<Finding>(row->doc);
        if (!finding) co_return fail(std::move(finding.error()));
        finding->id = row->id;
        findings.push_back(std::move(*finding));
        co_return findings;
    }
    const auto source = text_at(body, "source");
    if (source.empty() || !body.contains("payload"))
        co_return fail(Errc::invalid_argument, "give finding_id, or source and payload");
    auto all = services.receiver.normalise_all(source, dump_json(body["payload"]));
    if (!all) co_return fail(std::move(all.error()));
    for (auto& one : *all) {
        if (!one) co_return fail(Errc::malformed, "the payload is no finding of this source: " + one.error().message);
        findings.push_back(std::move(*one));
    }
    if (findings.empty()) co_return fail(Errc::malformed, "the payload holds no finding");
    co_return findings;
}

/// What is told while a dossier is made. Everything before the closing event is provisional: what code decided comes
/// with its evidence, what the model writes comes as it is written and says that nobody has checked it yet.
auto watch_into(EventFeed& feed) -> pipeline::ExplainWatch {
    return {.on_stage = [&feed](std::string_view stage) { feed.send("status", {{"stage", stage}}); },
            .on_assessed =
                [&feed](const Assessment& assessment, const EvidenceList& evidence) {
                    feed.send("assessment", Json(assessment));
                    Json items = Json::array();
                    for (const auto& item : evidence) items.push_back(Json(item));
                    feed.send("evidence", {{"items", std::move(items)}});
                },
            .on_text =
                [&feed](std::string_view text) {
                    feed.send_if_room("delta",
                                      {{"text", text}, {"verified", false}, {"notice", ticket::guidance_notice}});
                },
            .on_restart = [&feed] { feed.send("restart", {{"reason", "what was shown so far is void"}}); }};
}

auto explain_as_events(const Services& services, std::vector<Finding> findings) -> net::HttpResponse {
    return event_answer([&services, findings = std::move(findings)](EventFeed& feed) -> Task<void> {
        auto& into = feed; // the closure stays with the response, which outlives its stream
        const auto view = co_await services.builder.explain(findings, watch_into(into));
        auto closing = present_view(view);
        closing["verified"] = true;
        into.send("dossier", closing);
        into.send("done", Json::object());
    });
}

auto explain(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    auto findings = co_await findings_to_explain(services, std::move(*body));
    if (!findings) co_return refuse(call, findings.error());
    if (prefers_events(call.request.headers.get("Accept").value_or("")))
        co_return explain_as_events(services, std::move(*findings));
    const auto view = co_await services.builder.explain(std::move(*findings));
    auto answer = json_answer(200, present_view(view));
    answer.headers.set("Vary", "Accept");
    co_return answer;
}

} // namespace

void add_explain_routes(Routes& routes, const Services& services) {
    routes.add(
        {.method = "POST",
         .pattern = "/v1/explain",
         .needs = Role::analyst,
         .handler = [&services](Call call) { return explain(services, std::move(call)); },
         .summary = "Explain a stored finding, or a payload that is not stored; AI-Generated Guidance",
         .tag = "explain",
         .body =
             R"({"type":"object","properties":{"finding_id":{"type":"string"},"source":{"type":"string"},"payload":{}}})",
         .wants_json = true,
         .answer_types = {"application/json", "text/event-stream"}});
}

} // namespace dossier::api
