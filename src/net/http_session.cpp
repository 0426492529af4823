#include "http_session.hpp"

#include "dossier/base/ids.hpp"

namespace dossier::net {

using tcp = asio::ip::tcp;

namespace {

constexpr auto linger_time = std::chrono::seconds{2};
constexpr std::size_t linger_bytes = 1U << 20U;

auto serve_socket(std::shared_ptr<Accepted> accepted) -> Task<void> {
    auto& socket = accepted->socket;
    const auto watchdog = std::make_shared<Watchdog>(socket);
    Session<tcp::socket> session(socket, watchdog, accepted->core, peer_of(socket), {});
    const Registration registered(accepted->core->by_lane[accepted->lane], session);
    if (co_await session.serve()) co_await linger(socket, watchdog);
}

auto say_busy(std::shared_ptr<Accepted> accepted) -> Task<void> {
    auto& socket = accepted->socket;
    const auto watchdog = std::make_shared<Watchdog>(socket);
    const auto request_id = random_hex(16);
    auto response = accepted->core->problem(503, "too many connections", request_id);
    response.headers.set("Retry-After", "1");
    const auto text =
        serialise_head(response, {.request_id = request_id, .head_only = false, .close = true, .http10 = false}) +
        response.body;
    watchdog->arm(deadline_in(linger_time));
    const auto [error, count] = co_await asio::async_write(socket, asio::buffer(text), quiet);
    if (!error) co_await linger(socket, watchdog);
}

} // namespace

auto peer_of(const tcp::socket& socket) -> std::string {
    boost::system::error_code error;
    const auto endpoint = socket.remote_endpoint(error); // fails when the peer has gone already
    return error ? std::string{} : endpoint.address().to_string();
}

auto linger(tcp::socket& socket, std::shared_ptr<Watchdog> watchdog) -> Task<void> {
    boost::system::error_code ignored; // the peer may have closed first
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    watchdog->arm(deadline_in(linger_time));
    std::vector<char> scrap(16U << 10U);
    std::size_t total = 0;
    while (total < linger_bytes && !watchdog->expired()) {
        const auto [error, count] = co_await socket.async_read_some(asio::buffer(scrap), quiet);
        if (error) break;
        total += count;
    }
}

auto until_cancelled(Task<void> task) -> Task<void> {
    try {
        co_await std::move(task);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
    }
}

auto serve_plain(std::shared_ptr<Accepted> accepted) -> Task<void> {
    co_await until_cancelled(serve_socket(std::move(accepted)));
}

auto turn_away(std::shared_ptr<Accepted> accepted) -> Task<void> {
    if (!accepted->tls) co_await until_cancelled(say_busy(std::move(accepted)));
}

} // namespace dossier::net
