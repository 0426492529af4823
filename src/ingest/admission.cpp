#include "admission.hpp"

#include "dossier/base/log.hpp"

#include <algorithm>
#include <cmath>

namespace dossier::ingest {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view full = "queue_full";
constexpr std::string_view over_share = "over_share";
constexpr auto shortest_look = 1s; ///< at the pace
constexpr auto longest_look = 10s; ///< what happened in between says little about now
constexpr Duration wait_unknown = 2s;
constexpr Duration shortest_wait = 1s;
constexpr Duration longest_wait = 30s;

} // namespace

auto why_refused(const Error& error) -> std::string_view {
    const auto reason = std::ranges::find(error.context, "reason", &std::pair<std::string, std::string>::first);
    return reason != error.context.end() && reason->second == over_share ? over_share : full;
}

Admission::Admission(std::size_t capacity, const store::IntakeStore& store)
    : bound_(static_cast<std::int64_t>(capacity)), store_(store) {}

auto Admission::take(const std::string& source, std::size_t items, Patience patience, Time now) -> Result<Place> {
    const auto count = static_cast<std::int64_t>(items);
    const std::scoped_lock lock(mutex_);
    if (auto checked = check(source, count, patience, now); !checked) return fail(std::move(checked.error()));
    committing_[source] += count;
    committing_in_all_ += count;
    return Place(*this, source, count);
}

auto Admission::look(const std::string& source, std::size_t items, Patience patience, Time now) -> Result<void> {
    const std::scoped_lock lock(mutex_);
    return check(source, static_cast<std::int64_t>(items), patience, now);
}

void Admission::accepted(std::size_t items) {
    const std::scoped_lock lock(mutex_);
    pace_.accepted += static_cast<std::int64_t>(items);
}

void Admission::give_back(const std::string& source, std::int64_t items) {
    const std::scoped_lock lock(mutex_);
    committing_in_all_ -= items;
    const auto held = committing_.find(source);
    if (held != committing_.end() && (held->second -= items) <= 0) committing_.erase(held);
}

/// A delivery larger than a whole bound still gets in when nothing else is waiting: it could never come in else.
auto Admission::check(const std::string& source, std::int64_t items, Patience patience, Time now) -> Result<void> {
    const auto backlog = static_cast<std::int64_t>(store_.backlog());
    measure(now, backlog);
    const auto capacity = bound_.total();
    const auto waiting = backlog + committing_in_all_;
    if (waiting + items <= capacity / 2) {
        if (std::exchange(is_full_, false)) log::info("queue.has_room", {{"backlog", backlog}});
        return {};
    }
    if (patience == Patience::pushed) bound_.note(source, now);
    if (waiting == 0) return {};
    const auto bound = patience == Patience::pulled ? std::max<std::int64_t>(capacity / 2, 1) : capacity;
    if (waiting >= bound || waiting + items > bound) {
        if (waiting >= capacity && !std::exchange(is_full_, true))
            log::warn("queue.full", {{"backlog", backlog}, {"capacity", capacity}, {"per_second", pace_.per_second}});
        return fail(refusal(full, waiting + items - bound));
    }
    auto held = store_.backlog_by_source();
    for (const auto& [name, count] : committing_) held[name] += count;
    const auto known = held.find(source);
    const auto own = known == held.end() ? 0 : known->second;
    const auto limit = bound_.limit_of(source, held, now);
    if (own > 0 && own + items > limit) return fail(refusal(over_share, own + items - limit));
    return {};
}

auto Admission::refusal(std::string_view reason, std::int64_t excess) const -> Error {
    auto wait = wait_unknown;
    if (pace_.per_second > 0) {
        const auto seconds = std::ceil(static_cast<double>(std::max<std::int64_t>(excess, 1)) / pace_.per_second);
        wait = std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, 3'600.0)));
    }
    return {.code = Errc::overloaded,
            .message = reason == full ? "as many findings are waiting as the queue holds"
                                      : "the source holds its share of the queue, and others want in",
            .context = {{"reason", std::string(reason)}},
            .retry_after = std::clamp(wait, shortest_wait, longest_wait)};
}

/// What came in and is not there any more was worked off.
void Admission::measure(Time now, std::int64_t backlog) {
    const auto span = now - pace_.since;
    if (span < shortest_look) return;
    if (span <= longest_look) {
        const auto done = static_cast<double>(std::max<std::int64_t>(pace_.accepted - (backlog - pace_.backlog), 0));
        const auto measured = done / std::chrono::duration<double>(span).count();
        pace_.per_second = pace_.per_second > 0 ? (pace_.per_second + measured) / 2 : measured;
    }
    pace_.since = now;
    pace_.backlog = backlog;
    pace_.accepted = 0;
}

} // namespace dossier::ingest
