#pragma once
// The time limit of one connection. Armed before a phase (wait for a request, read its header, …) it cancels the
// socket's pending operation when the time is over, so that the session can still answer 408 on the open socket. Bytes
// that trickle in don't move the limit. Lives on the connection's lane; one timer serves the whole connection and is
// moved only when the new limit is nearer than the timer's.

#include "dossier/base/task.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>

namespace dossier::net {

class Watchdog : public std::enable_shared_from_this<Watchdog> {
public:
    explicit Watchdog(asio::ip::tcp::socket& socket) : socket_(socket), timer_(socket.get_executor()) {}

    void arm(Deadline deadline);
    void disarm() { armed_ = expired_ = false; }
    /// The limit has passed since the last `arm`.
    [[nodiscard]] auto expired() const -> bool { return expired_; }

private:
    void wait_until(Deadline when);
    void wake(std::uint64_t generation);

    asio::ip::tcp::socket& socket_;
    asio::steady_timer timer_;
    Deadline deadline_{};
    std::uint64_t generation_ = 0;
    bool waiting_ = false;
    bool armed_ = false;
    bool expired_ = false;
};

} // namespace dossier::net
