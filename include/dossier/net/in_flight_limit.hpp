#pragma once
// How many calls to one upstream may be under way: a semaphore that coroutines await with a deadline and cancellation.
// Worse findings come first and sources take turns (base/turn_order.hpp); within a flow the order is that of coming. A
// Permit gives its place back when it goes. Callable from any lane; whoever waits must run on a lane (or a strand).

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/turn_order.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace dossier::net {

class InFlightLimit {
public:
    class Permit {
    public:
        explicit Permit(InFlightLimit& limit) : limit_(&limit) {}
        Permit(Permit&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
        auto operator=(Permit&& other) noexcept -> Permit& {
            std::swap(limit_, other.limit_);
            return *this;
        }
        ~Permit() {
            if (limit_ != nullptr) limit_->release();
        }

    private:
        InFlightLimit* limit_;
    };

    explicit InFlightLimit(std::size_t places) : free_(places) {}

    /// `timeout` when no place came free in time, `cancelled` when the waiter was.
    auto acquire(Deadline deadline, Flow flow = {}) -> Task<Result<Permit>>;

private:
    struct Waiter;
    void release();
    auto next_in_turn() -> std::shared_ptr<Waiter>; ///< under the mutex

    std::mutex mutex_;
    std::size_t free_;
    std::map<Flow, std::list<std::shared_ptr<Waiter>>> waiting_; ///< no list is empty
    TurnOrder order_;
};

} // namespace dossier::net
