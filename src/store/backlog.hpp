#pragma once
// Acknowledged findings whose automatic stages are not done, by source, kept in memory beside the database: whoever
// takes deliveries asks for each of them. Told by writers what their commits moved, and set anew where somebody else
// has written.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>

namespace dossier::store {

class Backlog {
public:
    using BySource = std::map<std::string, std::int64_t, std::less<>>;
    struct Move {
        std::string source;
        std::int64_t by = 0;
    };

    void set(BySource counts) {
        const std::scoped_lock lock(mutex_);
        counts_ = std::move(counts);
        publish();
    }
    void apply(std::span<const Move> moves) {
        if (moves.empty()) return;
        const std::scoped_lock lock(mutex_);
        for (const auto& move : moves) {
            auto& count = counts_[move.source];
            count += move.by;
            if (count <= 0) counts_.erase(move.source);
        }
        publish();
    }
    [[nodiscard]] auto total() const -> std::size_t { return total_.load(std::memory_order_relaxed); }
    [[nodiscard]] auto by_source() const -> BySource {
        const std::scoped_lock lock(mutex_);
        return counts_;
    }

private:
    void publish() {
        std::int64_t total = 0;
        for (const auto& [source, count] : counts_) total += count;
        total_.store(static_cast<std::size_t>(total), std::memory_order_relaxed);
    }

    mutable std::mutex mutex_;
    BySource counts_;
    std::atomic<std::size_t> total_ = 0;
};

} // namespace dossier::store
