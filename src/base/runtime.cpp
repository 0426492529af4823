#include "dossier/base/runtime.hpp"

#include "dossier/base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cassert>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace dossier {

auto sleep_for(std::chrono::steady_clock::duration span) -> Task<bool> {
    asio::steady_timer timer(co_await asio::this_coro::executor, span);
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

struct Runtime::Impl {
    using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
    std::vector<std::unique_ptr<asio::io_context>> lanes;
    std::vector<Guard> guards;
    std::vector<std::thread> threads;
    std::atomic<std::size_t> next{0};
};

Runtime::Runtime(std::size_t lanes) : impl_(std::make_unique<Impl>()) {
    if (lanes == 0) lanes = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < lanes; ++i) {
        // Concurrency hint 1: one thread runs it, though other threads may post to it.
        impl_->lanes.push_back(std::make_unique<asio::io_context>(1));
        impl_->guards.emplace_back(impl_->lanes.back()->get_executor());
    }
}

Runtime::~Runtime() { stop(); }

auto Runtime::size() const -> std::size_t { return impl_->lanes.size(); }

auto Runtime::lane(std::size_t index) -> asio::io_context& { return *impl_->lanes.at(index); }

auto Runtime::next_lane() -> asio::io_context& {
    return *impl_->lanes[impl_->next.fetch_add(1, std::memory_order_relaxed) % impl_->lanes.size()];
}

void Runtime::start() {
    for (auto& lane : impl_->lanes) {
        impl_->threads.emplace_back([context = lane.get()] {
            for (;;) {
                try {
                    context->run();
                    return;
                } catch (const std::exception& e) {
                    // A handler let an exception out: a broken invariant. The lane goes on for everybody else's sake.
                    log::error("lane.exception", {{"what", e.what()}});
                }
            }
        });
    }
}

void Runtime::stop(std::chrono::milliseconds grace) {
    impl_->guards.clear();
    const auto until = std::chrono::steady_clock::now() + grace;
    for (auto& lane : impl_->lanes) {
        while (!lane->stopped() && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        lane->stop();
    }
    for (auto& thread : impl_->threads) {
        if (thread.joinable()) thread.join();
    }
    impl_->threads.clear();
}

struct TaskScope::Impl {
    struct Child {
        asio::any_io_executor executor;
        asio::cancellation_signal signal;
    };
    std::mutex mutex;
    std::list<std::shared_ptr<Child>> children;
    bool closing = false;

    void cancel_all() {
        std::list<std::shared_ptr<Child>> now;
        {
            const std::lock_guard lock(mutex);
            now = children;
        }
        for (auto& child : now) {
            // A cancellation signal belongs to the thread that runs the coroutine.
            asio::post(child->executor, [child] { child->signal.emit(asio::cancellation_type::terminal); });
        }
    }
    auto empty() -> bool {
        const std::lock_guard lock(mutex);
        return children.empty();
    }
};

TaskScope::TaskScope() : impl_(std::make_shared<Impl>()) {}
TaskScope::~TaskScope() { assert(impl_->empty()); }

namespace {

auto run_child(std::string what, std::function<Task<void>()> task) -> Task<void> {
    std::optional<std::string> failure;
    try {
        co_await task();
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted) failure = e.what();
    } catch (const std::exception& e) {
        failure = e.what();
    }
    if (failure) log::error("task.failed", {{"task", what}, {"what", *failure}});
}

} // namespace

auto TaskScope::spawn(asio::any_io_executor executor, std::string_view what, std::function<Task<void>()> task) -> bool {
    auto child = std::make_shared<Impl::Child>();
    child->executor = executor;
    std::list<std::shared_ptr<Impl::Child>>::iterator place;
    {
        const std::lock_guard lock(impl_->mutex);
        if (impl_->closing) return false;
        place = impl_->children.insert(impl_->children.end(), child);
    }
    asio::co_spawn(
        executor, run_child(std::string(what), std::move(task)),
        asio::bind_cancellation_slot(child->signal.slot(), [impl = impl_, place, child](const std::exception_ptr&) {
            const std::lock_guard lock(impl->mutex);
            impl->children.erase(place);
        }));
    return true;
}

auto TaskScope::running() const -> std::size_t {
    const std::lock_guard lock(impl_->mutex);
    return impl_->children.size();
}

auto TaskScope::close(Deadline deadline) -> Task<void> {
    auto impl = impl_;
    {
        const std::lock_guard lock(impl->mutex);
        impl->closing = true;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor);
    Deadline last_cancel{};
    while (!impl->empty()) {
        const auto now = std::chrono::steady_clock::now();
        // Said again from time to time: a coroutine between two waits doesn't hear the first call.
        if (now >= deadline && now - last_cancel > std::chrono::milliseconds{100}) {
            impl->cancel_all();
            last_cancel = now;
        }
        timer.expires_after(std::chrono::milliseconds{2});
        boost::system::error_code error;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

} // namespace dossier
