#include "chat_card.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/draft_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace dossier::approve {
namespace {

constexpr std::size_t most_summary = 1'200;
constexpr std::size_t most_laws = 4;
constexpr std::size_t most_reach = 3;

/// The parts of a dossier's current revision, each as far as it was stored.
struct ChatParts {
    std::vector<Finding> findings; ///< most severe first
    Context context;
    Assessment assessment;
    Narrative narrative;
    bool is_explained = false;
};

template <class T>
auto take(const store::StageResult& result, T& into) -> bool {
    auto value = from_text<T>(result.body);
    if (value) into = std::move(*value);
    return value.has_value();
}

auto parts_of(const store::DossierRow& dossier) -> ChatParts {
    ChatParts parts;
    for (const auto& row : dossier.findings) {
        auto finding = from_text<Finding>(row.doc);
        if (!finding) continue;
        finding->id = row.id;
        parts.findings.push_back(std::move(*finding));
    }
    most_severe_first(parts.findings);
    for (const auto& result : dossier.results) {
        if (result.revision != dossier.revision) continue;
        if (result.stage == Stage::enriched) take(result, parts.context);
        if (result.stage == Stage::assessed) take(result, parts.assessment);
        if (result.stage == Stage::explained) parts.is_explained = take(result, parts.narrative);
    }
    return parts;
}

auto words(std::vector<std::string> all, std::string_view separator) -> std::string {
    std::erase(all, "");
    return join(all, separator);
}

auto owner_line(const Owner& owner) -> std::string {
    if (!owner.known()) return "not known";
    const auto& name = owner.name.empty() ? (owner.email.empty() ? owner.id : owner.email) : owner.name;
    auto line = fmt::format("{} ({:.0f} % sure)", name, owner.confidence * 100);
    if (owner.disputed) line += ", disputed";
    if (!owner.inactive.empty()) line += fmt::format("; has left, ask {}", owner.escalation);
    return line;
}

auto laws_of(const Assessment& assessment) -> std::vector<std::string> {
    std::vector<std::string> laws;
    for (const auto& one : assessment.regulations)
        if (std::ranges::find(laws, one.framework) == laws.end()) laws.push_back(one.framework);
    if (laws.size() > most_laws) {
        const auto more = laws.size() - most_laws;
        laws.resize(most_laws);
        laws.push_back(fmt::format("{} more", more));
    }
    return laws;
}

auto touches_line(const Finding& finding, const Assessment& assessment) -> std::string {
    auto data = join(finding.data.classes, ", ");
    if (finding.data.volume) data += fmt::format("{}about {} records", data.empty() ? "" : ", ", *finding.data.volume);
    const auto line = words({data, join(laws_of(assessment), ", ")}, "; ");
    return line.empty() ? "not known" : line;
}

auto reach_line(const ChatParts& parts) -> std::string {
    std::vector<std::string> lines = parts.assessment.reach;
    if (lines.empty())
        for (const auto& one : parts.context.access) lines.push_back(words({one.kind, one.id, one.level}, " "));
    if (lines.size() > most_reach) {
        const auto more = lines.size() - most_reach;
        lines.resize(most_reach);
        lines.push_back(fmt::format("{} more", more));
    }
    for (auto& line : lines)
        if (line.ends_with('.')) line.pop_back();
    return lines.empty() ? "not known" : join(lines, "; ");
}

auto kind_in_words(const Draft& draft) -> std::string {
    if (draft.kind == "tags") return "classification";
    return draft.kind;
}

auto with_evidence(const Sentence& sentence) -> std::string {
    return sentence.evidence.empty() ? sentence.text
                                     : fmt::format("{} [{}]", sentence.text, join(sentence.evidence, ", "));
}

} // namespace

auto card_of(Draft draft, const store::DossierRow& dossier) -> ChatCard {
    const auto parts = parts_of(dossier);
    ChatCard card;
    card.kind = kind_in_words(draft);
    card.owner = owner_line(parts.context.owner);
    card.exposure = "unknown";
    if (!parts.findings.empty()) {
        const auto& finding = parts.findings.front();
        const auto& resource = finding.resource;
        card.resource = resource.id.empty() ? resource.name : resource.id;
        card.place = words({resource.cloud, resource.account, resource.account_name, resource.region}, " / ");
        card.exposure = to_string(finding.exposure);
        card.touches = touches_line(finding, parts.assessment);
        const bool is_web = finding.url.starts_with("https://") || finding.url.starts_with("http://");
        if (is_web) card.finding_url = finding.url;
        card.platform = finding.platform;
    }
    card.environment = parts.context.environment == Environment::unknown ? "unknown (treated as prod)"
                                                                         : to_string(parts.context.environment);
    card.reach = reach_line(parts);
    card.summary = shorten(parts.narrative.summary, most_summary);
    if (card.summary.empty() && !parts.narrative.sentences.empty()) {
        std::vector<std::string> sentences;
        for (const auto& sentence : parts.narrative.sentences) sentences.push_back(sentence.text);
        card.summary = shorten(join(sentences, " "), most_summary);
    }
    card.draft = std::move(draft);
    return card;
}

auto outcome_of(const Draft& draft) -> std::string {
    if (draft.state == DraftState::pending) return "";
    auto line = std::string(to_string(draft.state));
    if (draft.state == DraftState::posted) line = draft.decided_by.empty() ? "posted" : "approved";
    if (!draft.decided_by.empty()) line += " by " + draft.decided_by;
    if (draft.decided_at)
        line += fmt::format(" on {} UTC", format_time(*draft.decided_at).substr(0, 16).replace(10, 1, " "));
    if (!draft.comment.empty()) line += ": " + draft.comment;
    return line;
}

auto explanation_of(const store::DossierRow& dossier) -> ChatText {
    const auto parts = parts_of(dossier);
    ChatText text;
    if (parts.findings.empty()) {
        text.title = "Dossier " + dossier.id;
        text.paragraphs.emplace_back("It holds drafts alone, and no finding.");
        return text;
    }
    const auto& finding = parts.findings.front();
    text.title = finding.title;
    text.url = finding.url;
    if (!parts.is_explained) {
        text.paragraphs.push_back(fmt::format("Nothing is written yet: the finding is {}.",
                                              replace_all(std::string(to_string(dossier.stage)), "_", " ")));
        return text;
    }
    const auto& narrative = parts.narrative;
    std::vector<std::string> sentences;
    for (const auto& sentence : narrative.sentences) sentences.push_back(with_evidence(sentence));
    text.paragraphs.push_back(sentences.empty() ? narrative.summary : join(sentences, "\n"));
    text.paragraphs.push_back(fmt::format("Risk {} of 100. Owner: {}. Exposure: {}. Touches: {}. Reach: {}.",
                                          std::lround(parts.assessment.risk), owner_line(parts.context.owner),
                                          to_string(finding.exposure), touches_line(finding, parts.assessment),
                                          reach_line(parts)));
    std::vector<std::string> steps;
    for (const auto& step : parts.assessment.remediation)
        steps.push_back(fmt::format("{}. {}", steps.size() + 1, step.text));
    if (!steps.empty()) text.paragraphs.push_back("What to do:\n" + join(steps, "\n"));
    std::set<std::string> cited;
    for (const auto& sentence : narrative.sentences) cited.insert(sentence.evidence.begin(), sentence.evidence.end());
    std::vector<std::string> evidence;
    for (const auto& one : narrative.evidence)
        if (cited.contains(one.id)) evidence.push_back(fmt::format("{}: {} ({})", one.id, one.statement, one.origin));
    if (!evidence.empty()) text.paragraphs.push_back("Evidence:\n" + join(evidence, "\n"));
    std::vector<std::string> gaps;
    for (const auto& gap : parts.context.gaps) gaps.push_back(fmt::format("{}: {}", gap.source, gap.reason));
    if (!gaps.empty()) text.paragraphs.push_back("Missing context:\n" + join(gaps, "\n"));
    text.paragraphs.push_back(fmt::format("{}, written by {}.", ticket::guidance_notice,
                                          narrative.author == "llm" ? narrative.provider + " / " + narrative.model
                                                                    : "the built-in template"));
    return text;
}

} // namespace dossier::approve
