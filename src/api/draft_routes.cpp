#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/classification_draft.hpp"

namespace dossier::api {

namespace {

auto get_draft(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto draft = co_await services.reviews.get(call.id());
    if (draft)
        if (auto may = services.reviews.rules().may_edit(*draft, reviewer_of(call)); !may)
            co_return refuse(call, may.error());
    co_return draft_answer(call, draft);
}

/// The edit that a new flat form makes of a `tags` draft: its payload, and title and text to it.
auto with_payload(const Services& services, std::string id, Json flat, bool has_text) -> Task<Result<approve::Edit>> {
    if (has_text) co_return fail(Errc::invalid_argument, "title and body of a draft of tags follow from its payload");
    auto draft = co_await services.reviews.get(std::move(id));
    if (!draft) co_return fail(std::move(draft.error()));
    if (draft->kind != "tags" || draft->finding_ids.empty())
        co_return fail(Errc::invalid_argument, "only a draft of tags has a payload");
    auto row = co_await services.store.get_finding(draft->finding_ids.front());
    if (!row) co_return fail(std::move(row.error()));
    auto finding = from_text<Finding>(row->doc);
    if (!finding) co_return fail(std::move(finding.error()));
    auto edited = ticket::with_edited_payload(std::move(*draft), dump_json(flat), finding->resource);
    if (!edited) co_return fail(std::move(edited.error()));
    co_return approve::Edit{.title = edited->title, .body = edited->body, .payload = edited->payload};
}

/// A dossier's store as it was classified, with what that rested on.
struct ClassifiedCase {
    explain::StoreSketch sketch;
    StoreClassification known;
    Context context;
    Resource resource;
};

auto classified_case(const Services& services, std::string dossier_id) -> Task<Result<ClassifiedCase>> {
    auto row = co_await services.store.get_dossier(std::move(dossier_id));
    if (!row) co_return fail(std::move(row.error()));
    ClassifiedCase out;
    std::optional<StoreClassification> known;
    for (const auto& result : row->results) {
        if (result.revision != row->revision) continue;
        if (result.stage == Stage::assessed)
            if (auto assessment = from_text<Assessment>(result.body)) known = assessment->classification;
        if (result.stage == Stage::enriched)
            if (auto context = from_text<Context>(result.body)) out.context = std::move(*context);
    }
    if (!known) co_return fail(Errc::invalid_argument, "nothing of this dossier was classified field by field");
    out.known = std::move(*known);
    std::vector<Finding> findings;
    for (const auto& stored : row->findings)
        if (auto finding = from_text<Finding>(stored.doc)) findings.push_back(std::move(*finding));
    out.sketch = explain::sketch_of(findings, out.context);
    if (!findings.empty()) out.resource = findings.front().resource;
    co_return out;
}

/// [{"name", "container"?, "classes": […]}] as corrections of fields and documents that the store has.
auto corrections_in(const explain::Classifier& classifier, const ClassifiedCase& known, const Json& fields,
                    const std::string& by, Timestamp at) -> Result<std::vector<store::Correction>> {
    if (!fields.is_array() || fields.empty() || fields.size() > 500)
        return fail(Errc::invalid_argument, "fields must be a list of 1 to 500 objects {name, classes}");
    std::vector<store::Correction> corrections;
    for (const auto& item : fields) {
        if (!item.is_object() || !item.contains("classes") || !item["classes"].is_array())
            return fail(Errc::invalid_argument, "a field is an object with name and classes");
        store::Correction one{.by = by, .at = at};
        for (const auto& word : item["classes"]) {
            const auto text = word.is_string() ? word.get<std::string>() : std::string();
            if (text == "NONE") continue;
            if (!classifier.is_class(text))
                return fail(Errc::invalid_argument, "there is no class " + shorten(text, 60) + "; known are NONE, " +
                                                        join(classifier.class_list(), ", "));
            one.classes.push_back(text);
        }
        const auto name = text_at(item, "name");
        const auto container = text_at(item, "container");
        bool is_there = false;
        for (const auto& field : known.known.fields) {
            if (field.name != name || (item.contains("container") && field.container != container)) continue;
            one.key = classifier.key_of(field.container, field.name);
            corrections.push_back(one);
            is_there = true;
        }
        for (const auto& document : known.known.documents) {
            if (document.name != name) continue;
            one.key = classifier.key_of("", document.name);
            corrections.push_back(one);
            is_there = true;
        }
        if (!is_there) return fail(Errc::invalid_argument, "the store has no field " + shorten(name, 100));
    }
    return corrections;
}

/// Corrects the classes of fields: the draft follows at once, and the next like case, too.
auto correct_fields(const Services& services, Call call, Json fields, std::string expected_hash)
    -> Task<Result<Draft>> {
    if (services.classifier == nullptr) co_return fail(Errc::invalid_argument, "nothing classifies here");
    auto draft = co_await services.reviews.get(call.id());
    if (!draft) co_return fail(std::move(draft.error()));
    if (draft->kind != "tags") co_return fail(Errc::invalid_argument, "only a draft of tags has fields");
    auto known = co_await classified_case(services, draft->dossier_id);
    if (!known) co_return fail(std::move(known.error()));
    const auto now = services.clock.now();
    auto corrections = corrections_in(*services.classifier, *known, fields, call.caller.name, now);
    if (!corrections) co_return fail(std::move(corrections.error()));
    static_cast<void>(services.classifier->correct(known->known, known->sketch, *corrections));
    const auto tags = ticket::classification_of(known->known, known->context);
    std::vector<std::string> targets;
    for (const auto one : split(draft->sink, ',')) targets.emplace_back(trim(one));
    auto text = ticket::render_classification(tags, known->resource, targets);
    auto edited =
        co_await services.reviews.edit(draft->id,
                                       {.title = text.title,
                                        .body = text.body + "\n" + ticket::classification_details(known->known) + "\n",
                                        .payload = ticket::payload_of(tags)},
                                       std::move(expected_hash), reviewer_of(call));
    if (!edited) co_return edited;
    Json list = Json::array();
    for (const auto& one : *corrections) list.push_back({{"key", one.key}, {"classes", one.classes}});
    store::AuditEntry entry{.time = now,
                            .actor_type = "user",
                            .actor_id = call.caller.name,
                            .action = "classification.corrected",
                            .finding_id = draft->finding_ids.empty() ? "" : draft->finding_ids.front(),
                            .dossier_id = draft->dossier_id,
                            .details = dump_json({{"draft_id", draft->id}, {"corrections", list}})};
    auto kept =
        co_await services.store.keep_corrections(std::move(*corrections), draft->dossier_id, now, {std::move(entry)});
    if (!kept) co_return fail(std::move(kept.error()));
    co_return edited;
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
    if (body->contains("fields")) {
        if (body->contains("title") || body->contains("body") || body->contains("payload"))
            co_return problem(400, "fields are corrected alone: payload, title and body follow from them",
                              call.request.request_id, "invalid_argument");
        co_return draft_answer(
            call, co_await correct_fields(services, call, (*body)["fields"], text_at(*body, "content_hash")));
    }
    if (body->contains("title")) edit.title = text_at(*body, "title");
    if (body->contains("body")) edit.body = text_at(*body, "body");
    if (body->contains("payload")) {
        auto changed = co_await with_payload(services, call.id(), (*body)["payload"], edit.title || edit.body);
        if (!changed) co_return refuse(call, changed.error());
        edit = std::move(*changed);
    }
    auto edited =
        co_await services.reviews.edit(call.id(), std::move(edit), text_at(*body, "content_hash"), reviewer_of(call));
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
