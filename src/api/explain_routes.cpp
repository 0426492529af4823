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

auto explain(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    auto findings = co_await findings_to_explain(services, std::move(*body));
    if (!findings) co_return refuse(call, findings.error());
    const auto view = co_await services.builder.explain(std::move(*findings));
    co_return json_answer(200, present_view(view));
}

} // namespace

void add_explain_routes(Routes& routes, const Services& services) {
    routes.add(
        {.method = "POST",
         .pattern = "/v1/explain",
         .needs = Role::analyst,
         .handler = [&services](Call call) { return explain(services, std::move(call)); },
         .summary = "Explain a stored finding, or a payload that is not stored",
         .tag = "explain",
         .body =
             R"({"type":"object","properties":{"finding_id":{"type":"string"},"source":{"type":"string"},"payload":{}}})",
         .wants_json = true});
}

} // namespace dossier::api
