#pragma once
// One connection of the HTTP server: a loop of read head, ask the Gate, read body, ask the Handler, answer. Reading is
// ours and parsing Beast's, so that every read obeys one Watchdog and the limits are checked before bytes are kept.
// Requests that were pipelined wait in the buffer, which gives answers in order. Instantiated once for plain sockets
// and once for TLS; everything runs on the connection's lane.

#include "http_server_core.hpp"
#include "http_streaming.hpp"
#include "http_wire.hpp"
#include "watchdog.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <array>
#include <exception>
#include <optional>

namespace dossier::net {

inline constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

template <class Stream>
class Session final : public Connection {
public:
    /// @param stream connected, TLS handshake done
    Session(Stream& stream, std::shared_ptr<Watchdog> watchdog, std::shared_ptr<ServerCore> core, std::string peer,
            std::string tls_subject)
        : stream_(stream),
          watchdog_(std::move(watchdog)),
          core_(std::move(core)),
          peer_(std::move(peer)),
          tls_subject_(std::move(tls_subject)),
          buffer_(core_->config.max_header.bytes + read_size) {}

    /// Requests until one side has had enough. True: we ended it and the client should get to read our last words.
    auto serve() -> Task<bool> {
        while (true) {
            const auto next = co_await serve_one();
            if (next != Next::request) co_return next == Next::linger;
        }
    }

    void begin_drain() override {
        if (idle_) abort();
    }
    [[nodiscard]] auto waiting_since() const -> std::optional<Deadline> override { return waiting_since_; }
    void abort() override {
        boost::system::error_code ignored; // closing a closed socket
        stream_.lowest_layer().close(ignored);
    }

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using Clock = std::chrono::steady_clock;
    enum class Next { request, linger, close };
    static constexpr std::size_t read_size = 64U << 10U;
    static constexpr std::size_t first_read_size = 8U << 10U;
    /// Answers up to this size leave in one piece with their head.
    static constexpr std::size_t joined_size = 16U << 10U;

    auto read_more(std::size_t size) -> Task<Step> {
        if (watchdog_->expired()) co_return std::unexpected(Refusal{408, "the request took too long to arrive"});
        const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(size), quiet);
        if (watchdog_->expired()) co_return std::unexpected(Refusal{408, "the request took too long to arrive"});
        if (error) co_return std::unexpected(Refusal{});
        buffer_.commit(count);
        co_return Step{};
    }

    /// Feeds the parser until `done`. The buffer is bounded, so a chunk or trailer line without end fails, too.
    template <class Done>
    auto parse_until(Parser& parser, std::size_t size, Done done) -> Task<Step> {
        while (!done()) {
            boost::system::error_code error;
            if (buffer_.size() > 0) {
                const auto taken = parser.put(buffer_.data(), error);
                buffer_.consume(taken);
                parsed_ += taken;
            }
            if (error && error != boost::beast::http::error::need_more) co_return std::unexpected(refusal_for(error));
            if (done()) break;
            if (!error && buffer_.size() > 0) continue;
            const auto room = buffer_.max_size() - buffer_.size();
            if (room == 0) co_return std::unexpected(Refusal{431, "a header, chunk or trailer line is too long"});
            if (auto more = co_await read_more(std::min(size, room)); !more) co_return more;
        }
        co_return Step{};
    }

    auto read_head(Parser& parser) -> Task<Step> {
        parser.header_limit(static_cast<std::uint32_t>(core_->config.max_header.bytes));
        parser.body_limit(core_->config.max_body.bytes);
        parsed_ = 0;
        auto step = co_await parse_until(parser, first_read_size, [&parser] { return parser.is_header_done(); });
        // Beast holds the start line, and what of the fields comes by one read, to the limit each for itself.
        if (step && parsed_ > core_->config.max_header.bytes)
            co_return std::unexpected(refusal_for(boost::beast::http::error::header_limit));
        co_return step;
    }

    /// @param hold of the body's bytes, while it is read and answered
    auto read_body(Parser& parser, const HttpRequest& request, BodyBudget::Hold& hold) -> Task<Step> {
        if (parser.is_done()) co_return Step{};
        const Refusal no_room{503, "as much is being sent as this server takes at once"};
        if (const auto length = parser.content_length(); length && !hold.would_fit(*length))
            co_return std::unexpected(no_room);
        watchdog_->arm(Clock::now() + core_->config.body_timeout);
        if (request.headers.get("Expect") && parser.get().version() >= 11 && buffer_.size() == 0) {
            constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(go_on), quiet);
            if (error) co_return std::unexpected(Refusal{});
        }
        parser.eager(true);
        bool fits = true;
        auto step = co_await parse_until(parser, read_size, [&parser, &hold, &fits] {
            fits = hold.grow_to(parser.get().body().size());
            return !fits || parser.is_done();
        });
        if (step && !fits) co_return std::unexpected(no_room);
        co_return step;
    }

    /// Waits for the first byte of a request. False: the connection ends without a word.
    auto wait_for_request() -> Task<bool> {
        skip_blank_lines();
        while (buffer_.size() == 0) {
            if (core_->draining) co_return false;
            watchdog_->arm(Clock::now() + core_->config.idle_timeout);
            if (buffer_.capacity() > first_read_size) buffer_.shrink_to_fit(); // many idle ones would add up
            idle_ = true;
            const auto read = co_await read_more(first_read_size);
            idle_ = false;
            if (!read) co_return false;
            skip_blank_lines();
        }
        co_return true;
    }

    /// RFC 9112 §2.2: blank lines before a request line are to be ignored.
    void skip_blank_lines() {
        while (buffer_.size() > 0) {
            const auto first = *static_cast<const char*>(buffer_.data().data());
            if (first != '\r' && first != '\n') return;
            buffer_.consume(1);
        }
    }

    auto serve_one() -> Task<Next> {
        waiting_since_ = Clock::now();
        if (!co_await wait_for_request()) co_return Next::close;
        const auto begun = Clock::now();
        watchdog_->arm(begun + core_->config.header_timeout);
        Parser parser;
        HttpRequest request;
        auto step = co_await read_head(parser);
        waiting_since_.reset();
        take_ids(parser.get(), request);
        if (step) step = take_head(parser.get(), request);
        request.peer = peer_;
        request.tls_subject = tls_subject_;
        ReplyOptions options{.request_id = {},
                             .head_only = request.method == "HEAD",
                             .close = !step || !parser.get().keep_alive(),
                             .http10 = parser.get().version() < 11};

        std::optional<BodyBudget::Hold> hold(std::in_place, core_->bodies, request.path);
        std::optional<HttpResponse> response;
        if (step) {
            response = ask_gate(request);
            if (response) {
                options.close = options.close || !parser.is_done();
            } else {
                step = co_await read_body(parser, request, *hold);
            }
        }
        if (!step) {
            if (step.error().status == 0) co_return Next::close;
            options.close = true;
            response = refuse(step.error(), request.request_id);
        }
        const auto request_id = request.request_id;
        const auto method = method_label(request.method);
        if (!response) {
            watchdog_->disarm(); // the handler keeps its own time
            request.body = std::move(parser.get().body());
            // Many wait for one commit, each for as long as a disk takes: what has been read is held once.
            if (buffer_.size() == 0) buffer_.shrink_to_fit();
            response = co_await ask_handler(std::move(request));
        }
        hold.reset(); // the body is gone; who reads the answer slowly keeps nobody out
        options.request_id = request_id;
        const auto written = co_await send(std::move(*response), options, method, begun);
        if (!written) co_return Next::close;
        co_return *written ? Next::linger : Next::request;
    }

    auto refuse(const Refusal& refusal, const std::string& request_id) -> HttpResponse {
        auto response = core_->problem(refusal.status, refusal.detail, request_id);
        if (refusal.status == 503) {
            core_->metrics.count("dossier_http_refused_total", {{"reason", "bodies"}});
            response.headers.set("Retry-After", "1");
        }
        return response;
    }

    auto ask_gate(const HttpRequest& request) -> std::optional<HttpResponse> {
        try {
            return core_->gate(request);
        } catch (const std::exception& error) {
            return failed(request.request_id, error.what());
        }
    }

    auto ask_handler(HttpRequest request) -> Task<HttpResponse> {
        const auto request_id = request.request_id;
        std::string reason;
        try {
            co_return co_await core_->handler(std::move(request));
        } catch (const std::exception& error) {
            reason = error.what();
        }
        // The server is stopping and its time is over; this co_await ends the connection.
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return failed(request_id, reason);
    }

    auto failed(const std::string& request_id, std::string_view reason) -> HttpResponse {
        constexpr std::size_t most = 200;
        log::error("http.handler_failed", {{"request_id", request_id}, {"error", shorten(reason, most)}});
        return core_->problem(500, "the server failed on this request", request_id);
    }

    /// True: and the connection closes after it; nullopt: the client is gone, which is no error.
    auto send(HttpResponse response, ReplyOptions options, std::string_view method, Clock::time_point begun)
        -> Task<std::optional<bool>> {
        const auto asked = response.headers.get("Connection");
        options.close = options.close || core_->draining || (asked && iequals(*asked, "close"));
        const bool streams = response.stream && may_have_body(response.status);
        if (streams && options.http10) options.close = true; // its end is all that marks the end of the body
        auto head = serialise_head(response, options);
        std::string_view body = response.body;
        if (options.head_only || !may_have_body(response.status)) body = {};
        if (body.size() <= joined_size) {
            head += body;
            body = {};
        }
        // A client that reads its answer slower than one that sends nothing is given the same time.
        watchdog_->arm(Clock::now() + core_->config.idle_timeout);
        const std::array<asio::const_buffer, 2> pieces = {asio::buffer(head), asio::buffer(body)};
        const auto [error, count] = co_await asio::async_write(stream_, pieces, quiet);
        watchdog_->disarm();
        bool is_whole = !error;
        if (is_whole && streams && !options.head_only)
            is_whole = co_await send_stream(response.stream, std::string(options.request_id), options.http10);

        const auto seconds = std::chrono::duration<double>(Clock::now() - begun).count();
        core_->metrics.count("dossier_http_requests_total",
                             {{"method", method}, {"status", status_label(response.status)}});
        core_->metrics.observe("dossier_http_request_seconds", seconds);
        log::debug("http.request", {{"request_id", options.request_id},
                                    {"method", method},
                                    {"status", response.status},
                                    {"seconds", seconds}});
        if (!is_whole) co_return std::nullopt;
        co_return options.close || (streams && core_->draining);
    }

    /// Writes a body while it is made, and looks meanwhile whether the client still is there: one that left would not
    /// be noticed before the next write, and what is being made for it may cost money. What it sends early stays in
    /// the buffer. False: the answer was broken off.
    auto send_stream(const BodyStream& body, std::string request_id, bool http10) -> Task<bool> {
        ChunkedBody<Stream> out(stream_, *watchdog_, core_->config.idle_timeout, !http10);
        const auto executor = co_await asio::this_coro::executor;
        const auto [order, failure, watch_failure] =
            co_await asio::experimental::make_parallel_group(
                asio::co_spawn(executor, body(out), asio::deferred),
                asio::co_spawn(executor, watch_client(out), asio::deferred))
                .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        if (watch_failure) std::rethrow_exception(watch_failure);
        if (!out.is_open()) co_return false;
        if (failure) {
            report_broken(request_id, failure);
            co_return false;
        }
        co_return co_await out.finish();
    }

    auto watch_client(ChunkedBody<Stream>& out) -> Task<void> {
        while (buffer_.size() < buffer_.max_size()) {
            const auto size = std::min(first_read_size, buffer_.max_size() - buffer_.size());
            const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(size), quiet);
            if (!error) {
                buffer_.commit(count);
                continue;
            }
            if (watchdog_->expired()) break; // a write took too long; the writer knows and says so
            const auto state = co_await asio::this_coro::cancellation_state;
            // Cancelled: the body has its end. A client that closed its sending half counts as gone, too.
            if (state.cancelled() == asio::cancellation_type::none) out.client_is_gone();
            co_return;
        }
        asio::steady_timer never(co_await asio::this_coro::executor, Clock::time_point::max());
        co_await never.async_wait(quiet);
    }

    static void report_broken(const std::string& request_id, const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) return; // the server's time is over
            log::error("http.stream_failed", {{"request_id", request_id}, {"error", shorten(error.what(), 200)}});
        } catch (const std::exception& error) {
            log::error("http.stream_failed", {{"request_id", request_id}, {"error", shorten(error.what(), 200)}});
        }
    }

    Stream& stream_;
    std::shared_ptr<Watchdog> watchdog_;
    std::shared_ptr<ServerCore> core_;
    std::string peer_;
    std::string tls_subject_;
    boost::beast::flat_buffer buffer_;
    std::size_t parsed_ = 0; ///< bytes of this request that the parser took so far
    bool idle_ = false;
    std::optional<Deadline> waiting_since_;
};

/// Puts a connection into its lane's set for as long as it is served.
class Registration {
public:
    Registration(std::unordered_set<Connection*>& set, Connection& connection) : set_(set), connection_(&connection) {
        set_.insert(connection_);
    }
    ~Registration() { set_.erase(connection_); }
    Registration(const Registration&) = delete;
    auto operator=(const Registration&) -> Registration& = delete;

private:
    std::unordered_set<Connection*>& set_;
    Connection* connection_;
};

/// Says that nothing more comes and waits a little for the client to close: closing with unread bytes in the socket
/// would reset the connection and could take our answer back from the client (RFC 9112 §9.6).
auto linger(asio::ip::tcp::socket& socket, std::shared_ptr<Watchdog> watchdog) -> Task<void>;
auto peer_of(const asio::ip::tcp::socket& socket) -> std::string;
/// Runs `task`; being cancelled is a normal end for it.
auto until_cancelled(Task<void> task) -> Task<void>;

} // namespace dossier::net
