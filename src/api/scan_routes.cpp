#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"

#include <algorithm>
#include <array>

namespace dossier::api {

namespace {

auto draft_scan(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    static constexpr std::array known{"finding_id", "target"};
    for (const auto& [name, value] : body->items()) {
        if (std::ranges::find(known, name) == known.end())
            co_return problem(400, "unknown member " + name, call.request.request_id, "invalid_argument");
        if (!value.is_string())
            co_return problem(400, name + " must be a string", call.request.request_id, "invalid_argument");
    }
    const auto finding_id = text_at(*body, "finding_id");
    if (finding_id.empty()) co_return problem(400, "give finding_id", call.request.request_id, "invalid_argument");
    auto draft = co_await services.builder.draft_scan(finding_id, text_at(*body, "target"), call.caller.name);
    if (!draft) co_return refuse(call, draft.error());
    co_return json_answer(201, present_draft(*draft));
}

} // namespace

void add_scan_routes(Routes& routes, const Services& services) {
    routes.add({.method = "POST",
                .pattern = "/v1/scans",
                .needs = Role::analyst,
                .handler = [&services](Call call) { return draft_scan(services, std::move(call)); },
                .summary = "Draft a scan of a finding's store by a configured target, into the review queue",
                .tag = "drafts",
                .body = R"({"type":"object","required":["finding_id"],"properties":{"finding_id":{"type":"string"},)"
                        R"("target":{"type":"string"}}})",
                .wants_json = true});
}

} // namespace dossier::api
