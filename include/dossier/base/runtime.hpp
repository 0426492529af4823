#pragma once
// The threads of the process. A Runtime owns N lanes; a lane is one io_context run by one thread, so a
// coroutine that stays on its lane needs no lock for what only that lane touches. Connections, findings
// and HTTP client shards are pinned to a lane. Work that must block (SQLite) has threads of its own.

#include "dossier/base/task.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace dossier {

class Runtime {
public:
    /// @param lanes number of threads; 0 = one per core
    explicit Runtime(std::size_t lanes);
    ~Runtime(); ///< stops and joins
    Runtime(const Runtime&) = delete;
    auto operator=(const Runtime&) -> Runtime& = delete;

    [[nodiscard]] auto size() const -> std::size_t;
    [[nodiscard]] auto lane(std::size_t index) -> asio::io_context&;
    /// Lanes in turn: spreads connections and findings.
    [[nodiscard]] auto next_lane() -> asio::io_context&;

    void start();
    /// Ends the lanes once their handlers have run out or `grace` has passed, then joins the threads.
    void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{0});

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Joins the coroutines it started: `close()` cancels them and waits for the last one. The structured-concurrency
/// owner for things with many children (connections, findings in flight). Thread-safe.
class TaskScope {
public:
    TaskScope();
    ~TaskScope(); ///< `close` must have completed; asserts otherwise
    TaskScope(const TaskScope&) = delete;
    auto operator=(const TaskScope&) -> TaskScope& = delete;

    /// Starts `task` on `executor`. False (and the task never runs) once closing has begun. An exception that leaves
    /// the task is logged as `task.failed` with `what`.
    auto spawn(asio::any_io_executor executor, std::string_view what, std::function<Task<void>()> task) -> bool;
    [[nodiscard]] auto running() const -> std::size_t;
    /// No new children; waits until all ended by themselves or `deadline`, then cancels the rest and waits for them.
    auto close(Deadline deadline) -> Task<void>;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace dossier
