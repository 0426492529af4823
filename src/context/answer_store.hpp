#pragma once
// Where kept answers of the context sources lie: one bounded table for all of them, the least recently used go first.
// It knows keys, times and weights and nothing of what an answer is; AnswerCache<T> is the typed way to it. In memory
// only: answers name people, and none of them reaches a disk from here. Callable from any lane.

#include "dossier/base/metrics.hpp"
#include "dossier/base/units.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dossier::context {

class AnswerStore {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Now = std::function<Time()>;

    struct Kept {
        std::shared_ptr<const void> answer;
        Time asked_at;
        Time fresh_until;
        Time usable_until; ///< where nothing better can be had
    };

    /// @param entries most weight kept; a heavy answer counts as several
    AnswerStore(std::size_t entries, Metrics& metrics, Now now = std::chrono::steady_clock::now);

    [[nodiscard]] auto now() const -> Time { return now_(); }
    /// What is kept and still usable; it becomes the most recently used.
    [[nodiscard]] auto find(const std::string& source, std::string_view key) -> std::optional<Kept>;
    void put(const std::string& source, std::string_view key, Kept kept, std::size_t weight);
    /// Counts what became of a question: hit | negative_hit | miss | shared | stale.
    void count(const std::string& source, std::string_view outcome);

private:
    struct Entry {
        std::string place;
        std::string source;
        Kept kept;
        std::size_t weight = 1;
    };
    using Entries = std::list<Entry>; ///< most recently used first

    void forget(Entries::iterator entry);

    Metrics& metrics_;
    Now now_;
    std::size_t room_;
    std::mutex mutex_;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator> by_place_; ///< keys point into entries_
    std::map<std::string, std::size_t> entries_of_;                    ///< by source
    std::size_t weight_ = 0;
};

} // namespace dossier::context
