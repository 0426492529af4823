#include "budget.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/log.hpp"
#include "dossier/explain/llm_gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace dossier::explain {
namespace {

constexpr double nanos_in_usd = 1e9;
constexpr std::chrono::seconds patience{20}; ///< for calls under way; then the next provider has its chance
constexpr std::chrono::milliseconds look_again{20};

/// Rounded up: what can't be paid in whole nano-dollars costs one more.
auto nanos_of(double usd) -> std::int64_t { return static_cast<std::int64_t>(std::ceil(usd * nanos_in_usd - 1e-6)); }

auto usd_text(std::int64_t nanos) -> std::string {
    return fmt::format("${:.4g}", static_cast<double>(nanos) / nanos_in_usd);
}

auto scope_word(store::SpendRefusal::Scope scope) -> std::string_view {
    using Scope = store::SpendRefusal::Scope;
    switch (scope) {
    case Scope::minute:
        return "minute";
    case Scope::day:
        return "day";
    case Scope::source:
        return "source";
    case Scope::route:
        return "route";
    }
    return "day";
}

/// Without what is spent by now: it stands on dossiers, and a replay that changes nothing should change no text.
auto refusal_text(const store::SpendRefusal& refusal, const store::SpendAccount& account) -> std::string {
    using Scope = store::SpendRefusal::Scope;
    if (refusal.scope == Scope::minute)
        return fmt::format("the budget of {} tokens a minute has no room for it", refusal.limit);
    std::string of;
    if (refusal.scope == Scope::source) of = fmt::format(" for the source {}", account.source);
    if (refusal.scope == Scope::route) of = fmt::format(" for the route {}", account.route);
    return fmt::format("the budget of {} a day{} has no room for it", usd_text(refusal.limit), of);
}

/// Tokens that a call is charged with; nullopt where nobody can tell, and the booking stays.
auto tokens_used(const Booking& booking, const Result<LlmAnswer>& answer) -> std::optional<CallEstimate> {
    if (answer) {
        // A server that tells no usage is charged by what was sent and what came.
        const auto told = [](std::int64_t count) { return static_cast<std::size_t>(std::max<std::int64_t>(count, 0)); };
        const auto prompt = told(answer->prompt_tokens);
        const auto completion = told(answer->completion_tokens);
        return CallEstimate{.prompt_tokens = prompt > 0 ? prompt : booking.estimate.prompt_tokens,
                            .answer_tokens = completion > 0 ? completion : estimate_tokens(answer->text)};
    }
    const auto& error = answer.error();
    const bool has_status = std::ranges::any_of(error.context, [](const auto& one) { return one.first == "status"; });
    switch (error.code) {
    case Errc::unavailable: // as Upstream has it: nothing was done there
    case Errc::timeout:
    case Errc::rate_limited:
    case Errc::quota_exhausted:
    case Errc::unauthenticated:
    case Errc::forbidden:
    case Errc::not_found:
    case Errc::overloaded:
    case Errc::invalid_argument:
        return CallEstimate{};
    case Errc::rejected: // by the server before the model read it, or by the model
        return has_status ? CallEstimate{} : booking.estimate;
    case Errc::malformed: // an answer that came and is of no use, most often cut at its limit
        return booking.estimate;
    default:
        return std::nullopt;
    }
}

} // namespace

auto Budget::limits_of(const store::SpendAccount& account) const -> store::SpendLimits {
    const auto limit = [](const std::map<std::string, double>& limits, const std::string& name) -> std::int64_t {
        const auto found = limits.find(name);
        return found == limits.end() ? 0 : nanos_of(found->second);
    };
    return {.tokens_per_minute = static_cast<std::int64_t>(config_.tokens_per_minute),
            .nanos_per_day = nanos_of(config_.usd_per_day),
            .nanos_of_source = limit(config_.usd_per_source, account.source),
            .nanos_of_route = limit(config_.usd_per_route, account.route)};
}

/// Tries until there is room, one caller at a time, for as long as calls are under way that may leave some.
auto Budget::wait_for_room(store::Reservation reservation, Deadline deadline, Flow flow)
    -> Task<Result<std::optional<store::SpendRefusal>>> {
    const auto until = std::min(deadline, deadline_in(patience));
    const auto turn = co_await turn_.acquire(until, std::move(flow));
    for (;;) {
        reservation.at = clock_.now();
        reservation.may_wait = turn.has_value() && under_way_->load() > 0 && std::chrono::steady_clock::now() < until;
        auto refusal = co_await store_->reserve_spend(reservation);
        const bool is_final = !refusal || !refusal.value() || !refusal.value()->may_pass || !reservation.may_wait;
        if (is_final) co_return refusal;
        if (!co_await sleep_for(look_again)) co_return fail(Errc::cancelled, "the wait for money was cancelled");
    }
}

auto Budget::reserve(store::SpendAccount account, LlmPrice price, CallEstimate estimate, Deadline deadline, Flow flow)
    -> Task<Result<Booking>> {
    Booking booking{.id = new_id("llm"), .account = std::move(account), .price = price, .estimate = estimate};
    if (store_ == nullptr) co_return booking;
    const auto prompt = static_cast<std::int64_t>(estimate.prompt_tokens);
    const auto completion = static_cast<std::int64_t>(estimate.answer_tokens);
    store::Reservation reservation{.id = booking.id,
                                   .at = clock_.now(),
                                   .account = booking.account,
                                   .nanos = nanos_of(price.of(prompt, completion)),
                                   .tokens = prompt + completion,
                                   .limits = limits_of(booking.account),
                                   .may_wait = true};
    auto refusal = co_await store_->reserve_spend(reservation);
    if (refusal && refusal.value() && refusal.value()->may_pass)
        refusal = co_await wait_for_room(std::move(reservation), deadline, std::move(flow));
    if (!refusal) {
        log::warn("llm.not_booked", {{"error", refusal.error().describe()}});
        if (config_.is_limited())
            co_return fail(Errc::overloaded, "the budget can't be kept: " + refusal.error().message);
        co_return booking; // nothing to hold; only the account misses the call
    }
    if (const auto& refused = refusal.value()) {
        metrics_.count("dossier_llm_budget_refused_total", {{"scope", scope_word(refused->scope)}});
        co_return fail(Errc::overloaded, refusal_text(*refused, booking.account));
    }
    metrics_.add("dossier_llm_reserved_usd", price.of(prompt, completion));
    under_way_->fetch_add(1);
    booking.under_way = std::shared_ptr<void>(nullptr, [count = under_way_](void*) { count->fetch_sub(1); });
    co_return booking;
}

auto Budget::settle(Booking booking, Result<LlmAnswer> answer) -> Task<Charge> {
    const auto used = tokens_used(booking, answer);
    const auto reserved = booking.price.of(static_cast<std::int64_t>(booking.estimate.prompt_tokens),
                                           static_cast<std::int64_t>(booking.estimate.answer_tokens));
    if (store_ != nullptr) metrics_.add("dossier_llm_reserved_usd", -reserved);
    if (!used) {
        if (store_ != nullptr) metrics_.count("dossier_llm_unsettled_usd_total", {}, reserved);
        co_return Charge{};
    }
    Charge charge{.prompt_tokens = static_cast<std::int64_t>(used->prompt_tokens),
                  .completion_tokens = static_cast<std::int64_t>(used->answer_tokens)};
    charge.usd = booking.price.of(charge.prompt_tokens, charge.completion_tokens);
    if (store_ == nullptr) co_return charge;
    metrics_.count("dossier_llm_spent_usd_total",
                   {{"provider", booking.account.provider}, {"purpose", booking.account.purpose}}, charge.usd);
    auto settled = co_await store_->settle_spend({.reservation = booking.id,
                                                  .nanos = nanos_of(charge.usd),
                                                  .prompt_tokens = charge.prompt_tokens,
                                                  .completion_tokens = charge.completion_tokens,
                                                  .holds_tokens = config_.tokens_per_minute > 0});
    if (!settled) log::warn("llm.not_settled", {{"error", settled.error().describe()}}); // it stays reserved
    co_return charge;
}

} // namespace dossier::explain
