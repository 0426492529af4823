#include "dossier/ticket/tracker_poller.hpp"

#include "dossier/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

using namespace std::chrono_literals;

constexpr Duration poll_lease = 90s;
constexpr Duration longest_look = 60s; // no call may outlast the lease that was prolonged before it
constexpr Duration first_pause_after_failure = 1s;
constexpr int most_pages = 200;

} // namespace

TrackerPoller::TrackerPoller(std::shared_ptr<TicketSink> sink, store::PollStore& polls, store::TicketStore& tickets,
                             TrackerPollConfig config, const Clock& clock, Metrics& metrics)
    : sink_(std::move(sink)),
      polls_(polls),
      tickets_(tickets),
      config_(std::move(config)),
      clock_(clock),
      metrics_(metrics) {}

auto TrackerPoller::name() const -> std::string { return "tracker:" + sink_->name(); }

auto TrackerPoller::look() -> Task<Result<bool>> {
    const auto began = clock_.now();
    auto held = co_await polls_.acquire_singleton(name(), config_.replica, began, poll_lease);
    if (!held) co_return fail(std::move(held.error()));
    if (!*held) co_return false;
    auto cursor = co_await polls_.get_cursor(name());
    if (!cursor) co_return fail(std::move(cursor.error()));
    Duration back = config_.first_back;
    if (*cursor) {
        const auto last = parse_time((*cursor)->value);
        const auto since = last ? std::chrono::duration_cast<Duration>(began - *last) : config_.first_back;
        if (last && since < config_.every / 2) co_return false;
        back = std::max(since, Duration{0}) + config_.overlap;
    }
    auto done = co_await read_all(std::move(**held), back, began);
    if (!done) co_return fail(std::move(done.error()));
    co_return true;
}

auto TrackerPoller::read_all(store::Singleton held, Duration back, Timestamp began) -> Task<Result<void>> {
    std::string page;
    for (int pages = 0;; ++pages) {
        auto found = co_await sink_->changes(back, page, deadline_in(longest_look));
        if (!found) co_return fail(std::move(found.error()));
        const bool is_last = found->next.empty() || found->next == page || pages == most_pages;
        if (auto kept = co_await polls_.renew_singleton(held, clock_.now() + poll_lease); !kept)
            co_return fail(std::move(kept.error()));
        store::TicketNews news;
        news.sink = sink_->name();
        news.at = clock_.now();
        for (const auto& change : found->tickets) {
            auto event_id = change.mark.empty() ? std::string() : fmt::format("poll:{}@{}", change.id, change.mark);
            news.sightings.push_back({.key = change.key, .remote_id = change.id, .event_id = std::move(event_id)});
        }
        if (is_last) news.cursor = store::CursorMove{.name = name(), .value = format_time(began), .fence = held.fence};
        auto noted = co_await tickets_.note_ticket_news(std::move(news));
        if (!noted) co_return fail(std::move(noted.error()));
        metrics_.count("dossier_tracker_events_total", {{"sink", sink_->name()}, {"outcome", "polled"}},
                       static_cast<double>(noted->noted));
        if (is_last) co_return Result<void>{};
        page = std::move(found->next);
    }
}

auto TrackerPoller::run() -> Task<void> {
    int failures = 0;
    for (;;) {
        const auto looked = co_await look();
        auto pause = config_.every;
        const auto* outcome = !looked ? "failed" : *looked ? "done" : "not_ours";
        metrics_.count("dossier_polls_total", {{"poller", name()}, {"outcome", outcome}});
        if (!looked) {
            if (looked.error().code == Errc::cancelled) co_return;
            if (failures++ == 0) log::warn("poll.failing", {{"poller", name()}, {"error", looked.error().describe()}});
            const auto grown = first_pause_after_failure * (1 << std::min(failures, 10));
            pause = std::max(std::min(grown, config_.every), looked.error().retry_after.value_or(Duration{0}));
        } else if (failures > 0) {
            failures = 0;
            log::info("poll.recovered", {{"poller", name()}});
        }
        if (!co_await sleep_for(pause)) co_return;
    }
}

} // namespace dossier::ticket
