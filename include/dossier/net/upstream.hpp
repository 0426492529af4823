#pragma once
// One outside system as we deal with it: its in-flight limit, our own rate towards it, retry with full jitter (honours
// Retry-After), circuit breaker and metrics, in front of the HttpClient. Everything that talks to Jira, ServiceNow, an
// LLM … owns one.

#include "dossier/net/http_client.hpp"

#include <functional>
#include <memory>

namespace dossier::net {

struct RetryPolicy {
    int attempts = 3; ///< tries in all
    Duration base{250};
    Duration max{8'000};
};

struct BreakerPolicy {
    int failures = 5;          ///< consecutive, until it opens
    Duration open_for{15'000}; ///< then one probe goes through
};

struct UpstreamConfig {
    std::string name; ///< metric label and log field
    std::size_t max_in_flight = 64;
    Rate rate;                ///< our own budget of tries; who is early waits. 0 = no limit
    Duration timeout{10'000}; ///< for one try
    RetryPolicy retry;
    BreakerPolicy breaker;
    /// Answers that no repeat will mend (a 429 for an empty purse): returned as values, never retried.
    std::function<bool(const HttpResponse&)> is_final;
    /// Answers that mean 429 under another status (AWS throttles with 400): retried and reported as such.
    std::function<bool(const HttpResponse&)> asks_for_less;
};

/// May the request be sent again after an outcome nobody knows?
enum class Repeat {
    safe,  ///< reads and idempotent writes: retried on `outcome_unknown`, 408, 429, 5xx
    unsafe ///< creates: retried only where nothing can have happened (`unavailable`, `timeout`, 429, 503 with
           ///< Retry-After)
};

class Upstream {
public:
    Upstream(HttpClient& client, Metrics& metrics, UpstreamConfig config);
    ~Upstream();

    /// The answer of the last try. 429 whose wait passes the deadline comes back as `rate_limited` with `retry_after`;
    /// an open circuit is `unavailable` with `retry_after`; so is, as `rate_limited`, a turn that comes too late; 5xx
    /// after all tries is `unavailable` for safe requests and `outcome_unknown` for unsafe ones (503 with Retry-After:
    /// `unavailable`); 429 after all tries is `rate_limited`. Other statuses are values, also 501, 505 and a 429 with
    /// `x-should-retry: false`. A body that goes to `on_data` is never begun twice: after its first piece a failure is
    /// the outcome.
    auto call(ClientRequest request, Repeat repeat, Deadline deadline) -> Task<Result<HttpResponse>>;
    [[nodiscard]] auto name() const -> const std::string&;
    [[nodiscard]] auto is_open() const -> bool; ///< circuit open: calls fail at once

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Delay before try `attempt` (1 = first repeat): uniform in [0, min(max, base·2^(attempt-1))]. AWS "full jitter".
[[nodiscard]] auto full_jitter(const RetryPolicy& policy, int attempt) -> Duration;
/// What an answer that is no success means: 401, 403, 404, 409, 413 and 429 by their names, any other 4xx is `rejected`
/// (also 410: the route is gone, not the thing). After 408 and 5xx the request may have been carried out:
/// `outcome_unknown` where it must not be repeated blindly, else `unavailable`.
[[nodiscard]] auto errc_of_status(int status, Repeat repeat) -> Errc;
/// Seconds or HTTP date of Retry-After, also `retry-after-ms` and `x-ms-retry-after-ms`, of a 429 without them also
/// `X-Rate-Limit-Reset` (Okta) or the window that is used up (rate_window.hpp); at most a day; nullopt where absent or
/// nonsense.
[[nodiscard]] auto retry_after_of(const HttpResponse& response) -> std::optional<Duration>;

} // namespace dossier::net
