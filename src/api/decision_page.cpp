#include "decision_page.hpp"

#include "rest_support.hpp"

#include "dossier/approve/chat.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/draft_renderer.hpp"
#include "dossier/ticket/markup.hpp"

#include <fmt/format.h>

namespace dossier::api {
namespace {

auto html(std::string_view text) -> std::string { return escape_xml(to_valid_utf8(text)); }

auto page(int status, std::string_view title, const std::string& body) -> net::HttpResponse {
    net::HttpResponse response;
    response.status = status;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                         "base-uri 'none'; frame-ancestors 'none'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Cache-Control", "no-store");
    response.body =
        fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>"
                    "<meta name=\"viewport\" content=\"width=device-width\">"
                    "<style>body{{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}"
                    "label,textarea,input{{display:block;width:100%;box-sizing:border-box}}"
                    "button{{margin:1rem 1rem 0 0;padding:.5rem 1.5rem}}</style></head>"
                    "<body><h1>{0}</h1>{1}</body></html>\n",
                    html(title), body);
    return response;
}

auto refusal_page(const Error& error) -> net::HttpResponse {
    return page(status_of(error.code), "Not decided", fmt::format("<p>{}.</p>", html(error.message)));
}

auto hidden(std::string_view name, const std::string& value) -> std::string {
    return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, html(value));
}

auto form(const approve::DecisionLink& link) -> std::string {
    return "<form method=\"post\" action=\"/v1/chat/teams/decide\" autocomplete=\"off\">" +
           hidden("draft", link.draft_id) + hidden("hash", link.content_hash) + hidden("expires", link.expires) +
           hidden("sig", link.signature) +
           "<label>Comment <textarea name=\"comment\" rows=\"3\" maxlength=\"2000\"></textarea></label>"
           "<label>Your access token <input type=\"password\" name=\"token\" required></label>"
           "<button name=\"decision\" value=\"approve\">Approve</button>"
           "<button name=\"decision\" value=\"reject\">Reject</button></form>";
}

/// A form's fields by name; the first of a name counts.
auto fields_of(std::string_view body) -> std::map<std::string, std::string, std::less<>> {
    std::map<std::string, std::string, std::less<>> fields;
    for (const auto pair : split(body, '&')) {
        const auto equals = std::min(pair.find('='), pair.size());
        const auto value = percent_decode(
            replace_all(std::string(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{}), "+", " "));
        if (value) fields.emplace(std::string(pair.substr(0, equals)), *value);
    }
    return fields;
}

} // namespace

auto show_decision(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto parameter = [&](std::string_view name) {
        return std::string(call.request.query_value(name).value_or(""));
    };
    approve::DecisionLink link{.draft_id = parameter("draft"),
                               .content_hash = parameter("hash"),
                               .expires = parameter("expires"),
                               .signature = parameter("sig")};
    auto draft = co_await services.chat->draft_of_link(link);
    if (!draft) co_return refusal_page(draft.error());
    co_return page(200, draft->title,
                   fmt::format("<p>{} · {} · {}</p>{}<hr>{}", ticket::guidance_notice, html(to_string(draft->severity)),
                               html(draft->id), ticket::markdown_to_html(draft->body), form(link)));
}

auto take_decision(const Services& services, Call call) -> Task<net::HttpResponse> {
    if (call.request.media_type() != "application/x-www-form-urlencoded")
        co_return problem(415, "the content type must be application/x-www-form-urlencoded", call.request.request_id,
                          "unsupported_media_type");
    const auto fields = fields_of(call.request.body);
    const auto field = [&](std::string_view name) {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    };
    const approve::DecisionLink link{.draft_id = field("draft"),
                                     .content_hash = field("hash"),
                                     .expires = field("expires"),
                                     .signature = field("sig")};
    auto draft = co_await services.chat->draft_of_link(link);
    if (!draft) co_return refusal_page(draft.error());
    const auto word = field("decision");
    if (word != "approve" && word != "reject")
        co_return refusal_page({.code = Errc::invalid_argument, .message = "a decision is `approve` or `reject`"});

    auto identity = call.request;
    if (const auto token = field("token"); !token.empty()) identity.headers.set("Authorization", "Bearer " + token);
    const auto caller = services.authenticator->identify(identity);
    if (!caller)
        co_return refusal_page({.code = Errc::unauthenticated, .message = "that is not the token of anybody here"});
    if (!includes(caller->role, Role::approver) && !who_reviews(services)(*caller))
        co_return refusal_page({.code = Errc::forbidden, .message = "your role may not decide on drafts"});
    const auto decision = word == "approve" ? DraftState::approved : DraftState::rejected;
    auto decided = co_await services.reviews.decide(
        link.draft_id, decision, field("comment"), link.content_hash,
        {.id = caller->name, .email = caller->email, .role = std::string(to_string(caller->role))});
    if (!decided) co_return refusal_page(decided.error());
    co_return page(200, "Decided", fmt::format("<p>You {} “{}”.</p>", html(to_string(decision)), html(decided->title)));
}

} // namespace dossier::api
