#pragma once
// The coroutine type of dossier and the rule that goes with it: a Task takes its parameters by value
// or from something that outlives it, and every wait inside it has a Deadline.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace dossier {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

/// Steady-clock time after which an answer is worthless.
using Deadline = std::chrono::steady_clock::time_point;

[[nodiscard]] inline auto deadline_in(std::chrono::steady_clock::duration span) -> Deadline {
    return std::chrono::steady_clock::now() + span;
}

/// Suspends for `span`; returns early with false when the coroutine is cancelled.
[[nodiscard]] auto sleep_for(std::chrono::steady_clock::duration span) -> Task<bool>;

} // namespace dossier
