#include "dossier/pipeline/worker_pool.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <map>
#include <mutex>

namespace dossier::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t claim_block = 64;
constexpr std::size_t least_running = 16;
constexpr auto most_lag = 50ms;
constexpr auto noticed_step = 1s;  // of the wall clock, back
constexpr auto longest_pause = 1s; // the wake-up is a hint; the store is asked at least this often

} // namespace

struct WorkerPool::Impl : std::enable_shared_from_this<WorkerPool::Impl> {
    Impl(Runtime& runtime_, store::Store& store_, Advance advance_, QueueConfig config_, const Clock& clock_,
         Metrics& metrics_)
        : runtime(runtime_),
          store(store_),
          advance(std::move(advance_)),
          config(std::move(config_)),
          clock(clock_),
          metrics(metrics_),
          owner(new_id("wrk")),
          dispatch_lane(runtime_.lane(0)),
          wake(dispatch_lane) {}

    Runtime& runtime;
    store::Store& store;
    Advance advance;
    QueueConfig config;
    const Clock& clock;
    Metrics& metrics;
    std::string owner; ///< names this process in leases
    asio::io_context& dispatch_lane;
    asio::steady_timer wake; ///< touched on the dispatch lane only
    bool woken = false;      ///< same
    std::size_t probed = 0;  ///< lanes, one after the other; same
    std::atomic<bool> stopping = false;
    std::atomic<std::size_t> running = 0;
    std::mutex mutex;
    std::map<std::string, store::Claim> claims; ///< under work, for renewal; guarded by mutex
    TaskScope loops;
    TaskScope work;

    /// The handler may run after the last coroutine has ended, so it keeps what it touches.
    void wake_up() {
        asio::post(dispatch_lane, [self = shared_from_this()] {
            self->woken = true;
            self->wake.cancel();
        });
    }

    /// Work that waits for nobody (no LLM, everything known) is bound by the processor, and taking in more of it only
    /// makes everything on the lanes wait longer, requests as well. So nothing is claimed while a lane needs long to
    /// come to what is posted to it; a few dossiers are always under work, however busy requests keep the lanes.
    auto wait_for_lanes() -> Task<void> {
        for (auto lag = most_lag + 1ms; lag > most_lag && running.load() >= least_running && !stopping;) {
            const auto posted = std::chrono::steady_clock::now();
            co_await asio::post(runtime.lane(probed++ % runtime.size()), asio::use_awaitable);
            lag = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - posted);
        }
    }

    /// Every time in the store is one of the wall clock: where that is set back, work would wait for as long.
    /// @param latest what it showed last; nullopt = it may have been set back while nobody ran
    auto follow_clock(std::optional<Timestamp>& latest) -> Task<void> {
        const auto now = clock.now();
        const bool went_back = latest && now < *latest - noticed_step;
        if (went_back || !latest) {
            const auto done = co_await store.reschedule(now, config.lease, went_back);
            if (!done) co_return; // with `latest` as it was: tried again before the next claim
            if (*done) log::warn("clock.went_back", {{"to", format_time(now)}});
        }
        latest = now;
    }

    auto dispatch() -> Task<void> {
        std::optional<Timestamp> latest;
        while (!stopping) {
            co_await wait_for_lanes();
            woken = false;
            co_await follow_clock(latest);
            const auto claimed = co_await claim_some();
            if (!claimed) {
                log::error("queue.claim_failed", {{"error", claimed.error().describe()}});
                co_await wait_for_wake(longest_pause); // a store that fails isn't helped by being asked at once
                continue;
            }
            metrics.set("dossier_queue_depth", static_cast<double>(store.backlog()));
            metrics.set("dossier_in_flight", static_cast<double>(running.load()));
            if (*claimed == claim_block || woken || stopping) continue;
            co_await pause();
        }
    }

    auto claim_some() -> Task<Result<std::size_t>> {
        const auto busy = running.load();
        if (busy >= config.in_flight) co_return 0U;
        auto taken = co_await store.claim_ready(owner, clock.now(), config.lease,
                                                std::min(claim_block, config.in_flight - busy));
        if (!taken) co_return fail(std::move(taken.error()));
        if (!taken->empty()) fault_point("queue.claimed");
        for (auto& claim : *taken) {
            {
                const std::lock_guard lock(mutex);
                claims[claim.dossier_id] = claim;
            }
            ++running;
            const bool started = work.spawn(runtime.next_lane().get_executor(), "dossier",
                                            [this, claim]() -> Task<void> { return run(claim); });
            if (!started) forget(claim);
        }
        co_return taken->size();
    }

    void forget(const store::Claim& claim) {
        const std::lock_guard lock(mutex);
        // A dossier whose lease was lost may be under work here again, under a newer fence.
        if (const auto held = claims.find(claim.dossier_id); held != claims.end() && held->second.fence == claim.fence)
            claims.erase(held);
        --running;
    }

    auto run(store::Claim claim) -> Task<void> {
        struct Forget {
            Impl& pool;
            const store::Claim& claim;
            ~Forget() {
                pool.forget(claim);
                pool.wake_up();
            }
        } const forget_at_end{*this, claim};
        co_await give_back(co_await advance(claim));
    }

    /// A coroutine of its own: nothing of it is there while the dossier is under work.
    auto give_back(store::Release release) -> Task<void> {
        fault_point("queue.done");
        auto released = co_await store.release(release);
        // A store that can't write (a full disk) will again; until then the dossier stays ours.
        while (!released && released.error().code == Errc::storage && !stopping && co_await sleep_for(longest_pause))
            released = co_await store.release(release);
        // A lost lease is somebody else's dossier now; anything else heals when the lease runs out.
        if (!released && released.error().code != Errc::conflict)
            log::error("queue.release_failed",
                       {{"dossier", release.claim.dossier_id}, {"error", released.error().describe()}});
    }

    auto pause() -> Task<void> {
        auto span = std::chrono::duration_cast<std::chrono::milliseconds>(longest_pause);
        if (running.load() < config.in_flight) {
            const auto next = co_await store.next_ready_at();
            if (next && *next) span = std::clamp(**next - clock.now(), Duration{1}, span);
        }
        co_await wait_for_wake(span);
    }

    auto wait_for_wake(std::chrono::milliseconds span) -> Task<void> {
        if (woken || stopping) co_return;
        wake.expires_after(span);
        boost::system::error_code ignored; // cancelled = woken
        co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    auto renew_leases() -> Task<void> {
        while (co_await sleep_for(config.lease / 3)) {
            std::vector<store::Claim> held;
            {
                const std::lock_guard lock(mutex);
                for (const auto& [id, claim] : claims) held.push_back(claim);
            }
            if (held.empty()) continue;
            if (auto renewed = co_await store.renew(std::move(held), clock.now() + config.lease); !renewed)
                log::warn("queue.renew_failed", {{"error", renewed.error().describe()}});
        }
    }
};

WorkerPool::WorkerPool(Runtime& runtime, store::Store& store, Advance advance, QueueConfig config, const Clock& clock,
                       Metrics& metrics)
    : impl_(std::make_shared<Impl>(runtime, store, std::move(advance), std::move(config), clock, metrics)) {}

WorkerPool::~WorkerPool() = default;

void WorkerPool::start() {
    impl_->store.on_ready([weak = std::weak_ptr(impl_)] {
        if (const auto impl = weak.lock()) impl->wake_up();
    });
    impl_->loops.spawn(impl_->dispatch_lane.get_executor(), "dispatch",
                       [impl = impl_.get()]() -> Task<void> { return impl->dispatch(); });
    impl_->loops.spawn(impl_->runtime.next_lane().get_executor(), "renew_leases",
                       [impl = impl_.get()]() -> Task<void> { return impl->renew_leases(); });
}

auto WorkerPool::stop(Deadline deadline) -> Task<void> {
    impl_->stopping = true;
    impl_->store.on_ready([] {});
    impl_->wake_up();
    co_await impl_->work.close(deadline);
    co_await impl_->loops.close(std::chrono::steady_clock::now());
    if (auto given_back = co_await impl_->store.abandon_leases(impl_->owner); !given_back)
        log::warn("queue.abandon_failed", {{"error", given_back.error().describe()}});
}

auto WorkerPool::in_flight() const -> std::size_t { return impl_->running.load(); }

} // namespace dossier::pipeline
