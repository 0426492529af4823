#pragma once
// Errors as values. Every expected failure in dossier travels as `Result<T>`: a value or an `Error`
// with a stable code, a sentence for a person, and the context that finds the place (which upstream,
// which key). Exceptions are left to broken invariants and to start-up.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// What kind of failure it is: the part that code may decide on. Names are stable (metrics, problem+json).
enum class Errc {
    invalid_argument, ///< the caller asked for something that can't be
    malformed,        ///< bytes that don't follow their format
    not_found,
    conflict,        ///< somebody else was first (a second decision, a stale fence)
    unauthenticated, ///< credentials missing or wrong
    forbidden,       ///< credentials good, rights too low
    too_large,
    rate_limited,    ///< refused for now; `retry_after` says how long
    quota_exhausted, ///< refused until somebody pays or raises a limit; never retried
    unavailable,     ///< could not be reached, or circuit open: nothing was done there
    timeout,         ///< deadline passed before the request could have had an effect
    outcome_unknown, ///< the request may have been carried out; look before doing it again
    rejected,        ///< the other side understood and said no (4xx, validation)
    cancelled,
    overloaded, ///< our own bounds are reached
    storage,    ///< the store can't read or write
    internal,
};

/// Stable snake_case name of a code.
[[nodiscard]] auto name_of(Errc code) -> std::string_view;

struct Error {
    Errc code = Errc::internal;
    std::string message; ///< one sentence for a person; no secrets, no payload
    std::vector<std::pair<std::string, std::string>> context;
    std::optional<std::chrono::milliseconds> retry_after; ///< how long the other side asked us to wait
    bool not_sent = false; ///< held back by an open circuit for `retry_after`: nobody was asked

    /// The same error with one more piece of context.
    [[nodiscard]] auto with(std::string key, std::string value) && -> Error {
        context.emplace_back(std::move(key), std::move(value));
        return std::move(*this);
    }
    /// "message (key=value, …)", for logs and problem details.
    [[nodiscard]] auto describe() const -> std::string;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::malformed, "…")`.
[[nodiscard]] inline auto fail(Errc code, std::string message) -> std::unexpected<Error> {
    return std::unexpected(Error{.code = code, .message = std::move(message), .context = {}, .retry_after = {}});
}
[[nodiscard]] inline auto fail(Error error) -> std::unexpected<Error> { return std::unexpected(std::move(error)); }

/// True when the same request may be sent again without looking first.
[[nodiscard]] auto is_retryable(Errc code) -> bool;

} // namespace dossier
