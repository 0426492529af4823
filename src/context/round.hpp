#pragma once
// What all questions of one enrichment share: the deadline, the metrics and the list of what is missing in the end.

#include "concurrent.hpp"

#include "dossier/base/metrics.hpp"
#include "dossier/finding/dossier.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::context {

struct Round {
    Metrics& metrics;
    Deadline deadline;
    std::vector<ContextGap> gaps;

    void missing(const std::string& source, std::string reason) {
        const bool known = std::ranges::any_of(gaps, [&](const ContextGap& gap) { return gap.source == source; });
        if (!known) gaps.push_back({.source = source, .reason = std::move(reason)});
    }
    void observe(const std::string& source, std::chrono::steady_clock::time_point start,
                 const std::optional<Error>& error) const {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        std::string_view outcome = "ok";
        if (error) outcome = error->code == Errc::timeout ? "timeout" : "error";
        if (error && error->code == Errc::cancelled) outcome = "cancelled";
        metrics.observe("dossier_context_seconds", took.count(), {{"source", source}, {"outcome", outcome}});
    }
};

/// Asks one source; writes the answer or the reason into `answer`, which outlives this coroutine.
template <class T>
auto ask_one(std::string source, std::function<Task<Result<T>>()> ask, Round& round, Result<T>& answer) -> Task<void> {
    const auto start = std::chrono::steady_clock::now();
    answer = co_await within(std::move(ask), source, round.deadline);
    std::optional<Error> error;
    if (!answer) error = answer.error();
    round.observe(source, start, error);
}

} // namespace dossier::context
