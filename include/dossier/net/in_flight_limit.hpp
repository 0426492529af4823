#pragma once
// How many calls to one upstream may be under way: a semaphore that coroutines await in the order they came, with a
// deadline and cancellation. A Permit gives its place back when it goes. Callable from any lane; whoever waits must run
// on a lane (or a strand).

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"

#include <cstddef>
#include <list>
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
    auto acquire(Deadline deadline) -> Task<Result<Permit>>;

private:
    struct Waiter;
    void release();

    std::mutex mutex_;
    std::size_t free_;
    std::list<std::shared_ptr<Waiter>> waiting_;
};

} // namespace dossier::net
