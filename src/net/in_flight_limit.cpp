#include "dossier/net/in_flight_limit.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dossier::net {

/// The timer is touched on the waiter's executor only; `has_place` under the limit's mutex.
struct InFlightLimit::Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool has_place = false;
};

auto InFlightLimit::acquire(Deadline deadline) -> Task<Result<Permit>> {
    auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
    {
        const std::scoped_lock lock(mutex_);
        if (free_ > 0) {
            --free_;
            co_return Permit(*this);
        }
        waiting_.push_back(waiter);
    }
    waiter->timer.expires_at(deadline);
    const auto [error] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::scoped_lock lock(mutex_);
    if (waiter->has_place) co_return Permit(*this);
    waiting_.remove(waiter);
    if (error) co_return fail(Errc::cancelled, "the request was cancelled");
    co_return fail(Errc::timeout, "no place came free: as many requests as allowed are under way");
}

void InFlightLimit::release() {
    std::shared_ptr<Waiter> next;
    {
        const std::scoped_lock lock(mutex_);
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        next = std::move(waiting_.front());
        waiting_.pop_front();
        next->has_place = true;
    }
    asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
}

} // namespace dossier::net
