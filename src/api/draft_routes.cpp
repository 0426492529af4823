#include "draft_corrections.hpp"
#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/base/strings.hpp"

namespace dossier::api {

namespace {

auto get_draft(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto draft = co_await services.reviews.get(call.id());
    if (draft)
        if (auto may = services.reviews.rules().may_edit(*draft, reviewer_of(call)); !may)
            co_return refuse(call, may.error());
    co_return draft_answer(call, draft);
}

auto edit_draft(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    approve::Edit edit;
    for (const auto& [name, value] : body->items()) {
        if (name != "title" && name != "body" && name != "payload" && name != "fields" && name != "content_hash")
            co_return problem(400, "only title, body, payload and fields can be edited, not " + name,
                              call.request.request_id, "invalid_argument");
        if (name != "payload" && name != "fields" && !value.is_string())
            co_return problem(400, name + " must be a string", call.request.request_id, "invalid_argument");
    }
    const auto expected_hash = text_at(*body, "content_hash");
    if (body->contains("fields") || body->contains("payload")) {
        if (body->contains("title") || body->contains("body"))
            co_return problem(400, "title and body of a draft of tags follow from its payload and its fields",
                              call.request.request_id, "invalid_argument");
        if (body->contains("fields") && body->contains("payload"))
            co_return problem(400, "fields are corrected alone: the payload follows from them", call.request.request_id,
                              "invalid_argument");
        if (body->contains("fields"))
            co_return draft_answer(call, co_await correct_fields(services, call, (*body)["fields"], expected_hash));
        co_return draft_answer(call, co_await correct_payload(services, call, (*body)["payload"], expected_hash));
    }
    if (body->contains("title")) edit.title = text_at(*body, "title");
    if (body->contains("body")) edit.body = text_at(*body, "body");
    auto edited = co_await services.reviews.edit(call.id(), std::move(edit), expected_hash, reviewer_of(call));
    co_return draft_answer(call, edited);
}

auto decide(const Services& services, Call call, DraftState decision) -> Task<net::HttpResponse> {
    auto body = body_object(call, true);
    if (!body) co_return refuse(call, body.error());
    if (body->contains("comment") && !(*body)["comment"].is_string())
        co_return problem(400, "comment must be a string", call.request.request_id, "invalid_argument");
    auto decided = co_await services.reviews.decide(call.id(), decision, text_at(*body, "comment"),
                                                    text_at(*body, "content_hash"), reviewer_of(call));
    co_return draft_answer(call, decided);
}

} // namespace

void add_draft_routes(Routes& routes, const Services& services) {
    const auto* decision_body =
        R"({"type":"object","properties":{"comment":{"type":"string"},"content_hash":{"type":"string"}}})";
    routes.add({.method = "GET",
                .pattern = "/v1/drafts/{id}",
                .needs = Role::approver,
                .also = who_reviews(services),
                .handler = [&services](Call call) { return get_draft(services, std::move(call)); },
                .summary = "A draft",
                .tag = "drafts"});
    routes.add(
        {.method = "PATCH",
         .pattern = "/v1/drafts/{id}",
         .needs = Role::approver,
         .also = who_reviews(services),
         .handler = [&services](Call call) { return edit_draft(services, std::move(call)); },
         .summary = "Edit title and text before approval; of a draft of tags, its payload in the flat form, or the "
                    "classes of its fields",
         .tag = "drafts",
         .body =
             R"({"type":"object","properties":{"title":{"type":"string"},"body":{"type":"string"},"payload":{"type":"object"},"fields":{"type":"array"}}})",
         .wants_json = true});
    routes.add({.method = "POST",
                .pattern = "/v1/drafts/{id}/approve",
                .needs = Role::approver,
                .also = who_reviews(services),
                .handler = [&services](Call call) { return decide(services, std::move(call), DraftState::approved); },
                .summary = "Approve exactly this content",
                .tag = "drafts",
                .body = decision_body});
    routes.add({.method = "POST",
                .pattern = "/v1/drafts/{id}/reject",
                .needs = Role::approver,
                .also = who_reviews(services),
                .handler = [&services](Call call) { return decide(services, std::move(call), DraftState::rejected); },
                .summary = "Reject",
                .tag = "drafts",
                .body = decision_body});
}

} // namespace dossier::api
