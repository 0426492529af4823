#include "finding_draft.hpp"

#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t longest_title = 500;

auto on_one_line(std::string text) -> std::string {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return shorten(trim(text), longest_title);
}

void complete_texts(FindingDraft& draft) {
    auto& finding = draft.finding;
    std::string lacks;
    if (finding.title.empty()) {
        finding.title = draft.title_if_none;
        lacks = "title";
    }
    finding.title = on_one_line(std::move(finding.title));
    if (!draft.severity) {
        add_fact(finding, "severity_assumed", "medium");
        lacks += lacks.empty() ? "severity" : ", severity";
    }
    finding.severity = draft.severity.value_or(Severity::medium);
    add_fact(finding, "payload_lacks", std::move(lacks));
}

void derive_data_and_exposure(FindingDraft& draft) {
    auto& finding = draft.finding;
    add_classes_in_prose(finding.data.classes, finding.title);
    add_classes_in_prose(finding.data.classes, finding.rule.name);
    std::ranges::sort(finding.data.classes);
    const auto doubles = std::ranges::unique(finding.data.classes);
    finding.data.classes.erase(doubles.begin(), doubles.end());
    if (finding.exposure == Exposure::unknown) finding.exposure = exposure_from_prose(finding.title);
    if (finding.exposure == Exposure::unknown) finding.exposure = exposure_from_prose(finding.rule.name);
    if (!draft.type) draft.type = finding_type_from_prose(finding.title);
    if (!draft.type && !finding.data.classes.empty()) draft.type = FindingType::sensitive_data;
    finding.finding_type = draft.type.value_or(FindingType::other);
}

} // namespace

auto is_thin(const FindingDraft& draft) -> bool {
    const auto& finding = draft.finding;
    const bool no_resource = finding.resource.id.empty() && finding.resource.name.empty();
    return !finding.source_id.empty() && (finding.title.empty() || !draft.severity || no_resource);
}

auto draft_for(const SourceConfig& config) -> FindingDraft {
    FindingDraft draft;
    draft.finding.source = config.name;
    draft.finding.platform = config.kind;
    return draft;
}

auto complete(FindingDraft draft) -> Result<Finding> {
    if (draft.finding.title.empty() && draft.title_if_none.empty()) {
        return fail(Errc::malformed, "the item names neither a title nor an id that a finding could be told by");
    }
    complete_from_id(draft.finding.resource);
    complete_texts(draft);
    derive_data_and_exposure(draft);
    auto& finding = draft.finding;
    finding.control = control_family_of(finding);
    finding.fingerprint = make_fingerprint(finding);
    if (finding.fingerprint.empty()) {
        return fail(Errc::malformed, "nothing in the item identifies it: no id, no rule with a resource");
    }
    finding.exposure_key = make_exposure_key(finding);
    return std::move(finding);
}

} // namespace dossier::ingest
