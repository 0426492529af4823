#pragma once
// Coroutines started from a test. Asio's co_spawn is called in one place for one type, since it takes a compiler
// seconds for each type of result.

#include "dossier/base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <exception>
#include <future>
#include <optional>
#include <utility>

namespace dossier::test {

void spawn(const asio::any_io_executor& executor, Task<void> task);

template <class T>
auto keep_promise(Task<T> task, std::promise<T> promise) -> Task<void> {
    try {
        // The task is gone, with all that it holds, before the test hears of its result.
        if constexpr (std::is_void_v<T>) {
            co_await Task<T>(std::move(task));
            promise.set_value();
        } else {
            std::optional<T> result(co_await Task<T>(std::move(task)));
            promise.set_value(std::move(*result));
        }
    } catch (...) {
        promise.set_exception(std::current_exception());
    }
}

/// Starts a task there, on an executor or on what has one.
template <class T>
auto start_task(const asio::any_io_executor& executor, Task<T> task) -> std::future<T> {
    std::promise<T> promise;
    auto result = promise.get_future();
    spawn(executor, keep_promise(std::move(task), std::move(promise)));
    return result;
}
template <class Context, class T>
    requires requires(Context& context) { context.get_executor(); }
auto start_task(Context& context, Task<T> task) -> std::future<T> {
    return start_task(asio::any_io_executor(context.get_executor()), std::move(task));
}

/// Runs that loop until it has nothing left to do, the task included.
template <class T>
auto run_on(asio::io_context& context, Task<T> task) -> T {
    auto result = start_task(context, std::move(task));
    context.run();
    return result.get();
}

/// A loop of this thread that outlives every test: a store's thread may still be on its way out of `post` when the
/// coroutine it resumed has ended.
[[nodiscard]] auto loop_of_thread() -> asio::io_context&;

/// Runs one coroutine to its end and gives back its result.
template <class T>
auto run_task(Task<T> task) -> T {
    auto& context = loop_of_thread();
    context.restart();
    return run_on(context, std::move(task));
}

} // namespace dossier::test
