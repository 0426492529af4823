#pragma once
// The rules of repeating a request, as a pure function of one try's outcome: what the call ends with if this try was
// the last, whether another one is allowed, and what it says about the health of the other side.

#include "dossier/net/upstream.hpp"

#include <optional>

namespace dossier::net {

enum class Health { good, bad, unproven };

struct TryVerdict {
    Result<HttpResponse> final;         ///< what the call ends with if there is no further try
    bool may_repeat = false;            ///< a further try can help and can do no harm
    std::optional<Duration> asked_wait; ///< what the other side asked for (Retry-After)
    Health health = Health::good;       ///< for the circuit breaker: 5xx but 501, not reached, timed out are bad
    std::string code;                   ///< status or name of the error, for the metric
};

/// What the owner of the upstream knows about an answer besides its status.
enum class Meaning {
    by_status,
    last_word, ///< no repeat will mend it
    slow_down, ///< a 429 under another status
};
[[nodiscard]] auto judge_try(Result<HttpResponse> outcome, Repeat repeat, Meaning meaning = Meaning::by_status)
    -> TryVerdict;

/// Metric label: ok, rejected (4xx), rate_limited (429), failed (5xx), or the error's name.
[[nodiscard]] auto outcome_label(const Result<HttpResponse>& outcome) -> std::string_view;

} // namespace dossier::net
