#include "drafted_check.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace dossier::explain {
namespace {

/// "Art. 32" and "e.g. this" end no sentence.
auto ends_with_abbreviation(std::string_view text) -> bool {
    static constexpr std::array abbreviations = {"art.", "e.g.", "i.e.",    "no.",  "vs.",
                                                 "sec.", "req.", "approx.", "rev.", "lit."};
    const auto blank = text.rfind(' ');
    auto last = lower(blank == std::string_view::npos ? text : text.substr(blank + 1));
    while (!last.empty() && last.front() == '(') last.erase(0, 1);
    return std::ranges::find(abbreviations, last) != abbreviations.end();
}

auto sentences_of(std::string_view text) -> std::vector<std::string> {
    std::vector<std::string> sentences;
    std::size_t begin = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const bool stops = text[i] == '.' || text[i] == '!' || text[i] == '?';
        if (!stops || std::isspace(static_cast<unsigned char>(text[i + 1])) == 0) continue;
        const auto sentence = trim(text.substr(begin, i + 1 - begin));
        if (ends_with_abbreviation(sentence)) continue;
        sentences.emplace_back(sentence);
        begin = i + 1;
    }
    if (const auto rest = trim(text.substr(begin)); !rest.empty()) sentences.emplace_back(rest);
    return sentences;
}

} // namespace

auto check_draft(const DraftedNarrative& draft, const EvidenceList& evidence) -> CheckedDraft {
    Grounding grounding(evidence);
    CheckedDraft checked;
    std::string wrong_with_summary;
    for (auto& text : sentences_of(draft.summary)) {
        const auto objected = grounding.objection({.text = std::move(text), .evidence = draft.summary_evidence});
        if (objected && wrong_with_summary.empty()) wrong_with_summary = *objected;
    }
    if (wrong_with_summary.empty()) {
        checked.summary = trim(draft.summary);
    } else {
        checked.removed.push_back({.text = draft.summary, .reason = "summary: " + wrong_with_summary});
    }
    for (const auto& sentence : draft.sentences) {
        if (const auto objected = grounding.objection(sentence)) {
            checked.removed.push_back({.text = sentence.text, .reason = *objected});
        } else {
            checked.kept.push_back(sentence);
        }
    }
    const auto all = static_cast<double>(draft.sentences.size() + 1);
    checked.score = (all - static_cast<double>(checked.removed.size())) / all;
    return checked;
}

auto repair_message(const CheckedDraft& checked) -> std::string {
    std::string message = "Parts of your answer are not supported by the evidence they cite:\n";
    for (const auto& removed : checked.removed)
        message += fmt::format("- \"{}\": {}.\n", shorten(removed.text, 300), shorten(removed.reason, 300));
    message +=
        "Answer again with the whole JSON object. Correct these sentences from the evidence or leave them out, and "
        "keep the others.";
    return message;
}

} // namespace dossier::explain
