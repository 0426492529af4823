#pragma once
// Many questions in one call: what is asked within a few milliseconds goes to the source together, as a block of
// claimed findings asks, and each asker gets its own answer. Errors of the call are everybody's. Where the asker who
// makes the call is cancelled, another of the same batch makes it. Callable from any lane; outlives its askers.

#include "dossier/base/single_flight.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dossier::context {

template <class Item, class Answer>
class Coalescer {
public:
    /// Answers in the order of the items.
    using Many = std::function<Task<Result<std::vector<Answer>>>(std::vector<Item> items, Deadline deadline)>;

    /// @param most items a call
    Coalescer(std::size_t most, Many many, std::chrono::milliseconds linger = std::chrono::milliseconds{20})
        : most_(most), linger_(linger), many_(std::move(many)) {}

    auto ask(Item item, Deadline deadline) -> Task<Result<Answer>> {
        const auto [batch, place] = join(std::move(item));
        auto lead = [this, batch, deadline] { return call(batch, deadline); };
        auto answers = co_await flights_.run(std::to_string(batch->number), std::move(lead), deadline);
        if (!answers) co_return fail(std::move(answers.error()));
        if (place >= (*answers)->size()) co_return fail(Errc::internal, "an answer is missing from its batch");
        co_return (**answers)[place];
    }

private:
    using Answers = std::shared_ptr<const std::vector<Answer>>;
    struct Batch {
        std::size_t number = 0;
        std::vector<Item> items; ///< grows under the mutex until the batch is closed
        Answers answers;         ///< under the mutex
    };

    auto join(Item item) -> std::pair<std::shared_ptr<Batch>, std::size_t> {
        const std::scoped_lock lock(mutex_);
        if (!open_) {
            open_ = std::make_shared<Batch>();
            open_->number = ++batches_;
        }
        auto batch = open_;
        batch->items.push_back(std::move(item));
        const auto place = batch->items.size() - 1;
        if (batch->items.size() >= most_) open_.reset();
        return {std::move(batch), place};
    }

    auto is_open(const Batch& batch) -> bool {
        const std::scoped_lock lock(mutex_);
        return open_.get() == &batch;
    }

    auto call(std::shared_ptr<Batch> batch, Deadline deadline) -> Task<Result<Answers>> {
        if (is_open(*batch) && !co_await sleep_for(linger_))
            co_return fail(Errc::cancelled, "the question was cancelled");
        std::vector<Item> items;
        {
            const std::scoped_lock lock(mutex_);
            if (batch->answers) co_return batch->answers; // whoever comes late to a batch that is done
            if (open_ == batch) open_.reset();
            items = batch->items;
        }
        auto answers = co_await many_(std::move(items), deadline);
        if (!answers) co_return fail(std::move(answers.error()));
        auto shared = std::make_shared<const std::vector<Answer>>(std::move(*answers));
        const std::scoped_lock lock(mutex_);
        batch->answers = shared;
        co_return shared;
    }

    std::size_t most_;
    std::chrono::milliseconds linger_;
    Many many_;
    std::mutex mutex_;
    std::shared_ptr<Batch> open_; ///< takes further items
    std::size_t batches_ = 0;
    SingleFlight<Answers> flights_;
};

} // namespace dossier::context
