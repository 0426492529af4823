#include "dossier/base/turn_order.hpp"

#include <algorithm>
#include <array>

namespace dossier {

namespace {

/// What a turn costs its flow, by the rank of its severity: the reciprocal of its share.
constexpr std::array<std::int64_t, Flow::first + 1> costs = {256, 128, 32, 8, 1};

auto cost_of(const Flow& flow) -> std::int64_t {
    return costs[static_cast<std::size_t>(std::clamp<std::int64_t>(flow.severity, 0, Flow::first))];
}

} // namespace

auto TurnOrder::next(const std::vector<Flow>& waiting, std::size_t limit) -> std::vector<std::size_t> {
    decltype(tags_) kept;
    std::vector<std::int64_t*> tags;
    tags.reserve(waiting.size());
    for (const auto& flow : waiting) {
        const auto known = tags_.find(flow);
        tags.push_back(&kept.emplace(flow, known == tags_.end() ? time_ + cost_of(flow) : known->second).first->second);
    }
    tags_ = std::move(kept); // its nodes, and so `tags`, stay where they are
    std::vector<std::size_t> turns;
    turns.reserve(limit);
    while (!waiting.empty() && turns.size() < limit) {
        std::size_t first = 0;
        for (std::size_t i = 1; i < waiting.size(); ++i) {
            const bool is_worse = waiting[i].severity > waiting[first].severity;
            if (*tags[i] < *tags[first] || (*tags[i] == *tags[first] && is_worse)) first = i;
        }
        turns.push_back(first);
        time_ = *tags[first];
        *tags[first] += cost_of(waiting[first]);
    }
    return turns;
}

} // namespace dossier
