#pragma once
// What the route handlers share: answers, list parameters, the acting person.

#include "dossier/api/presentation.hpp"
#include "dossier/api/problem.hpp"
#include "dossier/api/rest_api.hpp"
#include "dossier/base/json.hpp"

#include <charconv>

namespace dossier::api {

/// @param text JSON already
[[nodiscard]] inline auto json_text_answer(int status, std::string text) -> net::HttpResponse {
    net::HttpResponse response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = std::move(text);
    return response;
}
[[nodiscard]] inline auto json_answer(int status, const Json& body) -> net::HttpResponse {
    return json_text_answer(status, dump_json(body));
}

[[nodiscard]] inline auto refuse(const Call& call, const Error& error) -> net::HttpResponse {
    return problem(error, call.request.request_id);
}

/// `limit` (1…200) and `cursor` of a list.
[[nodiscard]] inline auto page_of(const Call& call) -> Result<store::Page> {
    store::Page page;
    if (const auto text = call.request.query_value("limit")) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), page.limit);
        if (error != std::errc{} || end != text->data() + text->size() || page.limit < 1 || page.limit > 200)
            return fail(Errc::invalid_argument, "limit must be a number from 1 to 200");
    }
    page.cursor = call.request.query_value("cursor").value_or("");
    return page;
}

template <class T, class Present>
[[nodiscard]] auto list_answer(const store::Listing<T>& listing, Present present) -> net::HttpResponse {
    Json items = Json::array();
    for (const auto& item : listing.items) items.push_back(present(item));
    return json_answer(200, {{"items", std::move(items)},
                             {"next_cursor", listing.next_cursor ? Json(*listing.next_cursor) : Json(nullptr)}});
}

/// A closed word from the query: absent is fine, unknown is an error that names the parameter.
template <class E>
[[nodiscard]] auto word_of(const Call& call, std::string_view name) -> Result<std::optional<E>> {
    const auto text = call.request.query_value(name);
    if (!text || text->empty()) return std::optional<E>{};
    const auto value = parse_word<E>(*text);
    if (!value) return fail(Errc::invalid_argument, std::string(name) + " has no value " + std::string(*text));
    return value;
}

[[nodiscard]] inline auto time_of(const Call& call, std::string_view name) -> Result<std::optional<Timestamp>> {
    const auto text = call.request.query_value(name);
    if (!text || text->empty()) return std::optional<Timestamp>{};
    const auto time = parse_time(*text);
    if (!time) return fail(Errc::invalid_argument, std::string(name) + " must be an RFC 3339 time");
    return time;
}

/// A time, or a day alone.
[[nodiscard]] inline auto day_parameter(const Call& call, std::string_view name) -> Result<std::optional<Timestamp>> {
    const auto text = call.request.query_value(name);
    if (text && text->size() == 10) {
        if (const auto day = parse_time(std::string(*text) + "T00:00:00Z")) return day;
    }
    return time_of(call, name);
}

/// An audit entry for what the caller did.
[[nodiscard]] inline auto entry_by(const Call& call, const Services& services, std::string action, const Json& details,
                                   std::string finding_id = {}) -> store::AuditEntry {
    Json all = details;
    all["request_id"] = call.request.request_id;
    return {.time = services.clock.now(),
            .actor_type = "user",
            .actor_id = call.caller.name,
            .action = std::move(action),
            .finding_id = std::move(finding_id),
            .details = dump_json(all)};
}

[[nodiscard]] inline auto reviewer_of(const Call& call) -> approve::Reviewer {
    return {.id = call.caller.name, .email = call.caller.email, .role = std::string(to_string(call.caller.role))};
}

/// Besides approvers: roles that a rule names, and people where owners decide. The queue judges each draft.
[[nodiscard]] inline auto who_reviews(const Services& services) -> std::function<bool(const Caller&)> {
    return [&services](const Caller& caller) {
        const auto& rules = services.reviews.rules();
        return rules.names_role(to_string(caller.role)) || (rules.names_owners() && !caller.email.empty());
    };
}

[[nodiscard]] inline auto draft_answer(const Call& call, const Result<Draft>& draft) -> net::HttpResponse {
    return draft ? json_answer(200, present_draft(*draft)) : refuse(call, draft.error());
}

/// The JSON object of the body; an absent body is an empty object where `optional`.
[[nodiscard]] inline auto body_object(const Call& call, bool optional) -> Result<Json> {
    if (call.request.body.empty() && optional) return Json::object();
    auto json = parse_json(call.request.body);
    if (!json) return fail(Errc::malformed, "the body is not JSON: " + json.error().message);
    if (!json->is_object()) return fail(Errc::malformed, "the body must be a JSON object");
    return json;
}

void add_finding_routes(Routes& routes, const Services& services);
void add_blast_radius_routes(Routes& routes, const Services& services);
void add_draft_routes(Routes& routes, const Services& services);
void add_review_routes(Routes& routes, const Services& services);
void add_mode_routes(Routes& routes, const Services& services);
void add_policy_routes(Routes& routes, const Services& services);
void add_scan_routes(Routes& routes, const Services& services);
void add_operation_routes(Routes& routes, const Services& services);
void add_explain_routes(Routes& routes, const Services& services);
void add_ask_routes(Routes& routes, const Services& services);
void add_report_routes(Routes& routes, const Services& services);
void add_cost_routes(Routes& routes, const Services& services);
void add_tracker_routes(Routes& routes, const Services& services);
void add_webhook_routes(Routes& routes, const Services& services);
void add_chat_routes(Routes& routes, const Services& services);

} // namespace dossier::api
