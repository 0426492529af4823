#pragma once
// Asking a context source once for all who want to know: a fresh answer is taken from memory, those who ask for the
// same thing at the same time share one question, "not known there" is remembered for a shorter time, and a failure for
// a moment, so that a source that is down isn't asked by each of a thousand findings. Where the source can't answer, an
// expired answer that is not too old is given with its age: better than a gap, as long as the reader is told.

#include "dossier/base/single_flight.hpp"

#include "answer_store.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::context {

/// What a source said, and whether it said so just now.
template <class T>
struct Answer {
    T value;
    std::optional<Duration> age; ///< set where the answer has expired and the source could not be asked again
    std::string reason;          ///< why it could not, in words
};

struct CacheTimes {
    Duration ttl{600'000};
    Duration negative_ttl{60'000}; ///< for "not known there"
    Duration stale_for{3'600'000}; ///< how long after its end an answer is better than none
};

template <class T>
struct CacheRules {
    CacheTimes times;
    std::function<bool(const T&)> is_negative;                      ///< none: no answer is
    std::function<std::vector<std::string>(const T&)> further_keys; ///< other names under which one asks for the same
    std::function<std::size_t(const T&)> weight;                    ///< in entries; none: 1
};

template <class T>
class AnswerCache {
public:
    using Work = std::function<Task<Result<T>>()>;

    /// @param source label of metrics and part of every key; @param store outlives this
    AnswerCache(std::string source, AnswerStore& store, CacheRules<T> rules)
        : source_(std::move(source)), store_(store), rules_(std::move(rules)) {}

    /// The answer to `key`, by `work` where none is kept. Errors are those of `work` and of waiting for somebody
    /// else's.
    auto ask(std::string key, Work work, Deadline deadline) -> Task<Result<Answer<T>>> {
        const auto kept = store_.find(source_, key);
        if (kept && store_.now() < kept->fresh_until) {
            const auto& value = *static_cast<const T*>(kept->answer.get());
            store_.count(source_, is_negative(value) ? "negative_hit" : "hit");
            co_return Answer<T>{.value = value, .age = {}, .reason = {}};
        }
        bool has_led = false;
        auto lead = [this, &key, &work, &has_led] {
            has_led = true;
            return fetch(key, work);
        };
        auto fetched = co_await flights_.run(key, std::move(lead), deadline);
        if (!has_led) store_.count(source_, "shared");
        if (fetched) co_return Answer<T>{.value = **fetched, .age = {}, .reason = {}};
        if (!kept || fetched.error().code == Errc::cancelled) co_return fail(std::move(fetched.error()));
        store_.count(source_, "stale");
        co_return Answer<T>{.value = *static_cast<const T*>(kept->answer.get()),
                            .age = std::chrono::duration_cast<Duration>(store_.now() - kept->asked_at),
                            .reason = std::move(fetched.error().message)};
    }

private:
    using Shared = std::shared_ptr<const T>;
    /// Longer would hide that the source is back; shorter would let each finding of a burst ask.
    static constexpr Duration failure_ttl{1'000};

    [[nodiscard]] auto is_negative(const T& value) const -> bool {
        return rules_.is_negative && rules_.is_negative(value);
    }

    auto fetch(const std::string& key, const Work& work) -> Task<Result<Shared>> {
        if (const auto kept = store_.find(source_, key); kept && store_.now() < kept->fresh_until)
            co_return std::static_pointer_cast<const T>(kept->answer); // somebody was faster
        const auto failures = source_ + "!";
        if (const auto failed = store_.find(failures, key))
            co_return fail(*static_cast<const Error*>(failed->answer.get()));
        store_.count(source_, "miss");
        const auto asked_at = store_.now();
        auto answer = co_await work();
        if (!answer) {
            remember_failure(failures, key, answer.error());
            co_return fail(std::move(answer.error()));
        }
        auto shared = std::make_shared<const T>(std::move(*answer));
        remember(key, shared, asked_at);
        co_return shared;
    }

    void remember(const std::string& key, const Shared& answer, AnswerStore::Time asked_at) {
        const auto& times = rules_.times;
        const bool negative = is_negative(*answer);
        const auto fresh_until = asked_at + (negative ? std::min(times.negative_ttl, times.ttl) : times.ttl);
        const AnswerStore::Kept kept{.answer = answer,
                                     .asked_at = asked_at,
                                     .fresh_until = fresh_until,
                                     .usable_until = fresh_until + (negative ? Duration{0} : times.stale_for)};
        const auto weight = rules_.weight ? rules_.weight(*answer) : 1;
        store_.put(source_, key, kept, weight);
        if (!rules_.further_keys) return;
        for (const auto& further : rules_.further_keys(*answer))
            if (!further.empty() && further != key) store_.put(source_, further, kept, 1);
    }

    /// What only this caller's haste or end brought about says nothing to the next.
    void remember_failure(const std::string& failures, const std::string& key, const Error& error) {
        if (error.code == Errc::cancelled || error.code == Errc::timeout) return;
        const auto now = store_.now();
        store_.put(failures, key,
                   {.answer = std::make_shared<const Error>(error),
                    .asked_at = now,
                    .fresh_until = now + failure_ttl,
                    .usable_until = now + failure_ttl},
                   1);
    }

    std::string source_;
    AnswerStore& store_;
    CacheRules<T> rules_;
    SingleFlight<Shared> flights_;
};

} // namespace dossier::context
