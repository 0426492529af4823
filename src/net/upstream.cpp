#include "dossier/net/upstream.hpp"

#include "dossier/base/log.hpp"
#include "dossier/net/rate_gate.hpp"

#include "circuit_breaker.hpp"
#include "dossier/net/in_flight_limit.hpp"
#include "retry.hpp"

#include <algorithm>

namespace dossier::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A try that was given less than this, because its caller was short of time, says nothing about the other side.
constexpr Duration telling_time{1'000};

} // namespace

struct Upstream::Impl {
    Impl(HttpClient& sender, Metrics& registry, UpstreamConfig settings)
        : client(sender),
          metrics(registry),
          config(std::move(settings)),
          gate(config.rate),
          limit(std::max<std::size_t>(1, config.max_in_flight)),
          breaker(config.breaker) {
        metrics.set("dossier_upstream_in_flight", 0, {{"upstream", config.name}});
        metrics.set("dossier_upstream_circuit_open", 0, {{"upstream", config.name}});
    }

    /// One try as counted: what it ended with, and the breaker told.
    auto try_once(ClientRequest& request, Repeat repeat, Deadline deadline, int attempt) -> Task<TryVerdict>;
    /// Waits for its turn and its place.
    auto enter(Flow flow, Deadline deadline) -> Task<Result<InFlightLimit::Permit>>;
    /// Sends a copy of the request.
    auto send(ClientRequest& request, Repeat repeat, Deadline until) -> Task<Result<HttpResponse>>;
    /// What a try means, counted.
    auto judge(Result<HttpResponse> outcome, Repeat repeat, int attempt, std::chrono::steady_clock::duration took)
        -> TryVerdict;
    void note(CircuitBreaker::Change change);
    void tell_breaker(CircuitBreaker::Leave leave, Health health, bool had_time);
    [[nodiscard]] auto meaning_of(const Result<HttpResponse>& outcome) const -> Meaning {
        if (outcome && config.is_final && config.is_final(*outcome)) return Meaning::last_word;
        if (outcome && config.asks_for_less && config.asks_for_less(*outcome)) return Meaning::slow_down;
        return Meaning::by_status;
    }
    [[nodiscard]] auto circuit_open(Duration wait, int attempt) const -> Error {
        return Error{.code = Errc::unavailable,
                     .message = "not asked: it failed too often of late",
                     .context = {{"upstream", config.name}},
                     .retry_after = wait,
                     .not_sent = attempt == 1};
    }

    HttpClient& client;
    Metrics& metrics;
    UpstreamConfig config;
    RateGate gate;
    InFlightLimit limit;
    CircuitBreaker breaker;
};

namespace {

/// Counts a try as under way, also when its coroutine is torn down.
class InFlightGauge {
public:
    InFlightGauge(Metrics& metrics, const std::string& upstream) : metrics_(metrics), upstream_(upstream) { add(1); }
    ~InFlightGauge() { add(-1); }
    InFlightGauge(const InFlightGauge&) = delete;
    auto operator=(const InFlightGauge&) -> InFlightGauge& = delete;

private:
    void add(double delta) { metrics_.add("dossier_upstream_in_flight", delta, {{"upstream", upstream_}}); }
    Metrics& metrics_;
    const std::string& upstream_;
};

/// A probe whose coroutine is torn down must not keep the circuit half open for ever.
class BreakerVisit {
public:
    BreakerVisit(CircuitBreaker& breaker, CircuitBreaker::Leave leave) : breaker_(breaker), leave_(leave) {}
    ~BreakerVisit() { breaker_.abandoned(leave_); } // nothing, once a verdict was given
    BreakerVisit(const BreakerVisit&) = delete;
    auto operator=(const BreakerVisit&) -> BreakerVisit& = delete;

private:
    CircuitBreaker& breaker_;
    CircuitBreaker::Leave leave_;
};

/// Becomes true when the first piece of a body has been handed on. Pieces come on the caller's executor.
auto watch_first_piece(ClientRequest& request) -> std::shared_ptr<const bool> {
    auto has_begun = std::make_shared<bool>(false);
    if (request.on_data) {
        request.on_data = [has_begun, receiver = std::move(request.on_data)](std::string_view piece) {
            *has_begun = true;
            receiver(piece);
        };
    }
    return has_begun;
}

} // namespace

void Upstream::Impl::note(CircuitBreaker::Change change) {
    if (change == CircuitBreaker::Change::none) return;
    const bool opened = change == CircuitBreaker::Change::opened;
    metrics.set("dossier_upstream_circuit_open", opened ? 1 : 0, {{"upstream", config.name}});
    log::warn(opened ? "upstream.circuit_opened" : "upstream.circuit_closed", {{"upstream", config.name}});
}

void Upstream::Impl::tell_breaker(CircuitBreaker::Leave leave, Health health, bool had_time) {
    if (health == Health::good) {
        note(breaker.succeeded(leave));
    } else if (health == Health::bad && had_time) {
        note(breaker.failed(leave, SteadyClock::now()));
    }
}

auto Upstream::Impl::enter(Flow flow, Deadline deadline) -> Task<Result<InFlightLimit::Permit>> {
    if (auto turn = co_await gate.pass(deadline, flow); !turn)
        co_return fail(std::move(turn).error().with("upstream", config.name));
    auto permit = co_await limit.acquire(deadline, std::move(flow));
    if (!permit) co_return fail(std::move(permit).error().with("upstream", config.name));
    co_return permit;
}

/// No coroutine: the copy is handed on and takes no room in a frame that waits for the answer.
auto Upstream::Impl::send(ClientRequest& request, Repeat repeat, Deadline until) -> Task<Result<HttpResponse>> {
    auto copy = request.for_one_try();
    copy.make_body = nullptr; // it belongs to whoever waits here
    copy.only_once = copy.only_once || repeat == Repeat::unsafe;
    return client.send(std::move(copy), until);
}

auto Upstream::Impl::judge(Result<HttpResponse> outcome, Repeat repeat, int attempt,
                           std::chrono::steady_clock::duration took) -> TryVerdict {
    metrics.observe("dossier_upstream_request_seconds", std::chrono::duration<double>(took).count(),
                    {{"upstream", config.name}, {"outcome", outcome_label(outcome)}});
    const auto meaning = meaning_of(outcome);
    auto verdict = judge_try(std::move(outcome), repeat, meaning);
    metrics.count("dossier_upstream_requests_total", {{"upstream", config.name}, {"code", verdict.code}});
    if (!verdict.final) {
        verdict.final.error().context.emplace_back("upstream", config.name);
        log::debug("upstream.failed", {{"upstream", config.name},
                                       {"try", attempt},
                                       {"code", verdict.code},
                                       {"error", name_of(verdict.final.error().code)},
                                       {"ms", std::chrono::duration_cast<Duration>(took).count()}});
    }
    return verdict;
}

auto Upstream::Impl::try_once(ClientRequest& request, Repeat repeat, Deadline deadline, int attempt)
    -> Task<TryVerdict> {
    const auto permit = co_await enter(request.flow, deadline);
    if (!permit) co_return TryVerdict{.final = fail(permit.error())};
    const auto leave = breaker.admit(SteadyClock::now());
    if (!leave) co_return TryVerdict{.final = fail(circuit_open(leave.error(), attempt))};
    const BreakerVisit visit(breaker, *leave);
    const InFlightGauge gauge(metrics, config.name);

    const auto begun = SteadyClock::now();
    const auto until = std::min(deadline, begun + config.timeout);
    auto outcome = co_await send(request, repeat, until);
    const auto took = SteadyClock::now() - begun;
    auto verdict = judge(std::move(outcome), repeat, attempt, took);
    const bool timed_out = took >= until - begun;
    tell_breaker(*leave, verdict.health, !timed_out || until - begun >= std::min(telling_time, config.timeout));
    co_return verdict;
}

Upstream::Upstream(HttpClient& client, Metrics& metrics, UpstreamConfig config)
    : impl_(std::make_unique<Impl>(client, metrics, std::move(config))) {}

Upstream::~Upstream() = default;

auto Upstream::name() const -> const std::string& { return impl_->config.name; }

auto Upstream::is_open() const -> bool { return impl_->breaker.is_open(); }

auto Upstream::call(ClientRequest request, Repeat repeat, Deadline deadline) -> Task<Result<HttpResponse>> {
    auto& me = *impl_;
    // Asked before waiting for a place, so that a dead upstream is told at once.
    if (const auto wait = me.breaker.refuses(SteadyClock::now())) co_return fail(me.circuit_open(*wait, 1));
    const auto& retry = me.config.retry;
    const auto has_begun = watch_first_piece(request);
    for (int attempt = 1;; ++attempt) {
        auto verdict = co_await me.try_once(request, repeat, deadline, attempt);
        if (!verdict.may_repeat || attempt >= retry.attempts || *has_begun) co_return std::move(verdict.final);
        const auto pause =
            verdict.asked_wait.value_or(Duration{0}) + full_jitter(retry, verdict.asked_wait ? 1 : attempt);
        if (SteadyClock::now() + pause >= deadline) co_return std::move(verdict.final);
        if (const auto wait = me.breaker.refuses(SteadyClock::now() + pause)) {
            if (!verdict.final && !verdict.final.error().retry_after) verdict.final.error().retry_after = *wait;
            co_return std::move(verdict.final);
        }
        if (!co_await sleep_for(pause)) co_return fail(Errc::cancelled, "the request was cancelled");
    }
}

} // namespace dossier::net
