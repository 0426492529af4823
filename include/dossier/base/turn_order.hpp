#pragma once
// Whose turn it is, where many wait for the same. What waits stands in flows, one for each source and severity. Every
// flow is owed a share of the turns that goes by its severity alone, so sources are equals and worse findings come
// first without keeping the others out for ever: while all wait, a flow of `critical` gets 8 turns for one of `high`,
// 32 for one of `medium`, 128 for one of `low`, 256 for one of `informational`. What waits gains with every turn of
// others, which is all the ageing there is: no clock, no figures to tune. A share that nobody wants goes to the others.
//
// This is self-clocked fair queueing (Golestani, INFOCOM 1994): the next in each flow has a finish tag, the smallest is
// served, and its tag is the time by which flows that wake up are placed. Not thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// Findings of one source and severity. By default what a person waits for: theirs comes first.
struct Flow {
    static constexpr std::int64_t first = 4; ///< the rank of `critical`

    std::string source;
    std::int64_t severity = first; ///< its rank, from 0

    friend auto operator<=>(const Flow&, const Flow&) = default;
};

class TurnOrder {
public:
    /// The next `limit` turns as indexes into `waiting`, as if no flow had an end. Flows that don't wait are forgotten:
    /// who comes back has neither debts nor savings.
    [[nodiscard]] auto next(const std::vector<Flow>& waiting, std::size_t limit) -> std::vector<std::size_t>;

private:
    std::map<Flow, std::int64_t> tags_; ///< finish tag of each flow's next
    std::int64_t time_ = 0;             ///< the tag that was served last
};

/// So many of a flow.
struct Share {
    const Flow* flow = nullptr;
    std::size_t most = 0;
};

/// Fills up to `limit` turns: asks `take` for each flow's share, and again where a flow had fewer than its share.
/// @param take gives the first of each share; its answer has those of share i at i
template <class Item>
[[nodiscard]] auto take_in_turn(TurnOrder& order, std::vector<Flow> waiting, std::size_t limit,
                                const std::function<std::vector<std::vector<Item>>(const std::vector<Share>&)>& take)
    -> std::vector<Item> {
    std::vector<Item> taken;
    while (taken.size() < limit && !waiting.empty()) {
        const auto turns = order.next(waiting, limit - taken.size());
        std::vector<std::size_t> wanted(waiting.size(), 0);
        for (const auto flow : turns) ++wanted[flow];
        std::vector<Share> shares;
        std::vector<std::size_t> share_of(waiting.size(), 0);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            share_of[i] = shares.size();
            if (wanted[i] > 0) shares.push_back({.flow = &waiting[i], .most = wanted[i]});
        }
        auto given = take(shares);
        std::vector<std::size_t> used(shares.size(), 0);
        for (const auto flow : turns) {
            auto& next = used[share_of[flow]];
            auto& items = given[share_of[flow]];
            if (next < items.size()) taken.push_back(std::move(items[next++]));
        }
        std::vector<Flow> left; // those that may have more
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (wanted[i] == 0 || given[share_of[i]].size() == wanted[i]) left.push_back(std::move(waiting[i]));
        }
        if (left.size() == waiting.size()) break;
        waiting = std::move(left);
    }
    return taken;
}

} // namespace dossier
