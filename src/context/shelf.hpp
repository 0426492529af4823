#pragma once
// Things that many answers of one source point at (people, services, groups), kept for a while so that they are read
// once: a small bounded table by key. Callable from any lane.

#include "dossier/base/units.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace dossier::context {

template <class T>
class Shelf {
public:
    explicit Shelf(Duration ttl, std::size_t most = 10'000) : ttl_(ttl), most_(most) {}

    [[nodiscard]] auto find(const std::string& key) -> std::optional<T> {
        const std::scoped_lock lock(mutex_);
        const auto found = things_.find(key);
        if (found == things_.end() || found->second.until <= std::chrono::steady_clock::now()) return std::nullopt;
        return found->second.thing;
    }
    void put(const std::string& key, T thing) {
        const std::scoped_lock lock(mutex_);
        if (things_.size() >= most_ && !things_.contains(key)) things_.clear(); // read again: dearer, never wrong
        things_.insert_or_assign(key, Kept{std::move(thing), std::chrono::steady_clock::now() + ttl_});
    }

private:
    struct Kept {
        T thing;
        std::chrono::steady_clock::time_point until;
    };
    Duration ttl_;
    std::size_t most_;
    std::mutex mutex_;
    std::map<std::string, Kept> things_;
};

} // namespace dossier::context
