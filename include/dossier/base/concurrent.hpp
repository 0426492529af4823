#pragma once
// Tasks side by side, with an end: nothing stays running behind. What they give back they leave where their caller
// says; that they are all of one type keeps Asio's machinery in one file.

#include "dossier/base/task.hpp"

#include <vector>

namespace dossier {

/// Runs `tasks` on the caller's executor until the last one ended; cancelling the caller cancels each of them. What one
/// throws is thrown once all have ended.
[[nodiscard]] auto all_of(std::vector<Task<void>> tasks) -> Task<void>;

/// Runs `task` until it ends, or cancels it at `deadline` and waits for that end; false where the deadline came first.
/// What it throws in time is thrown.
[[nodiscard]] auto ends_by(Deadline deadline, Task<void> task) -> Task<bool>;

} // namespace dossier
