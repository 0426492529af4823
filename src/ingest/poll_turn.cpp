#include "poll_turn.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"

#include <algorithm>
#include <iterator>
#include <random>

namespace dossier::ingest {

namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_pause{10};
constexpr Duration longest_wait_for_room{2'000};
constexpr Duration first_backoff{1'000};
constexpr int most_doublings = 10;

/// A tenth more or less, so that sources and replicas don't all ask at the same moment.
auto about(Duration span) -> Duration {
    thread_local std::minstd_rand random(std::random_device{}());
    return Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) *
                                               std::uniform_real_distribution(0.9, 1.1)(random)));
}

auto backoff(int failures, Duration every, const Error& error) -> Duration {
    const auto grown = first_backoff * (1 << std::min(failures, most_doublings));
    return std::max(about(std::min(grown, every)), error.retry_after.value_or(Duration{0}));
}

} // namespace

auto PollTurn::take() -> Task<Result<bool>> {
    auto taken = co_await store_.acquire_singleton(name_, replica_, clock_.now(), lease);
    if (!taken) co_return fail(std::move(taken.error()));
    held_ = std::move(*taken);
    co_return held_.has_value();
}

auto PollTurn::keep() -> Task<Result<void>> {
    if (!held_) co_return fail(Errc::conflict, name_ + " is not ours");
    auto kept = co_await store_.renew_singleton(*held_, clock_.now() + lease);
    if (!kept && kept.error().code == Errc::conflict) held_.reset();
    co_return kept;
}

auto PollTurn::cursor(std::string value) const -> store::CursorMove {
    return {.name = name_, .value = std::move(value), .fence = held_ ? held_->fence : 0};
}

auto hand_in(const PollStation& station, PollTurn& turn, store::Via via, std::vector<store::IntakeItem> items,
             std::string from, std::string to) -> Task<Result<void>> {
    const auto piece = station.receiver.piece();
    std::size_t done = 0;
    auto pause = shortest_pause;
    do {
        const auto end = std::min(done + piece, items.size());
        std::vector<store::IntakeItem> some(items.begin() + static_cast<std::ptrdiff_t>(done),
                                            items.begin() + static_cast<std::ptrdiff_t>(end));
        Arrival arrival{.via = via, .request_id = turn.name(), .cursor = turn.cursor(end == items.size() ? to : from)};
        fault_point("poll.read");
        auto taken = co_await station.receiver.take_found(station.api->source(), std::move(some), std::move(arrival));
        if (taken) {
            fault_point("poll.stored");
            done = end;
            pause = shortest_pause;
            continue;
        }
        if (taken.error().code != Errc::overloaded) co_return fail(std::move(taken.error()));
        if (auto kept = co_await turn.keep(); !kept) co_return fail(std::move(kept.error()));
        if (!co_await sleep_for(pause)) co_return fail(Errc::cancelled, "stopped while waiting for room");
        pause = std::min(pause * 2, longest_wait_for_room);
    } while (done < items.size());
    co_return Result<void>{};
}

auto poll_for_ever(const PollStation& station, PollTurn& turn, Duration every, std::function<Task<Result<bool>>()> look)
    -> Task<void> {
    const auto& source = station.api->source();
    auto next = std::chrono::steady_clock::now();
    int failures = 0;
    for (;;) {
        if (std::chrono::steady_clock::now() >= next) {
            const auto looked = co_await look();
            Duration pause = looked && !*looked ? std::min(every, PollTurn::lease / 3) : about(every);
            if (!looked && looked.error().code == Errc::cancelled) co_return;
            if (!looked) {
                pause = backoff(failures, every, looked.error());
                if (failures++ == 0)
                    log::warn("poll.failing", {{"poller", turn.name()}, {"error", looked.error().describe()}});
            } else if (failures > 0) {
                failures = 0;
                log::info("poll.recovered", {{"poller", turn.name()}});
            }
            const auto* outcome = !looked ? "failed" : *looked ? "done" : "not_ours";
            station.metrics.count("dossier_polls_total", {{"poller", turn.name()}, {"outcome", outcome}});
            next = std::chrono::steady_clock::now() + pause;
        } else if (const auto held = co_await turn.take(); !held) {
            log::debug("poll.turn_unknown", {{"source", source}, {"error", held.error().describe()}});
        }
        // Short steps: the turn is prolonged between two looks, too.
        const auto left = std::chrono::duration_cast<Duration>(next - std::chrono::steady_clock::now());
        if (!co_await sleep_for(std::clamp(left, Duration{1}, PollTurn::lease / 3))) co_return;
    }
}

} // namespace dossier::ingest
