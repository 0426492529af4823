#pragma once
// What the acceptor and the connections of one HttpServer share. Each lane keeps the set of its own connections, which
// only that lane touches; stopping sends one message to every lane. Held by shared_ptr, so that a message that is still
// in a lane's queue when the server goes finds its state alive.

#include "body_budget.hpp"

#include "dossier/base/metrics.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/net/config.hpp"
#include "dossier/net/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace dossier::net {

/// A connection as the server sees it. Both are called on the connection's lane.
class Connection {
public:
    virtual ~Connection() = default;
    virtual void begin_drain() = 0; ///< closes if no request is in progress
    virtual void abort() = 0;       ///< closes the socket
    /// Since when it has occupied its place without asking for anything; nullopt while a request is in progress.
    [[nodiscard]] virtual auto waiting_since() const -> std::optional<Deadline> = 0;
};

struct ServerCore {
    ServerCore(ServerConfig config_, Metrics& metrics_, Gate gate_, Handler handler_, ProblemWriter problem_)
        : config(std::move(config_)),
          metrics(metrics_),
          gate(std::move(gate_)),
          handler(std::move(handler_)),
          problem(std::move(problem_)),
          bodies(config.body_memory.bytes) {}

    ServerConfig config;
    Metrics& metrics;
    Gate gate;
    Handler handler;
    ProblemWriter problem;
    BodyBudget bodies;
    std::vector<std::unordered_set<Connection*>> by_lane; ///< element i belongs to lane i
    std::atomic<std::size_t> connections{0};              ///< being served
    std::atomic<std::size_t> turned_away{0};              ///< being told 503
    std::atomic<bool> draining{false};
};

/// Counts a connection from its acceptance to its end, whether or not it was ever served.
class Counted {
public:
    Counted(std::shared_ptr<ServerCore> core, std::atomic<std::size_t> ServerCore::* counter)
        : core_(std::move(core)), counter_(counter) {
        ++(*core_.*counter_);
        core_->metrics.add("dossier_http_connections", 1);
    }
    ~Counted() {
        --(*core_.*counter_);
        core_->metrics.add("dossier_http_connections", -1);
    }
    Counted(const Counted&) = delete;
    auto operator=(const Counted&) -> Counted& = delete;

private:
    std::shared_ptr<ServerCore> core_;
    std::atomic<std::size_t> ServerCore::* counter_;
};

struct Accepted {
    asio::ip::tcp::socket socket;
    std::size_t lane = 0;
    std::shared_ptr<ServerCore> core;
    std::shared_ptr<Counted> counted;
    std::shared_ptr<boost::asio::ssl::context> tls; ///< null on a plain port
};

/// Serve one connection to its end. To be run on the socket's lane.
auto serve_plain(std::shared_ptr<Accepted> accepted) -> Task<void>;
auto serve_tls(std::shared_ptr<Accepted> accepted) -> Task<void>;
/// 503 with Retry-After on a plain port, for a connection too many; at a TLS port just closes.
auto turn_away(std::shared_ptr<Accepted> accepted) -> Task<void>;

} // namespace dossier::net
