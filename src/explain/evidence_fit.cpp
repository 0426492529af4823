#include "evidence_fit.hpp"

#include "dossier/explain/llm_gateway.hpp"
#include "prompt_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace dossier::explain {
namespace {

/// Kinds by what an explanation can't do without; what isn't named stands behind all of these.
constexpr std::array<std::pair<std::string_view, int>, 27> ranks{
    {{"severity", 0},        {"finding", 0},     {"resource", 0},      {"exposure", 0},      {"tampering", 0},
     {"owner", 1},           {"data", 1},        {"environment", 1},   {"risk", 1},          {"regulation", 1},
     {"remediation", 2},     {"rule", 2},        {"access", 2},        {"exposure_path", 2}, {"gap", 2},
     {"location", 2},        {"criticality", 2}, {"business", 2},      {"control", 3},       {"compliance", 3},
     {"policy", 3},          {"application", 3}, {"business_unit", 3}, {"status", 3},        {"support_group", 4},
     {"owner_candidate", 4}, {"time", 4}}};
constexpr int last_rank = 5;

auto rank_of(std::string_view kind) -> int {
    const auto* const at = std::ranges::find(ranks, kind, &std::pair<std::string_view, int>::first);
    return at == ranks.end() ? last_rank : at->second;
}

struct Candidate {
    int rank = 0;
    int nth = 0; ///< of its kind: the first of each kind says more than the tenth of one
    std::size_t position = 0;
    friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

/// No less than what the lines take, without writing them: a byte takes six with its escape, and a byte of a line has
/// at most one and a third tokens.
auto most_tokens(const EvidenceList& evidence) -> std::size_t {
    constexpr std::size_t of_a_byte = 8;
    constexpr std::size_t around_a_line = 128;
    std::size_t most = 0;
    for (const auto& item : evidence)
        most += around_a_line + of_a_byte * (item.id.size() + item.kind.size() + item.statement.size() +
                                             item.value.size() + item.origin.size());
    return most;
}

struct Lost {
    int lost = 0;
    int all = 0;
};

} // namespace

auto fit_evidence(std::shared_ptr<const EvidenceList> all, std::size_t room) -> FittedEvidence {
    const auto& evidence = *all;
    if (most_tokens(evidence) <= room) return {.shown = std::move(all), .left_out = {}};
    // Line by line each may take one token more than in the whole.
    if (estimate_tokens(evidence_lines(evidence)) + evidence.size() <= room)
        return {.shown = std::move(all), .left_out = {}};
    std::map<std::pair<int, std::string>, Lost> kinds; // in the order of their weight
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < evidence.size(); ++i) {
        const auto rank = rank_of(evidence[i].kind);
        auto& kind = kinds[{rank, evidence[i].kind}];
        candidates.push_back({.rank = rank, .nth = kind.all++, .position = i});
    }
    std::ranges::sort(candidates);
    std::vector<bool> is_shown(evidence.size(), false);
    for (const auto& candidate : candidates) {
        const auto tokens = estimate_tokens(evidence_lines({evidence[candidate.position]}));
        if (tokens > room) {
            ++kinds[{candidate.rank, evidence[candidate.position].kind}].lost;
            continue; // a shorter one may still fit
        }
        room -= tokens;
        is_shown[candidate.position] = true;
    }
    EvidenceList shown;
    for (std::size_t i = 0; i < evidence.size(); ++i)
        if (is_shown[i]) shown.push_back(evidence[i]);
    FittedEvidence fitted{.shown = std::make_shared<const EvidenceList>(std::move(shown)), .left_out = {}};
    for (const auto& [kind, count] : kinds)
        if (count.lost > 0)
            fitted.left_out.push_back(fmt::format("{} of {} items of {}", count.lost, count.all, kind.second));
    return fitted;
}

} // namespace dossier::explain
