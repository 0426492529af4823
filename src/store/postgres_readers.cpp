#include "postgres_readers.hpp"

#include <iterator>
#include <utility>

namespace dossier::store {

namespace {

constexpr std::size_t most_in_snapshot = 16; ///< a list that takes long holds up those behind it

} // namespace

PostgresReaders::PostgresReaders(const PostgresTarget& target, JobQueue<Database>& queue, std::size_t threads)
    : target_(target), queue_(queue), most_threads_(threads) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

PostgresReaders::~PostgresReaders() { close(); }

void PostgresReaders::close() {
    closing_ = true;
    queue_.close();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

/// Jobs that wait together share a snapshot, and with it a BEGIN and a COMMIT.
void PostgresReaders::loop() {
    PostgresLink link("reader", target_, PostgresTarget::Access::read_only, closing_);
    const auto take = [&] { return queue_.take(most_in_snapshot, most_threads_); };
    for (auto jobs = take(); !jobs.empty(); jobs = take()) {
        bool has_begun = false;
        for (const auto& job : jobs) run(link, *job, has_begun);
        if (has_begun) end(link);
        post_completions({std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end())});
    }
}

/// A read that lost its connection is read again on a new one.
/// @param has_begun whether there is a transaction, before and after
void PostgresReaders::run(PostgresLink& link, Job<Database>& job, bool& has_begun) {
    for (bool again : {true, false}) {
        std::optional<PostgresFailure> failed;
        try {
            auto& db = link.get();
            if (!std::exchange(has_begun, true)) db.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            job.run(db);
            db.forget_rows();
            if (!db.failure()) return;
            failed = db.failure();
            if (failed->kind() != PostgresFailure::Kind::lost) db.rollback();
        } catch (const PostgresFailure& failure) {
            failed = failure;
        }
        has_begun = false;
        if (failed->kind() != PostgresFailure::Kind::lost) return; // the job has it as its result
        link.drop(*failed);
        if (!again) job.fail(failed->to_error());
    }
}

void PostgresReaders::end(PostgresLink& link) {
    try {
        link.get().end_reading();
    } catch (const PostgresFailure& failure) { // what was read stands; the next one meets a new connection
        link.drop(failure);
    }
}

} // namespace dossier::store
