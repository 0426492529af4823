#pragma once
// The bridge between coroutines and the store's own threads. A job carries the work and the awaiting coroutine's
// completion handler; a thread of the store runs the work, and the coroutine goes on where it came from, on its own
// executor. A job that was queued is always run and always completed: cancelling the awaiting coroutine neither loses
// nor doubles a write, it only takes effect at the coroutine's next wait.

#include "database.hpp"

#include "dossier/base/memory.hpp"
#include "dossier/base/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace dossier::store {

/// What is left of a job once it ran: somebody to wake.
class Completion {
public:
    explicit Completion(asio::any_io_executor executor) : executor_(std::move(executor)), work_(executor_) {}
    virtual ~Completion() = default;
    Completion(const Completion&) = delete;
    auto operator=(const Completion&) -> Completion& = delete;
    virtual void resume() = 0; ///< once, on `executor()`
    [[nodiscard]] auto executor() const -> const asio::any_io_executor& { return executor_; }

private:
    asio::any_io_executor executor_;
    asio::executor_work_guard<asio::any_io_executor> work_; ///< keeps the lane running while we have its coroutine
};

/// Whether a job may wait some milliseconds for others that share its commit: somebody who called us may not.
enum class Haste : std::uint8_t { at_once, with_others };

/// What a job says beforehand of what it will do.
template <class Session>
struct Announcement {
    /// Asks ahead (Database::ask_ahead and its likes); may be empty.
    std::move_only_function<void(Session&) const> questions;
    /// The dossier whose rows are all that it changes; "" = it may change anything. Lives as long as the questions.
    std::string_view subject;
};

/// Resumes each on its executor; one post for all that share one.
void post_completions(std::vector<std::unique_ptr<Completion>> completions);

template <class Session>
class Job : public Completion {
public:
    Job(asio::any_io_executor executor, Haste haste) : Completion(std::move(executor)), haste_(haste) {}
    [[nodiscard]] auto haste() const -> Haste { return haste_; }
    /// Says what `run` will ask (Database::ask_ahead).
    virtual void ask_ahead(Session& session) = 0;
    /// Announcement::subject
    [[nodiscard]] virtual auto subject() const -> std::string_view { return {}; }
    /// Does the work and keeps its result; once more where the database lost what it did. False when the result is an
    /// error. Never throws.
    virtual auto run(Session& session) -> bool = 0;
    virtual void fail(Error error) = 0; ///< replaces a good result; an error of its own stays

private:
    Haste haste_;
};

template <class Session, class T, class Handler>
class HandlerJob final : public Job<Session> {
public:
    using Work = std::move_only_function<Result<T>(Session&) const>;
    HandlerJob(Handler handler, Work work, Announcement<Session> ahead, Haste haste)
        : Job<Session>(asio::get_associated_executor(handler), haste),
          handler_(std::move(handler)),
          work_(std::move(work)),
          ahead_(std::move(ahead)) {}

    void ask_ahead(Session& session) override {
        if (ahead_.questions) ahead_.questions(session);
    }
    [[nodiscard]] auto subject() const -> std::string_view override { return ahead_.subject; }

    auto run(Session& session) -> bool override {
        has_run_ = true;
        try {
            result_ = work_(session);
        } catch (const StoreFailure& failure) {
            result_ = dossier::fail(failure.to_error());
        } catch (const std::exception& e) {
            result_ = dossier::fail(Errc::internal, e.what());
        }
        return result_.has_value();
    }
    void fail(Error error) override {
        if (result_ || !has_run_) result_ = dossier::fail(std::move(error));
    }
    void resume() override {
        auto handler = std::move(handler_);
        handler(std::move(result_));
    }

private:
    Handler handler_;
    Work work_;
    Announcement<Session> ahead_;
    Result<T> result_ = dossier::fail(Errc::internal, "store: the operation did not run");
    bool has_run_ = false;
};

/// First in, first out. After `close` nothing more comes in, and takers get what is left.
template <class Session>
class JobQueue {
public:
    using Jobs = std::vector<std::unique_ptr<Job<Session>>>;

    void push(std::unique_ptr<Job<Session>> job) {
        {
            const std::scoped_lock lock(mutex_);
            if (!closed_) {
                if (job->haste() == Haste::at_once) ++in_haste_;
                jobs_.push_back(std::move(job));
                if (wanted_ == 0 || is_gathered()) arrived_.notify_one();
                return;
            }
        }
        job->fail({.code = Errc::storage, .message = why_closed_, .context = {}, .retry_after = {}});
        std::vector<std::unique_ptr<Completion>> refused;
        refused.push_back(std::move(job));
        post_completions(std::move(refused));
    }
    /// Waits for jobs and takes up to `most`; none = closed and empty. A thread that waits long keeps no memory.
    /// @param takers so many take from this queue: each leaves the others their share of what waits
    /// @param idle called again and again after a long wait, for as long as it says that there is more and no job comes
    auto
    take(std::size_t most, std::size_t takers = 1, const std::function<bool()>& idle = [] { return false; }) -> Jobs {
        constexpr std::chrono::milliseconds long_wait{500};
        const auto has_come = [&] { return closed_ || !jobs_.empty(); };
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, long_wait, has_come)) {
            bool more = true;
            while (more && !has_come()) {
                lock.unlock();
                more = idle();
                if (!more) give_back_own_heap();
                lock.lock();
            }
            arrived_.wait(lock, has_come);
        }
        most = std::min(most, (jobs_.size() + takers - 1) / takers);
        Jobs taken;
        taken.reserve(std::min(most, jobs_.size()));
        while (!jobs_.empty() && taken.size() < most) {
            if (jobs_.front()->haste() == Haste::at_once) --in_haste_;
            taken.push_back(std::move(jobs_.front()));
            jobs_.pop_front();
        }
        return taken;
    }
    /// For the only taker: waits while all that come can wait, for `enough` of them or until the time is over.
    void gather(std::size_t enough, std::chrono::microseconds most) {
        std::unique_lock lock(mutex_);
        wanted_ = enough;
        arrived_.wait_for(lock, most, [this] { return is_gathered(); });
        wanted_ = 0;
    }
    /// @param why what they are told who come later; of several reasons the first
    void close(std::string why = "store: closed") {
        const std::scoped_lock lock(mutex_);
        if (!closed_) why_closed_ = std::move(why);
        closed_ = true;
        arrived_.notify_all();
    }

private:
    [[nodiscard]] auto is_gathered() const -> bool { return closed_ || in_haste_ > 0 || jobs_.size() >= wanted_; }

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<std::unique_ptr<Job<Session>>> jobs_;
    std::size_t in_haste_ = 0; ///< of them
    std::size_t wanted_ = 0;   ///< by a taker that gathers; 0 = nobody does
    bool closed_ = false;
    std::string why_closed_; ///< not changed once it is closed
};

/// Queues `work` and waits for it. The queue must outlive the wait.
template <class T, class Session>
auto run_job(JobQueue<Session>& queue, std::move_only_function<Result<T>(Session&) const> work,
             Announcement<Session> ahead = {}, Haste haste = Haste::at_once) -> Task<Result<T>> {
    auto start = [&queue, haste](auto handler, std::move_only_function<Result<T>(Session&) const> queued,
                                 Announcement<Session> announced) {
        using Handler = std::decay_t<decltype(handler)>;
        queue.push(std::make_unique<HandlerJob<Session, T, Handler>>(std::move(handler), std::move(queued),
                                                                     std::move(announced), haste));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
        std::move(start), asio::use_awaitable, std::move(work), std::move(ahead));
}

} // namespace dossier::store
