#pragma once
// Runs one coroutine to its end on an io_context of its own and gives back its result.

#include "dossier/base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace dossier::test {

template <class T>
auto run_task(Task<T> task) -> T {
    asio::io_context context;
    auto result = asio::co_spawn(context, std::move(task), asio::use_future);
    context.run();
    return result.get();
}

} // namespace dossier::test
