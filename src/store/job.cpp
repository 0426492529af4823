#include "job.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace dossier::store {

namespace {

/// The completions of one executor, as one handler.
struct Batch {
    std::vector<std::unique_ptr<Completion>> completions;
    std::size_t next = 0;

    void operator()() {
        while (next < completions.size()) {
            const auto completion = std::move(completions[next++]);
            try {
                completion->resume();
            } catch (...) { // one coroutine's exception must not strand the others of its batch
                if (next < completions.size()) {
                    auto executor = completions[next]->executor();
                    asio::post(executor, std::move(*this));
                }
                throw;
            }
        }
    }
};

constexpr std::size_t most_shared = 16; ///< lanes are few; many executors (strands) are not worth the search

} // namespace

void post_completions(std::vector<std::unique_ptr<Completion>> completions) {
    std::vector<Batch> batches;
    for (auto& completion : completions) {
        const auto searched = batches.begin() + static_cast<std::ptrdiff_t>(std::min(batches.size(), most_shared));
        const auto batch = std::find_if(batches.begin(), searched, [&](const Batch& other) {
            return other.completions.front()->executor() == completion->executor();
        });
        if (batch != searched) {
            batch->completions.push_back(std::move(completion));
        } else {
            batches.emplace_back().completions.push_back(std::move(completion));
        }
    }
    for (auto& batch : batches) {
        auto executor = batch.completions.front()->executor();
        asio::post(executor, std::move(batch));
    }
}

} // namespace dossier::store
