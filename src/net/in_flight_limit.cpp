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

auto InFlightLimit::acquire(Deadline deadline, Flow flow) -> Task<Result<Permit>> {
    auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
    {
        const std::scoped_lock lock(mutex_);
        if (free_ > 0) {
            --free_;
            co_return Permit(*this);
        }
        waiting_[flow].push_back(waiter);
    }
    waiter->timer.expires_at(deadline);
    const auto [error] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::scoped_lock lock(mutex_);
    if (waiter->has_place) co_return Permit(*this);
    if (const auto others = waiting_.find(flow); others != waiting_.end()) {
        others->second.remove(waiter);
        if (others->second.empty()) waiting_.erase(others);
    }
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
        next = next_in_turn();
        next->has_place = true;
    }
    asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
}

auto InFlightLimit::next_in_turn() -> std::shared_ptr<Waiter> {
    auto flow = waiting_.begin();
    if (waiting_.size() > 1) {
        std::vector<Flow> flows;
        flows.reserve(waiting_.size());
        for (const auto& [name, waiters] : waiting_) flows.push_back(name);
        flow = std::next(flow, static_cast<std::ptrdiff_t>(order_.next(flows, 1).front()));
    }
    auto next = std::move(flow->second.front());
    flow->second.pop_front();
    if (flow->second.empty()) waiting_.erase(flow);
    return next;
}

} // namespace dossier::net
