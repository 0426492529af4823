#pragma once
// Runs one coroutine to its end and gives back its result. The io_context belongs to the thread and outlives every
// test: a store's thread may still be on its way out of `post` when the coroutine it resumed has ended.

#include "dossier/base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace dossier::test {

template <class T>
auto run_task(Task<T> task) -> T {
    thread_local asio::io_context context;
    context.restart();
    auto result = asio::co_spawn(context, std::move(task), asio::use_future);
    context.run();
    return result.get();
}

} // namespace dossier::test
