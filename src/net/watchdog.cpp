#include "watchdog.hpp"

namespace dossier::net {

void Watchdog::arm(Deadline deadline) {
    deadline_ = deadline;
    armed_ = true;
    expired_ = false;
    if (!waiting_ || timer_.expiry() > deadline) wait_until(deadline);
}

void Watchdog::wait_until(Deadline when) {
    waiting_ = true;
    timer_.expires_at(when);
    timer_.async_wait([self = weak_from_this(), generation = ++generation_](boost::system::error_code) {
        if (const auto alive = self.lock()) alive->wake(generation);
    });
}

void Watchdog::wake(std::uint64_t generation) {
    if (generation != generation_) return; // an older wait that was moved
    waiting_ = false;
    if (!armed_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < deadline_) {
        wait_until(deadline_);
        return;
    }
    expired_ = true;
    boost::system::error_code ignored; // a closed socket has nothing to cancel
    socket_.cancel(ignored);
    // A TLS operation may be between two socket operations just now; it starts the next one after this cancel.
    constexpr auto again = std::chrono::milliseconds{100};
    wait_until(now + again);
}

} // namespace dossier::net
