#pragma once
// What LLM calls may cost and did cost, as rows. Money is counted in nano-dollars, so that the price of a single token
// is a whole number and sums stay exact. A call's cost is reserved before it is made and settled with what it used; a
// reservation that nobody settles (a crash, an answer that never came) counts as spent for the rest of its day (UTC).

#include "dossier/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace dossier::store {

/// Whose money it is.
struct SpendAccount {
    std::string source; ///< configured source of the finding, "" for none
    std::string route;  ///< "" where there is none
    std::string provider;
    std::string model;
    std::string purpose; ///< narrative | classification | question | policy
    auto operator<=>(const SpendAccount&) const = default;
};

/// 0 = no limit.
struct SpendLimits {
    std::int64_t tokens_per_minute = 0; ///< over all calls
    std::int64_t nanos_per_day = 0;     ///< over all calls
    std::int64_t nanos_of_source = 0;   ///< a day, of the account's source
    std::int64_t nanos_of_route = 0;    ///< a day, of the account's route
};

struct Reservation {
    std::string id;
    Timestamp at{};
    SpendAccount account;
    std::int64_t nanos = 0;  ///< the most that the call can cost
    std::int64_t tokens = 0; ///< the most that it can use
    SpendLimits limits;
    bool may_wait = false; ///< a refusal that may pass is not counted: the caller tries again
};

/// Which limit had no room.
struct SpendRefusal {
    enum class Scope { minute, day, source, route } scope = Scope::day;
    std::int64_t limit = 0;     ///< nano-dollars; tokens for `minute`
    std::int64_t committed = 0; ///< spent or reserved, in the same unit
    bool may_pass = false;      ///< there is room, once calls under way have cost less than was reserved for them
};

struct Settlement {
    std::string reservation;
    std::int64_t nanos = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    bool holds_tokens = true; ///< for a minute; false = nobody limits the tokens of one
};

/// One account on one day (UTC).
struct SpendDay {
    Timestamp day{}; ///< its beginning
    SpendAccount account;
    std::int64_t calls = 0; ///< that were allowed
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    std::int64_t spent_nanos = 0;
    std::int64_t reserved_nanos = 0; ///< of calls under way, and of those whose outcome nobody knows
    std::int64_t refused = 0;        ///< calls that a limit had no room for
};

struct SpendFilter {
    std::string source; ///< "" = all
    std::string route;
    std::optional<Timestamp> since; ///< days from the one of this time on
    std::optional<Timestamp> until; ///< up to the one of this time
};

/// A dossier that would have its narrative from an LLM, on a route that allows it to the highest risks only.
struct NarrativeTurn {
    std::string route;
    std::string dossier_id;
    Timestamp at{};
    double risk = 0;        ///< 0…100
    double top_percent = 0; ///< of the dossiers of this route within the window, rounded up to a whole one
    std::chrono::milliseconds window{0};
};

struct NarrativeRank {
    bool is_granted = false;
    std::int64_t rank = 0; ///< 1 = the highest risk of the window so far
    std::int64_t of = 0;   ///< dossiers of the window, this one included
};

} // namespace dossier::store
