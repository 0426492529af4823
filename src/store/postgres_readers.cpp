#include "postgres_readers.hpp"

namespace dossier::store {

PostgresReaders::PostgresReaders(const PostgresTarget& target, JobQueue<Database>& queue, std::size_t threads)
    : target_(target), queue_(queue) {
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

void PostgresReaders::loop() {
    PostgresLink link("reader", target_, PostgresTarget::Access::read_only, closing_);
    for (auto jobs = queue_.take(1); !jobs.empty(); jobs = queue_.take(1)) {
        run(link, *jobs.front());
        std::vector<std::unique_ptr<Completion>> completions;
        completions.push_back(std::move(jobs.front()));
        post_completions(std::move(completions));
    }
}

/// A read that lost its connection is read again on a new one.
void PostgresReaders::run(PostgresLink& link, Job<Database>& job) {
    for (bool again : {true, false}) {
        std::optional<PostgresFailure> failed;
        try {
            auto& db = link.get();
            db.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            job.run(db);
            if (!db.failure()) {
                db.end_reading();
                return;
            }
            failed = db.failure();
            if (failed->kind() != PostgresFailure::Kind::lost) db.rollback();
        } catch (const PostgresFailure& failure) {
            failed = failure;
        }
        if (failed->kind() != PostgresFailure::Kind::lost) return; // the job has it as its result
        link.drop(*failed);
        if (!again) job.fail(failed->to_error());
    }
}

} // namespace dossier::store
