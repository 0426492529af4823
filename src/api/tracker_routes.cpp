#include "rest_support.hpp"

namespace dossier::api {

namespace {

auto take_event(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto request_id = call.request.request_id;
    auto sink = call.path.at("sink");
    auto heard = co_await services.callbacks->take(std::move(sink), std::move(call.request));
    if (!heard) co_return problem(heard.error(), request_id);
    co_return json_answer(202, {{"outcome", ticket::to_string(*heard)}});
}

} // namespace

void add_tracker_routes(Routes& routes, const Services& services) {
    if (services.callbacks == nullptr) return;
    routes.add(
        {.method = "POST",
         .pattern = "/v1/trackers/{sink}/events",
         .needs = std::nullopt,
         .handler = [&services](Call call) { return take_event(services, std::move(call)); },
         .summary = "Hear from a tracker that a ticket has changed; the ticket itself is read afterwards",
         .tag = "trackers",
         .query = {"triggeredByUser", "user_id", "user_key"}, // which Jira adds to the address
         .body = R"({"type":"object","description":"what Jira's webhook sends, or sys_id or number of a record"})",
         .wants_json = true,
         .admit = [&services](const net::HttpRequest& head,
                              const std::string& sink) -> std::optional<net::HttpResponse> {
             auto admitted = services.callbacks->admit(sink, head);
             if (admitted) return std::nullopt;
             auto refusal = problem(admitted.error(), head.request_id);
             if (refusal.status == 401) refusal.headers.set("WWW-Authenticate", "Bearer realm=\"dossier\"");
             return refusal;
         }});
}

} // namespace dossier::api
