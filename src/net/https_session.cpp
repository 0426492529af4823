#include "http_session.hpp"
#include "server_tls.hpp"

#include <boost/asio/ssl/stream.hpp>

namespace dossier::net {

using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket&>;

namespace {

/// A connection that has no request yet, only a handshake.
class Handshake final : public Connection {
public:
    explicit Handshake(tcp::socket& socket) : socket_(socket) {}
    void begin_drain() override { abort(); }
    void abort() override {
        boost::system::error_code ignored; // closing a closed socket
        socket_.close(ignored);
    }
    [[nodiscard]] auto waiting_since() const -> std::optional<Deadline> override { return begun_; }

private:
    tcp::socket& socket_;
    Deadline begun_ = std::chrono::steady_clock::now();
};

auto serve_secured(std::shared_ptr<Accepted> accepted) -> Task<void> {
    auto& core = *accepted->core;
    auto& lane = core.by_lane[accepted->lane];
    auto& socket = accepted->socket;
    const auto watchdog = std::make_shared<Watchdog>(socket);
    TlsStream stream(socket, *accepted->tls);
    {
        Handshake handshake(socket);
        const Registration registered(lane, handshake);
        if (core.draining) co_return;
        watchdog->arm(deadline_in(core.config.header_timeout));
        const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, quiet);
        if (error) {
            log::debug("tls.handshake_failed", {{"peer", peer_of(socket)}, {"error", error.message()}});
            co_return;
        }
    }
    Session<TlsStream> session(stream, watchdog, accepted->core, peer_of(socket),
                               verified_subject(stream.native_handle()));
    const Registration registered(lane, session);
    if (!co_await session.serve()) co_return;
    // Only our half of the closing is owed (RFC 8446 §6.1); what the client still sends is read and dropped below TLS.
    SSL_set_shutdown(stream.native_handle(), SSL_RECEIVED_SHUTDOWN);
    watchdog->arm(deadline_in(core.config.header_timeout));
    co_await stream.async_shutdown(quiet);
    co_await linger(socket, watchdog);
}

} // namespace

auto serve_tls(std::shared_ptr<Accepted> accepted) -> Task<void> {
    co_await until_cancelled(serve_secured(std::move(accepted)));
}

} // namespace dossier::net
