#include "evidence_fit.hpp"

#include "dossier/explain/llm_gateway.hpp"
#include "prompt_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dossier::explain {
namespace {

struct Lost {
    int lost = 0;
    int all = 0;
};

} // namespace

auto fit_evidence(EvidenceList evidence, std::size_t room) -> FittedEvidence {
    FittedEvidence fitted;
    std::map<std::string, Lost> kinds;
    std::size_t used = 0;
    for (auto& item : evidence) {
        const auto tokens = estimate_tokens(evidence_lines({item}));
        auto& kind = kinds[item.kind];
        ++kind.all;
        if (tokens > room || used > room - tokens) {
            ++kind.lost;
            continue;
        }
        used += tokens;
        fitted.shown.push_back(std::move(item));
    }
    for (const auto& [kind, count] : kinds)
        if (count.lost > 0) fitted.left_out.push_back(fmt::format("{} of {} items of {}", count.lost, count.all, kind));
    return fitted;
}

} // namespace dossier::explain
