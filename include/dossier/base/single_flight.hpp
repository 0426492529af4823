#pragma once
// One call for all who ask for the same thing at the same time: the first runs it, the others wait for its answer, each
// on its own executor and for as long as its own deadline allows. Where the first was cancelled or ran out of its time,
// the next of those who still have some takes over. Callable from any lane; the object outlives its callers.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

template <class T>
class SingleFlight {
public:
    using Work = std::function<Task<Result<T>>()>;

    SingleFlight() = default;
    SingleFlight(const SingleFlight&) = delete;
    auto operator=(const SingleFlight&) -> SingleFlight& = delete;

    /// The answer of `work`, run by one of those who ask for `key` meanwhile. Errors besides those of `work`: `timeout`
    /// and `cancelled` of the wait.
    auto run(std::string key, Work work, Deadline deadline) -> Task<Result<T>> {
        for (;;) {
            const auto [flight, leads] = board(key);
            if (leads) {
                const Lead lead(*this, key, flight);
                auto result = co_await work();
                lead.land(result);
                co_return result;
            }
            auto landed = co_await wait(flight, deadline);
            if (!landed) co_return fail(std::move(landed.error()));
            if (*landed) co_return std::move(**landed);
            // Whoever led gave up for reasons of their own; one of those who waited leads next.
        }
    }

private:
    struct Waiter {
        explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
        asio::steady_timer timer; ///< touched on the waiter's executor only
    };
    struct Flight {
        std::vector<std::shared_ptr<Waiter>> waiting;
        bool over = false;
        std::optional<Result<T>> result; ///< none: given up
    };

    /// Ends the flight whatever becomes of the leading coroutine.
    class Lead {
    public:
        Lead(SingleFlight& owner, const std::string& key, std::shared_ptr<Flight> flight)
            : owner_(owner), key_(key), flight_(std::move(flight)) {}
        Lead(const Lead&) = delete;
        auto operator=(const Lead&) -> Lead& = delete;
        ~Lead() { owner_.end(key_, *flight_); }
        void land(const Result<T>& result) const {
            const bool gave_up =
                !result && (result.error().code == Errc::cancelled || result.error().code == Errc::timeout);
            if (gave_up) return;
            const std::scoped_lock lock(owner_.mutex_);
            flight_->result = result;
        }

    private:
        SingleFlight& owner_;
        const std::string& key_;
        std::shared_ptr<Flight> flight_;
    };

    auto board(const std::string& key) -> std::pair<std::shared_ptr<Flight>, bool> {
        const std::scoped_lock lock(mutex_);
        auto& flight = flights_[key];
        const bool leads = !flight;
        if (leads) flight = std::make_shared<Flight>();
        return {flight, leads};
    }

    void end(const std::string& key, Flight& flight) {
        std::vector<std::shared_ptr<Waiter>> waiting;
        {
            const std::scoped_lock lock(mutex_);
            flights_.erase(key);
            flight.over = true;
            waiting.swap(flight.waiting);
        }
        for (auto& waiter : waiting) asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }

    /// The flight's result, none where its leader gave up.
    auto wait(std::shared_ptr<Flight> flight, Deadline deadline) -> Task<Result<std::optional<Result<T>>>> {
        auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
        {
            const std::scoped_lock lock(mutex_);
            if (flight->over) co_return flight->result;
            flight->waiting.push_back(waiter);
        }
        waiter->timer.expires_at(deadline);
        const auto [error] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const std::scoped_lock lock(mutex_);
        if (flight->over) co_return flight->result;
        std::erase(flight->waiting, waiter);
        if (error) co_return fail(Errc::cancelled, "the wait for a shared answer was cancelled");
        co_return fail(Errc::timeout, "somebody else's request for the same thing took too long");
    }

    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Flight>, std::less<>> flights_;
};

} // namespace dossier
