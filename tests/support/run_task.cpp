#include "run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace dossier::test {

void spawn(const asio::any_io_executor& executor, Task<void> task) {
    asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

auto loop_of_thread() -> asio::io_context& {
    thread_local asio::io_context context;
    return context;
}

} // namespace dossier::test
