#include "dossier/base/concurrent.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace dossier {

auto all_of(std::vector<Task<void>> tasks) -> Task<void> {
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

auto ends_by(Deadline deadline, Task<void> task) -> Task<bool> {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
    const auto first = co_await (std::move(task) || timer.async_wait(asio::use_awaitable));
    co_return first.index() == 0;
}

} // namespace dossier
