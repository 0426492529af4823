#pragma once
// Asking several sources at once, with an end. `within` gives one question its time: the answer, or the reason why
// there is none; whatever the source throws becomes an error. `all_of` runs questions side by side and returns when
// the last one ended; cancelling the caller cancels each of them first. Nothing stays running behind either.

#include "dossier/base/concurrent.hpp"
#include "dossier/base/error.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/task.hpp"

#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::context {

/// The answer of `ask`; an exception becomes an error that a reader may see, its text goes to the log.
template <class T>
auto guarded(std::function<Task<Result<T>>()> ask, std::string source) -> Task<Result<T>> {
    try {
        co_return co_await ask();
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) co_return fail(Errc::cancelled, "was cancelled");
        log::warn("context.source_threw", {{"source", source}, {"reason", error.what()}});
    } catch (const std::exception& error) {
        log::warn("context.source_threw", {{"source", source}, {"reason", error.what()}});
    }
    co_return fail(Errc::internal, "failed unexpectedly");
}

template <class T>
auto keep_answer(std::function<Task<Result<T>>()> ask, std::string source, std::optional<Result<T>>& answer)
    -> Task<void> {
    answer.emplace(co_await guarded<T>(std::move(ask), std::move(source)));
}

template <class T>
auto within(std::function<Task<Result<T>>()> ask, std::string source, Deadline deadline) -> Task<Result<T>> {
    const auto start = std::chrono::steady_clock::now();
    if (deadline <= start) co_return fail(Errc::timeout, "was not asked, because no time was left");
    std::optional<Result<T>> answer;
    if (co_await ends_by(deadline, keep_answer<T>(std::move(ask), std::move(source), answer)))
        co_return *std::move(answer);
    const std::chrono::duration<double> limit = deadline - start;
    co_return fail(Errc::timeout, fmt::format("timed out after {:.2g} s", limit.count()));
}

using dossier::all_of;

} // namespace dossier::context
