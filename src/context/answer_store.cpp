#include "answer_store.hpp"

#include <algorithm>

namespace dossier::context {
namespace {

auto place_of(const std::string& source, std::string_view key) -> std::string {
    auto place = source;
    place += '\n';
    place += key;
    return place;
}

} // namespace

AnswerStore::AnswerStore(std::size_t entries, Metrics& metrics, Now now)
    : metrics_(metrics), now_(std::move(now)), room_(std::max<std::size_t>(1, entries)) {}

auto AnswerStore::find(const std::string& source, std::string_view key) -> std::optional<Kept> {
    const auto place = place_of(source, key);
    const auto time = now_();
    const std::scoped_lock lock(mutex_);
    const auto found = by_place_.find(place);
    if (found == by_place_.end()) return std::nullopt;
    if (found->second->kept.usable_until <= time) {
        forget(found->second);
        return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->kept;
}

void AnswerStore::put(const std::string& source, std::string_view key, Kept kept, std::size_t weight) {
    auto place = place_of(source, key);
    const std::scoped_lock lock(mutex_);
    if (const auto old = by_place_.find(place); old != by_place_.end()) forget(old->second);
    weight = std::max<std::size_t>(1, weight);
    if (weight > room_) return;
    while (weight_ + weight > room_) {
        const auto last = std::prev(entries_.end());
        metrics_.count("dossier_context_cache_evictions_total", {{"source", last->source}});
        forget(last);
    }
    entries_.push_front({.place = std::move(place), .source = source, .kept = std::move(kept), .weight = weight});
    by_place_.emplace(entries_.front().place, entries_.begin());
    weight_ += weight;
    metrics_.set("dossier_context_cache_entries", static_cast<double>(++entries_of_[source]), {{"source", source}});
}

void AnswerStore::count(const std::string& source, std::string_view outcome) {
    metrics_.count("dossier_context_cache_total", {{"source", source}, {"outcome", outcome}});
}

void AnswerStore::forget(Entries::iterator entry) {
    metrics_.set("dossier_context_cache_entries", static_cast<double>(--entries_of_[entry->source]),
                 {{"source", entry->source}});
    weight_ -= entry->weight;
    by_place_.erase(entry->place);
    entries_.erase(entry);
}

} // namespace dossier::context
