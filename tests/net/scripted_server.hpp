#pragma once
// A small real HTTP/1.1 server on loopback whose every answer a test writes as bytes: slow, cut, huge or none at all.
// It runs on a thread of its own and counts connections and requests.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dossier::net::test {

struct Answer {
    std::string bytes;                  ///< sent as they are; empty = nothing is said
    std::chrono::milliseconds delay{0}; ///< before they are sent
    bool closes = false;                ///< the connection ends after them
};

/// A whole answer with Content-Length.
auto answer(int status, std::string body = "", std::string extra_headers = "") -> Answer;

class ScriptedServer {
public:
    /// @param head request line and header fields
    /// @param number of the request on this server, from 1
    using Script = std::function<Answer(const std::string& head, const std::string& body, int number)>;

    explicit ScriptedServer(Script script);
    /// With TLS: PEM certificate and key.
    ScriptedServer(Script script, const std::string& certificate, const std::string& key);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    auto operator=(const ScriptedServer&) -> ScriptedServer& = delete;

    [[nodiscard]] auto url(const std::string& path = "/") const -> std::string;
    [[nodiscard]] auto connections() const -> int { return connections_; }
    [[nodiscard]] auto requests() const -> int { return requests_; }
    [[nodiscard]] auto heads() const -> std::vector<std::string>;
    /// Connections end as soon as they are accepted, before anything is read.
    void slam_door(bool on) { slams_ = on; }
    /// Waits until `count` requests have come; false after five seconds.
    [[nodiscard]] auto wait_for_requests(int count) const -> bool;
    /// Waits until no connection is open any more; false after five seconds.
    [[nodiscard]] auto wait_for_no_connection() const -> bool;

private:
    template <class Stream>
    auto serve(Stream stream) -> boost::asio::awaitable<void>;
    auto accept() -> boost::asio::awaitable<void>;

    Script script_;
    std::atomic<int> open_ = 0; ///< connections; outlives their coroutines, which end with the context
    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::ssl::context tls_;
    bool is_tls_;
    std::atomic<int> connections_ = 0;
    std::atomic<int> requests_ = 0;
    std::atomic<bool> slams_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> heads_;
    std::thread thread_;
};

struct SelfSigned {
    std::string certificate;
    std::string key;
};
/// A fresh self-signed certificate for 127.0.0.1 and localhost, PEM.
auto make_self_signed() -> SelfSigned;

} // namespace dossier::net::test
