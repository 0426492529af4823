#pragma once
// One enrichment as a round of questions: each goes to one source, by way of its cache where it has one, under the
// round's deadline; what could not be asked, or only answered from an old answer, is on the round's list of gaps.

#include "answer_cache.hpp"
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

/// What all questions of one enrichment share.
struct Round {
    Metrics& metrics;
    Deadline deadline;
    std::vector<ContextGap> gaps;

    void missing(const std::string& source, std::string reason) {
        const bool known = std::ranges::any_of(gaps, [&](const ContextGap& gap) { return gap.source == source; });
        if (!known) gaps.push_back({.source = source, .reason = std::move(reason)});
    }
};

/// One question to one source.
template <class T>
struct Question {
    std::string source;
    AnswerCache<T>* cache = nullptr;
    std::string key; ///< "" = asked each time
    std::function<Task<Result<T>>()> ask;
};

template <class T>
auto put(Question<T> question, Deadline deadline) -> Task<Result<Answer<T>>> {
    auto ask = [&question, deadline] { return within(question.ask, question.source, deadline); };
    if (question.cache != nullptr && !question.key.empty())
        co_return co_await question.cache->ask(question.key, std::move(ask), deadline);
    auto answer = co_await ask();
    if (!answer) co_return fail(std::move(answer.error()));
    co_return Answer<T>{.value = std::move(*answer), .age = {}, .reason = {}};
}

inline auto outcome_of(const std::optional<Error>& error) -> std::string_view {
    if (!error) return "ok";
    if (error->code == Errc::timeout) return "timeout";
    return error->code == Errc::cancelled ? "cancelled" : "error";
}

/// Asks one source; writes the answer or the reason into `answer`, which outlives this coroutine.
template <class T>
auto ask_one(Question<T> question, Round& round, Result<Answer<T>>& answer) -> Task<void> {
    const auto start = std::chrono::steady_clock::now();
    const auto source = question.source;
    answer = co_await put(std::move(question), round.deadline);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::optional<Error> error;
    if (!answer) error = answer.error();
    round.metrics.observe("dossier_context_seconds", took.count(),
                          {{"source", source}, {"outcome", outcome_of(error)}});
}

/// "90 s", "12 min", "3 h".
[[nodiscard]] inline auto in_words(Duration age) -> std::string {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    if (seconds < 120) return std::to_string(seconds) + " s";
    return seconds < 7'200 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds / 3'600) + " h";
}

/// The answer's value; a failure and an answer that had to be an old one become gaps.
template <class T>
auto taken(Result<Answer<T>>& answer, const std::string& source, Round& round) -> T* {
    if (!answer) {
        round.missing(source, answer.error().message);
        return nullptr;
    }
    if (answer->age)
        round.missing(source, answer->reason + "; its answer of " + in_words(*answer->age) + " ago stands in");
    return &answer->value;
}

} // namespace dossier::context
