#pragma once
// Tasks side by side, with an end: all_of returns when the last one ended, and nothing stays running behind it.

#include "dossier/base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace dossier {

/// Runs `tasks` on the caller's executor; cancelling the caller cancels each of them. What one throws is thrown once
/// all have ended.
inline auto all_of(std::vector<Task<void>> tasks) -> Task<void> {
    if (tasks.empty()) co_return;
    const auto executor = co_await asio::this_coro::executor;
    std::vector<decltype(asio::co_spawn(executor, std::declval<Task<void>>(), asio::deferred))> operations;
    operations.reserve(tasks.size());
    for (auto& task : tasks) operations.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    auto [order, failures] = co_await asio::experimental::make_parallel_group(std::move(operations))
                                 .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

} // namespace dossier
