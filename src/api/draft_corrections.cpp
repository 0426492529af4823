#include "draft_corrections.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/classifier.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/classification_draft.hpp"

#include <optional>
#include <utility>

namespace dossier::api {
namespace {

/// A dossier's store as it was classified, with what that rested on.
struct ClassifiedCase {
    explain::StoreSketch sketch;
    std::optional<StoreClassification> known; ///< nothing where platforms have classified it
    Context context;
    Resource resource;
};

auto classified_case(const Services& services, std::string dossier_id) -> Task<Result<ClassifiedCase>> {
    auto row = co_await services.store.get_dossier(std::move(dossier_id));
    if (!row) co_return fail(std::move(row.error()));
    ClassifiedCase out;
    for (const auto& result : row->results) {
        if (result.revision != row->revision) continue;
        if (result.stage == Stage::assessed)
            if (auto assessment = from_text<Assessment>(result.body)) out.known = assessment->classification;
        if (result.stage == Stage::enriched)
            if (auto context = from_text<Context>(result.body)) out.context = std::move(*context);
    }
    std::vector<Finding> findings;
    for (const auto& stored : row->findings)
        if (auto finding = from_text<Finding>(stored.doc)) findings.push_back(std::move(*finding));
    out.sketch = explain::sketch_of(findings, out.context);
    if (!findings.empty()) out.resource = findings.front().resource;
    co_return out;
}

/// [{"name", "container"?, "classes": […]}] as corrections of fields and documents that the store has.
auto corrections_in(const explain::Classifier& classifier, const StoreClassification& known, const Json& fields,
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
        for (const auto& field : known.fields) {
            if (field.name != name || (item.contains("container") && field.container != container)) continue;
            one.key = classifier.key_of(field.container, field.name);
            corrections.push_back(one);
            is_there = true;
        }
        for (const auto& document : known.documents) {
            if (document.name != name) continue;
            one.key = classifier.key_of("", document.name);
            corrections.push_back(one);
            is_there = true;
        }
        if (!is_there) return fail(Errc::invalid_argument, "the store has no field " + shorten(name, 100));
    }
    return corrections;
}

/// What an edit of the flat form says of the store otherwise than the draft did.
auto corrections_of_store(const explain::Classifier& classifier, const explain::StoreSketch& sketch,
                          const ingest::Classification& before, const ingest::Classification& after,
                          const std::string& by, Timestamp at) -> std::vector<store::Correction> {
    using Aspect = explain::Classifier::Aspect;
    std::vector<store::Correction> corrections;
    const auto say = [&](Aspect aspect, std::vector<std::string> words) {
        auto key = classifier.store_key(sketch, aspect);
        if (!key.empty())
            corrections.push_back({.key = std::move(key), .classes = std::move(words), .by = by, .at = at});
    };
    if (after.data_classification != before.data_classification) {
        std::vector<std::string> labels;
        for (const auto one : split(after.data_classification, ','))
            if (!trim(one).empty()) labels.emplace_back(trim(one));
        say(Aspect::labels, std::move(labels));
    }
    if (after.data_domain != before.data_domain) say(Aspect::domain, {after.data_domain});
    if (after.regulatory_frameworks != before.regulatory_frameworks)
        say(Aspect::frameworks, after.regulatory_frameworks);
    return corrections;
}

/// A draft of tags, and the case that it is about.
struct TagsCase {
    Draft draft;
    ClassifiedCase known;
};

auto tags_case(const Services& services, std::string id, std::string_view what) -> Task<Result<TagsCase>> {
    auto draft = co_await services.reviews.get(std::move(id));
    if (!draft) co_return fail(std::move(draft.error()));
    if (draft->kind != "tags" || draft->finding_ids.empty())
        co_return fail(Errc::invalid_argument, "only a draft of tags has " + std::string(what));
    auto known = co_await classified_case(services, draft->dossier_id);
    if (!known) co_return fail(std::move(known.error()));
    co_return TagsCase{.draft = std::move(*draft), .known = std::move(*known)};
}

/// Writes the edit and the corrections together; an edit without corrections is written as any other.
auto write_corrected(const Services& services, Call call, const Draft& draft, approve::Edit edit,
                     std::string expected_hash, std::vector<store::Correction> corrections) -> Task<Result<Draft>> {
    const auto reviewer = reviewer_of(call);
    if (corrections.empty())
        co_return co_await services.reviews.edit(draft.id, std::move(edit), std::move(expected_hash), reviewer);
    auto prepared = co_await services.reviews.prepare(draft.id, std::move(edit), std::move(expected_hash), reviewer);
    if (!prepared) co_return fail(std::move(prepared.error()));
    Json list = Json::array();
    for (const auto& one : corrections) list.push_back({{"key", one.key}, {"classes", one.classes}});
    const auto now = services.clock.now();
    prepared->audit.push_back({.time = now,
                               .actor_type = "user",
                               .actor_id = reviewer.id,
                               .action = "classification.corrected",
                               .finding_id = draft.finding_ids.front(),
                               .dossier_id = draft.dossier_id,
                               .details = dump_json({{"draft_id", draft.id}, {"corrections", list}})});
    co_return co_await services.store.correct_draft(draft.id, prepared->before_hash, std::move(prepared->edited),
                                                    std::move(prepared->revision), std::move(corrections), now,
                                                    std::move(prepared->audit));
}

} // namespace

auto correct_fields(const Services& services, Call call, Json fields, std::string expected_hash)
    -> Task<Result<Draft>> {
    if (services.classifier == nullptr) co_return fail(Errc::invalid_argument, "nothing classifies here");
    auto about = co_await tags_case(services, call.id(), "fields");
    if (!about) co_return fail(std::move(about.error()));
    auto& [draft, known] = *about;
    if (!known.known) co_return fail(Errc::invalid_argument, "nothing of this dossier was classified field by field");
    auto corrections =
        corrections_in(*services.classifier, *known.known, fields, call.caller.name, services.clock.now());
    if (!corrections) co_return fail(std::move(corrections.error()));
    static_cast<void>(services.classifier->correct(*known.known, known.sketch, *corrections));
    const auto tags = ticket::classification_of(*known.known, known.context);
    std::vector<std::string> targets;
    for (const auto one : split(draft.sink, ',')) targets.emplace_back(trim(one));
    auto text = ticket::render_classification(tags, known.resource, targets);
    approve::Edit edit{.title = text.title,
                       .body = text.body + "\n" + ticket::classification_details(*known.known) + "\n",
                       .payload = ticket::payload_of(tags)};
    co_return co_await write_corrected(services, std::move(call), draft, std::move(edit), std::move(expected_hash),
                                       std::move(*corrections));
}

auto correct_payload(const Services& services, Call call, Json flat, std::string expected_hash) -> Task<Result<Draft>> {
    auto about = co_await tags_case(services, call.id(), "a payload");
    if (!about) co_return fail(std::move(about.error()));
    auto& [draft, known] = *about;
    const auto before = ticket::classification_of_payload(draft.payload);
    auto edited = ticket::with_edited_payload(draft, dump_json(flat), known.resource);
    if (!edited) co_return fail(std::move(edited.error()));
    const auto after = ticket::classification_of_payload(edited->payload);
    std::vector<store::Correction> corrections;
    if (services.classifier != nullptr && known.known && before && after) {
        corrections = corrections_of_store(*services.classifier, known.sketch, *before, *after, call.caller.name,
                                           services.clock.now());
        static_cast<void>(services.classifier->correct(*known.known, known.sketch, corrections));
        edited->body += "\n" + ticket::classification_details(*known.known) + "\n";
    }
    approve::Edit edit{.title = edited->title, .body = edited->body, .payload = edited->payload};
    co_return co_await write_corrected(services, std::move(call), draft, std::move(edit), std::move(expected_hash),
                                       std::move(corrections));
}

} // namespace dossier::api
