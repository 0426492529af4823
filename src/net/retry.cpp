#include "retry.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/net/rate_window.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <system_error>

#include <curl/curl.h>

namespace dossier::net {
namespace {

constexpr double longest_wait_ms = 24.0 * 3600 * 1000; ///< what asks for more means "not today"

auto number(std::string_view text) -> std::optional<double> {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
        return std::nullopt;
    }
    return value;
}

auto as_duration(double milliseconds) -> Duration {
    return Duration(static_cast<Duration::rep>(std::ceil(std::min(milliseconds, longest_wait_ms))));
}

/// Okta and others give the second of the Unix epoch in which the window ends; by their clock, which Date tells.
auto until_reset(const HttpResponse& response) -> std::optional<Duration> {
    if (response.status != 429) return std::nullopt;
    if (const auto wait = used_up_for(response.headers, std::chrono::system_clock::now())) return wait;
    const auto reset = response.headers.get("x-rate-limit-reset");
    if (!reset) return std::nullopt;
    const auto then = number(trim(*reset));
    if (!then || *then < 1e9) return std::nullopt;
    auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (const auto date = response.headers.get("date")) {
        const auto theirs = curl_getdate(std::string(trim(*date)).c_str(), nullptr);
        if (theirs > 0) now = theirs;
    }
    return as_duration(std::max(0.0, (*then - static_cast<double>(now)) * 1000));
}

/// What OpenAI and its relatives say about a repeat, in so many words.
auto says_of_repeat(const HttpResponse& response, std::string_view word) -> bool {
    const auto told = response.headers.get("x-should-retry");
    return told && iequals(trim(*told), word);
}

auto error_of(const HttpResponse& response, Errc code, std::string message, std::optional<Duration> wait) -> Error {
    return Error{.code = code,
                 .message = std::move(message),
                 .context = {{"status", std::to_string(response.status)}},
                 .retry_after = wait};
}

auto judge_answer(HttpResponse response, Repeat repeat, Meaning meaning) -> TryVerdict {
    const int status = response.status;
    const auto wait = retry_after_of(response);
    const bool forbidden = says_of_repeat(response, "false");
    TryVerdict verdict{.final = {}, .asked_wait = wait, .code = std::to_string(status)};
    const bool is_server_error = status >= 500 && status != 501 && status != 505;
    if (is_server_error) verdict.health = Health::bad;

    if (meaning == Meaning::last_word) {
        verdict.final = std::move(response);
    } else if (meaning == Meaning::slow_down || (status == 429 && !forbidden)) {
        verdict.may_repeat = true;
        verdict.final = fail(error_of(response, Errc::rate_limited, "asked to send less", wait));
    } else if (is_server_error) {
        const bool turned_away = status == 503 && wait; // it said "later": nothing was begun
        const bool harmless = repeat == Repeat::safe || turned_away;
        verdict.may_repeat = harmless && !forbidden;
        verdict.final = fail(error_of(response, harmless ? Errc::unavailable : Errc::outcome_unknown,
                                      "the other side failed to answer the request", wait));
    } else {
        const bool is_passing = status == 408 || (status >= 400 && says_of_repeat(response, "true"));
        verdict.may_repeat = is_passing && repeat == Repeat::safe && !forbidden;
        verdict.final = std::move(response);
    }
    return verdict;
}

} // namespace

auto full_jitter(const RetryPolicy& policy, int attempt) -> Duration {
    thread_local std::mt19937_64 random{std::random_device{}()};
    const int doublings = std::clamp(attempt - 1, 0, 30);
    const auto cap = std::min(policy.max.count(), policy.base.count() << doublings);
    return Duration(std::uniform_int_distribution<Duration::rep>(0, std::max<Duration::rep>(0, cap))(random));
}

auto errc_of_status(int status, Repeat repeat) -> Errc {
    switch (status) {
    case 401:
        return Errc::unauthenticated;
    case 403:
        return Errc::forbidden;
    case 404:
        return Errc::not_found;
    case 409:
        return Errc::conflict;
    case 413:
        return Errc::too_large;
    case 429:
        return Errc::rate_limited;
    default:
        break;
    }
    if (status != 408 && status < 500) return Errc::rejected;
    return repeat == Repeat::unsafe ? Errc::outcome_unknown : Errc::unavailable;
}

auto retry_after_of(const HttpResponse& response) -> std::optional<Duration> {
    for (const auto* name : {"retry-after-ms", "x-ms-retry-after-ms"}) { // finer than the standard one, so first
        if (const auto value = response.headers.get(name)) {
            if (const auto milliseconds = number(trim(*value))) return as_duration(*milliseconds);
        }
    }
    const auto value = response.headers.get("retry-after");
    if (!value) return until_reset(response);
    const auto text = trim(*value);
    if (const auto seconds = number(text)) return as_duration(*seconds * 1000);
    // RFC 9110 §5.6.7: three forms of date, each beginning with the name of a day.
    if (text.empty() || !std::string_view("MTWFS").contains(text.front())) return std::nullopt;
    const auto then = curl_getdate(std::string(text).c_str(), nullptr);
    if (then < 0) return std::nullopt;
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    return as_duration(std::max(0.0, static_cast<double>(then - now) * 1000));
}

auto judge_try(Result<HttpResponse> outcome, Repeat repeat, Meaning meaning) -> TryVerdict {
    if (outcome) return judge_answer(*std::move(outcome), repeat, meaning);
    TryVerdict verdict{.final = {}, .code = std::string(name_of(outcome.error().code))};
    switch (outcome.error().code) {
    case Errc::unavailable:
    case Errc::timeout: // not sent: nothing can have happened
        verdict.may_repeat = true;
        verdict.health = Health::bad;
        break;
    case Errc::outcome_unknown:
        verdict.may_repeat = repeat == Repeat::safe;
        verdict.health = Health::bad;
        break;
    case Errc::too_large:
        break; // it is there and answers
    default:
        verdict.health = Health::unproven;
    }
    verdict.final = std::move(outcome);
    return verdict;
}

auto outcome_label(const Result<HttpResponse>& outcome) -> std::string_view {
    if (!outcome) return name_of(outcome.error().code);
    if (outcome->status == 429) return "rate_limited";
    if (outcome->status >= 500) return "failed";
    if (outcome->status >= 400) return "rejected";
    return "ok";
}

} // namespace dossier::net
