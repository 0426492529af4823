#include "dossier/net/http_server.hpp"

#include "http_server_core.hpp"
#include "listen.hpp"
#include "server_tls.hpp"

#include "dossier/base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace dossier::net {

using tcp = asio::ip::tcp;

namespace {

/// Connections that are being told 503; those beyond are closed without a word.
constexpr std::size_t most_turned_away = 128;
/// How many places are kept free, by ending connections that only wait.
constexpr std::size_t spare_places = 64;

auto resolve(const ListenAddress& address) -> Result<tcp::endpoint> {
    if (address.host.empty()) return tcp::endpoint(tcp::v4(), address.port);
    boost::system::error_code error;
    const auto literal = asio::ip::make_address(address.host, error);
    if (!error) return tcp::endpoint(literal, address.port);
    asio::io_context context;
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(address.host, std::to_string(address.port), error);
    if (error || found.empty()) {
        return fail(Errc::unavailable, "server.listen: host '" + address.host + "' can't be resolved");
    }
    return found.begin()->endpoint();
}

auto open(asio::io_context& lane, const std::string& listen) -> Result<std::shared_ptr<tcp::acceptor>> {
    const auto address = parse_listen(listen);
    if (!address) return fail(address.error());
    const auto endpoint = resolve(*address);
    if (!endpoint) return fail(endpoint.error());
    auto acceptor = std::make_shared<tcp::acceptor>(lane);
    boost::system::error_code error;
    acceptor->open(endpoint->protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(*endpoint, error);
    if (!error) acceptor->listen(tcp::acceptor::max_listen_connections, error);
    if (error) return fail(Errc::unavailable, "can't listen on " + listen + ": " + error.message());
    return acceptor;
}

/// Calls `what` for each connection, on the connection's lane.
void for_each_connection(Runtime& runtime, const std::shared_ptr<ServerCore>& core, void (Connection::*what)()) {
    for (std::size_t lane = 0; lane < core->by_lane.size(); ++lane) {
        asio::post(runtime.lane(lane), [core, lane, what] {
            for (auto* connection : core->by_lane[lane]) (connection->*what)();
        });
    }
}

/// Whoever asks for something goes before those that only hold a place: of connections that have been without a request
/// for a second, the longest waiting end. Clients that keep connections know that they may.
void end_longest_waiting(std::unordered_set<Connection*>& connections, std::size_t most) {
    const auto young = std::chrono::steady_clock::now() - std::chrono::seconds{1};
    std::vector<std::pair<Deadline, Connection*>> waiting;
    for (auto* connection : connections) {
        const auto since = connection->waiting_since();
        if (since && *since < young) waiting.emplace_back(*since, connection);
    }
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting.size()));
    std::ranges::partial_sort(waiting, end);
    for (auto chosen = waiting.begin(); chosen != end; ++chosen) chosen->second->abort();
}

} // namespace

struct HttpServer::Impl {
    Impl(Runtime& used, ServerConfig config, Metrics& metrics, Gate gate, Handler handler, ProblemWriter problem)
        : runtime(used),
          core(std::make_shared<ServerCore>(std::move(config), metrics, std::move(gate), std::move(handler),
                                            std::move(problem))) {
        core->by_lane.resize(runtime.size());
    }

    auto accept_all() -> Task<void>;
    void receive(std::shared_ptr<Accepted> accepted);
    void make_room();
    auto current_tls() -> std::shared_ptr<asio::ssl::context> {
        const std::scoped_lock lock(tls_mutex);
        return tls;
    }

    Runtime& runtime;
    std::shared_ptr<ServerCore> core;
    std::shared_ptr<tcp::acceptor> acceptor; ///< used on lane 0 only, once it listens
    std::uint16_t port = 0;
    Deadline made_room_at{};        ///< last; lane 0
    std::optional<TaskScope> scope; ///< from a successful start on
    std::mutex tls_mutex;
    std::shared_ptr<asio::ssl::context> tls;
};

auto HttpServer::Impl::accept_all() -> Task<void> {
    constexpr auto pause = std::chrono::milliseconds{100};
    bool failing = false;
    for (std::size_t lane = 0; !core->draining; lane = (lane + 1) % runtime.size()) {
        auto accepted =
            std::make_shared<Accepted>(Accepted{.socket = tcp::socket(runtime.lane(lane)), .lane = lane, .core = core});
        const auto [error] = co_await acceptor->async_accept(accepted->socket, asio::as_tuple(asio::use_awaitable));
        if (core->draining || error == asio::error::operation_aborted) co_return;
        if (error == asio::error::connection_aborted) continue; // the client gave up while it waited
        if (error) {
            // Out of file descriptors or memory: the connection stays in the backlog, so trying at once would spin.
            if (!failing) log::error("server.accept_failed", {{"error", error.message()}});
            failing = true;
            if (!co_await sleep_for(pause)) co_return;
            continue;
        }
        failing = false;
        receive(std::move(accepted));
    }
}

void HttpServer::Impl::receive(std::shared_ptr<Accepted> accepted) {
    boost::system::error_code ignored; // the client may have gone already; the first read will tell
    accepted->socket.set_option(tcp::no_delay(true), ignored);
    accepted->tls = current_tls();
    const auto lane = runtime.lane(accepted->lane).get_executor();
    const auto most = core->config.max_connections;
    if (core->connections >= most - std::min(spare_places, most / 16)) make_room();
    if (core->connections < most) {
        accepted->counted = std::make_shared<Counted>(core, &ServerCore::connections);
        const auto serve = accepted->tls ? serve_tls : serve_plain;
        scope->spawn(lane, "http.connection", [accepted, serve] { return serve(accepted); });
    } else if (core->turned_away < most_turned_away) {
        accepted->counted = std::make_shared<Counted>(core, &ServerCore::turned_away);
        core->metrics.count("dossier_http_refused_total", {{"reason", "connections"}});
        scope->spawn(lane, "http.turn_away", [accepted] { return turn_away(accepted); });
    } else {
        core->metrics.count("dossier_http_refused_total", {{"reason", "connections"}});
    }
}

/// Looking through all connections costs something, so it is done now and then, and for several at once.
void HttpServer::Impl::make_room() {
    constexpr auto pause = std::chrono::milliseconds{20};
    const auto now = std::chrono::steady_clock::now();
    if (now - made_room_at < pause) return;
    made_room_at = now;
    for (std::size_t lane = 0; lane < core->by_lane.size(); ++lane) {
        asio::post(runtime.lane(lane),
                   [shared = core, lane] { end_longest_waiting(shared->by_lane[lane], spare_places / 2); });
    }
}

HttpServer::HttpServer(Runtime& runtime, ServerConfig config, Metrics& metrics, Gate gate, Handler handler,
                       ProblemWriter problem)
    : impl_(std::make_unique<Impl>(runtime, std::move(config), metrics, std::move(gate), std::move(handler),
                                   std::move(problem))) {}

HttpServer::~HttpServer() = default;

auto HttpServer::start() -> Result<void> {
    const auto& config = impl_->core->config;
    if (config.tls.enabled()) {
        if (auto loaded = reload_tls(); !loaded) return loaded;
    }
    auto acceptor = open(impl_->runtime.lane(0), config.listen);
    if (!acceptor) return fail(std::move(acceptor).error());
    impl_->acceptor = std::move(*acceptor);
    impl_->port = impl_->acceptor->local_endpoint().port();
    impl_->scope.emplace();
    impl_->scope->spawn(impl_->runtime.lane(0).get_executor(), "http.accept",
                        [impl = impl_.get()] { return impl->accept_all(); });
    log::info("server.listening", {{"listen", config.listen}, {"port", impl_->port}, {"tls", config.tls.enabled()}});
    return {};
}

auto HttpServer::port() const -> std::uint16_t { return impl_->port; }

auto HttpServer::reload_tls() -> Result<void> {
    const auto& config = impl_->core->config.tls;
    if (!config.enabled()) return {};
    auto made = make_server_tls(config);
    if (!made) return fail(std::move(made).error());
    const std::scoped_lock lock(impl_->tls_mutex);
    impl_->tls = std::move(*made);
    return {};
}

auto HttpServer::stop(Deadline deadline) -> Task<void> {
    if (!impl_->scope) co_return;
    const auto core = impl_->core;
    auto* runtime = &impl_->runtime;
    core->draining = true;
    asio::post(runtime->lane(0), [acceptor = impl_->acceptor] {
        boost::system::error_code ignored; // a second stop closes a closed acceptor
        acceptor->close(ignored);
    });
    for_each_connection(*runtime, core, &Connection::begin_drain);
    asio::steady_timer overtime(co_await asio::this_coro::executor, deadline);
    overtime.async_wait([core, runtime](boost::system::error_code error) {
        if (!error) for_each_connection(*runtime, core, &Connection::abort);
    });
    co_await impl_->scope->close(deadline);
}

} // namespace dossier::net
