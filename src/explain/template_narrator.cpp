#include "dossier/base/strings.hpp"
#include "dossier/explain/compliance.hpp"
#include "dossier/explain/grounding.hpp"
#include "dossier/explain/narrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dossier::explain {
namespace {

using Items = std::vector<const Evidence*>;

constexpr std::size_t access_shown = 5;
constexpr std::size_t regulations_shown = 5; ///< one of each framework
constexpr std::size_t steps_shown = 4;
constexpr std::size_t others_shown = 3;
constexpr std::size_t all_of_a_kind = 1'000;

/// Looks up evidence by kind and by the field that its origin ends with.
class Index {
public:
    explicit Index(const EvidenceList& evidence) : evidence_(evidence) {}

    [[nodiscard]] auto first(std::string_view kind, std::string_view field) const -> const Evidence* {
        const auto found = std::ranges::find_if(
            evidence_, [&](const Evidence& item) { return item.kind == kind && field_of(item) == field; });
        return found == evidence_.end() ? nullptr : &*found;
    }
    [[nodiscard]] auto all(std::string_view kind, std::size_t most) const -> Items {
        Items items;
        for (const auto& item : evidence_) {
            if (item.kind == kind && items.size() < most) items.push_back(&item);
        }
        return items;
    }

private:
    static auto field_of(const Evidence& item) -> std::string_view {
        const std::string_view origin = item.origin;
        const auto colon = origin.rfind(':');
        return colon == std::string_view::npos ? origin : origin.substr(colon + 1);
    }
    const EvidenceList& evidence_;
};

/// Collects the parts of a sentence together with what they rest on.
class Draft {
public:
    auto add(const Evidence* item, std::string_view before, std::string_view after = {}) -> Draft& {
        if (item == nullptr) return *this;
        text_ += fmt::format("{}{}{}", before, item->value, after);
        return cite(item);
    }
    auto say(std::string_view words) -> Draft& {
        text_ += words;
        return *this;
    }
    auto cite(const Evidence* item) -> Draft& {
        if (item != nullptr && std::ranges::find(ids_, item->id) == ids_.end()) ids_.push_back(item->id);
        return *this;
    }
    [[nodiscard]] auto sentence() const -> Sentence { return {.text = text_ + ".", .evidence = ids_}; }

private:
    std::string text_;
    std::vector<std::string> ids_;
};

/// Writes what stands. A name or title that would turn a sentence into something else (markup, a reassurance, a link)
/// makes it fail like any other author's sentence; `otherwise` then says less.
class Text {
public:
    explicit Text(const EvidenceList& evidence) : grounding_(evidence) {}

    auto add(const Sentence& sentence) -> bool {
        if (grounding_.objection(sentence)) return false;
        sentences_.push_back(sentence);
        return true;
    }
    void add_or(const Sentence& sentence, const Sentence& otherwise) {
        if (!add(sentence)) add(otherwise);
    }
    /// The statement of the item, word for word.
    void quote(const Evidence* item) {
        if (item != nullptr) add({.text = item->statement, .evidence = {item->id}});
    }
    auto take() -> std::vector<Sentence> { return std::move(sentences_); }

private:
    Grounding grounding_;
    std::vector<Sentence> sentences_;
};

auto resource_words(const Index& index, Draft& draft) -> bool {
    const auto* called = index.first("resource", "resource.name");
    const auto* id = index.first("resource", "resource.id");
    const auto* type = index.first("resource", "resource.type");
    const auto* thing = called != nullptr ? called : id;
    if (thing == nullptr) return false;
    draft.say("the resource ").add(thing, "");
    draft.add(type, " (type ", ")");
    return true;
}

void write_what(const Index& index, Text& text) {
    const auto* title = index.first("finding", "title");
    const auto* source = index.first("finding", "source");
    if (title != nullptr && source != nullptr)
        text.add(Draft().add(source, "", " reports: ").add(title, "\"", "\"").sentence());
    Draft where;
    where.say("It concerns ");
    if (!resource_words(index, where)) return;
    where.add(index.first("location", "resource.account"), ", in the account ");
    where.add(index.first("location", "resource.region"), ", region ");
    Draft less;
    less.say("It concerns ")
        .cite(index.first("resource", "resource.name"))
        .cite(index.first("resource", "resource.id"));
    less.say("the resource named in the evidence");
    text.add_or(where.sentence(), less.sentence());
}

void write_rating(const Index& index, Text& text) {
    const auto* severity = index.first("severity", "severity");
    const auto* risk = index.first("risk", "risk");
    if (severity != nullptr) text.add(Draft().add(severity, "The severity is ").sentence());
    text.quote(risk);
}

void write_exposure(const Index& index, Text& text) {
    text.quote(index.first("exposure", "exposure"));
    const auto* classes = index.first("data", "data.classes");
    const auto* volume = index.first("data", "data.volume");
    if (classes != nullptr) {
        Draft draft;
        draft.add(classes, "Data of these classes was found there: ");
        draft.add(volume, "; about ", " records or objects are concerned");
        text.add(draft.sentence());
    }
    text.quote(index.first("data", "data.identifiers"));
}

void write_access(const Index& index, Text& text) {
    const auto access = index.all("access", access_shown + 1);
    if (!access.empty()) {
        Draft draft;
        draft.say("These can reach it: ");
        for (std::size_t i = 0; i < access.size() && i < access_shown; ++i) draft.add(access[i], i == 0 ? "" : ", ");
        if (access.size() > access_shown) draft.say(", among others");
        if (!text.add(draft.sentence())) {
            for (const auto* principal : access) text.quote(principal);
        }
    }
    std::size_t shown = 0;
    for (const auto* reach : index.all("blast_radius", all_of_a_kind))
        if (reach->origin.ends_with(":reach") && shown++ < others_shown) text.quote(reach);
}

/// What is around it: how much, the internet if it is near, then the nearest of what tells most.
void write_surroundings(const Index& index, Text& text) {
    text.quote(index.first("blast_radius", "radius"));
    text.quote(index.first("blast_radius", "internet"));
    std::size_t shown = 0;
    for (const auto* node : index.all("blast_radius", all_of_a_kind))
        if (node->origin.ends_with(":node") && shown++ < others_shown) text.quote(node);
    for (const auto* event : index.all("access_log", others_shown)) text.quote(event);
    for (const auto* policy : index.all("policy", others_shown)) text.quote(policy);
}

void write_owner(const Index& index, Text& text) {
    const auto* owner = index.first("owner", "owner");
    const auto* confidence = index.first("owner", "confidence");
    if (owner == nullptr) return;
    if (confidence == nullptr) {
        text.quote(owner);
    } else {
        Draft draft;
        draft.add(owner, "The owner is ").add(confidence, ", with a confidence of ");
        text.add(draft.sentence());
        text.quote(index.first("owner", "rule"));
    }
    text.quote(index.first("owner", "inactive"));
    text.quote(index.first("owner", "escalation"));
    text.quote(index.first("owner", "disputed"));
    for (const auto* candidate : index.all("owner_candidate", others_shown)) text.quote(candidate);
}

void write_business(const Index& index, Text& text) {
    Draft draft;
    const auto* application = index.first("business", "application");
    const auto* unit = index.first("business", "business_unit");
    if (application != nullptr && unit != nullptr) {
        text.add(
            draft.add(application, "It belongs to the application ").add(unit, " of the business unit ").sentence());
    } else {
        text.quote(application);
        text.quote(unit);
    }
    text.quote(index.first("business", "environment"));
    text.quote(index.first("business", "criticality"));
}

/// The closest requirement of each framework; the ticket's table has them all.
auto one_of_each_framework(const Index& index) -> Items {
    Items some;
    std::set<std::string> seen;
    for (const auto* item : index.all("regulation", all_of_a_kind)) {
        const auto citation = normalise_citation(item->value);
        const auto framework = citation ? citation->framework : item->value;
        if (some.size() < regulations_shown && seen.insert(framework).second) some.push_back(item);
    }
    return some;
}

void write_rest(const Index& index, Text& text) {
    for (const auto* regulation : one_of_each_framework(index)) text.quote(regulation);
    bool is_first = true;
    for (const auto* step : index.all("remediation", steps_shown)) {
        if (!step->origin.ends_with(":remediation")) {
            text.quote(step);
            continue;
        }
        auto words = step->value;
        while (words.ends_with('.')) words.pop_back();
        text.add({.text = fmt::format("{}: {}.", is_first ? "To do first" : "Then", words), .evidence = {step->id}});
        is_first = false;
    }
    for (const auto* gap : index.all("gap", others_shown)) text.quote(gap);
    for (const auto* warning : index.all("tampering", others_shown)) text.quote(warning);
}

/// What is exposed, how bad it is, whose it is. Falls back to the plainest true sentence.
auto summary_of(const Index& index, const EvidenceList& evidence) -> std::string {
    Draft what;
    what.add(index.first("severity", "severity"), "A finding of the severity ");
    what.add(index.first("exposure", "exposure"), ", exposure ");
    what.say(" on ");
    const bool has_resource = resource_words(index, what);
    what.add(index.first("location", "resource.account"), " in the account ");
    what.add(index.first("data", "data.classes"), ", with data of the classes ");
    std::string summary;
    if (has_resource && !objection(what.sentence(), evidence)) {
        summary = what.sentence().text;
    } else if (const auto* severity = index.first("severity", "severity")) {
        summary = fmt::format("A finding of the severity {}.", severity->value);
    } else {
        summary = "A finding was reported.";
    }
    if (const auto* owner = index.first("owner", "owner")) {
        const Sentence sentence{.text = owner->statement, .evidence = {owner->id}};
        if (!objection(sentence, evidence)) summary += " " + owner->statement;
    }
    return summary;
}

} // namespace

auto narrate_by_template(const EvidenceList& evidence) -> Narrative {
    const Index index(evidence);
    Text text(evidence);
    write_what(index, text);
    write_rating(index, text);
    write_exposure(index, text);
    write_access(index, text);
    write_surroundings(index, text);
    write_owner(index, text);
    write_business(index, text);
    write_rest(index, text);

    Narrative narrative;
    narrative.author = "template";
    narrative.provider = "template";
    narrative.summary = summary_of(index, evidence);
    narrative.sentences = text.take();
    narrative.evidence = evidence;
    return narrative;
}

} // namespace dossier::explain
