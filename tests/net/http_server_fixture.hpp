#pragma once
// A real HttpServer on a free port, and a client that writes exactly the bytes a test wants and reads what comes back.
// Every wait of the client has a time limit, so a server that says nothing fails a test instead of hanging it.

#include "support/run_task.hpp"

#include "dossier/net/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::net::testing {

using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

inline constexpr auto patience = 10s;

/// Reads and writes with a limit on a stream; `Stream` is a socket or TLS over one.
template <class Stream>
class RawClient {
public:
    template <class... Args>
    explicit RawClient(std::uint16_t port, Args&... args) : stream_(io_, args...) {
        stream_.lowest_layer().connect({asio::ip::address_v4::loopback(), port});
    }
    auto stream() -> Stream& { return stream_; }
    /// Runs one asynchronous operation that ends by calling `done`.
    template <class Start>
    auto run(Start start) -> boost::system::error_code {
        boost::system::error_code result = asio::error::timed_out;
        start([&result](boost::system::error_code error, auto...) { result = error; });
        io_.restart();
        io_.run_for(patience);
        if (!io_.stopped()) {
            stream_.lowest_layer().close();
            io_.run();
            ADD_FAILURE() << "the server didn't react in time";
        }
        return result;
    }
    /// False when the server has closed already.
    auto send(const std::string& bytes) -> bool {
        return !run([&](auto done) { asio::async_write(stream_, asio::buffer(bytes), done); });
    }
    /// One answer, framed by its Content-Length; "" when the connection ended instead.
    auto answer(bool with_body = true) -> std::string {
        const auto head_end = read_until([this] { return seen_.find("\r\n\r\n"); }, 4);
        if (head_end == std::string::npos) return {};
        std::size_t size = head_end;
        const auto field = seen_.find("Content-Length: ");
        if (with_body && field < head_end) {
            size += static_cast<std::size_t>(std::strtoul(seen_.c_str() + field + 16, nullptr, 10));
        }
        while (seen_.size() < size && read_some()) {
        }
        auto result = seen_.substr(0, size);
        seen_.erase(0, size);
        return result;
    }
    /// Everything up to and with `mark`; "" when the connection ended before it.
    auto until(std::string_view mark) -> std::string {
        std::size_t looked = 0; // at what can't be the mark's beginning
        const auto find = [&] {
            const auto found = seen_.find(mark, looked);
            looked = seen_.size() < mark.size() ? 0 : seen_.size() - mark.size();
            return found == std::string::npos ? found : (looked = found);
        };
        const auto end = read_until(find, mark.size());
        if (end == std::string::npos) return {};
        auto result = seen_.substr(0, end);
        seen_.erase(0, end);
        return result;
    }
    /// Everything until the connection ends.
    auto rest() -> std::string {
        while (read_some()) {
        }
        return std::exchange(seen_, {});
    }
    auto exchange(const std::string& bytes) -> std::string {
        send(bytes);
        return answer();
    }
    /// The server ended the connection without more bytes.
    auto is_closed() -> bool { return seen_.empty() && !read_some() && seen_.empty(); }

private:
    auto read_some() -> bool {
        std::array<char, 16384> part{};
        std::size_t count = 0;
        const auto error = run([&](auto done) {
            stream_.async_read_some(asio::buffer(part), [&count, done](boost::system::error_code e, std::size_t n) {
                count = n;
                done(e);
            });
        });
        seen_.append(part.data(), count);
        return !error;
    }
    template <class Find>
    auto read_until(Find find, std::size_t length) -> std::size_t {
        while (find() == std::string::npos) {
            if (!read_some()) return std::string::npos;
        }
        return find() + length;
    }

    asio::io_context io_;
    Stream stream_;
    std::string seen_;
};

using Client = RawClient<tcp::socket>;

class HttpServerTest : public ::testing::Test {
protected:
    HttpServerTest() {
        config.listen = "127.0.0.1:0";
        handler = [](HttpRequest request) -> Task<HttpResponse> {
            co_return HttpResponse{
                .status = 200, .headers = {}, .body = request.method + " " + request.path + " " + request.body};
        };
        gate = [](const HttpRequest&) -> std::optional<HttpResponse> { return std::nullopt; };
        runtime.start();
    }
    ~HttpServerTest() override {
        if (server) stop(deadline_in(patience));
        server.reset();
        runtime.stop();
    }
    auto start() -> std::uint16_t {
        server = std::make_unique<HttpServer>(
            runtime, config, metrics, gate, handler, [](int status, std::string_view detail, const std::string&) {
                return HttpResponse{.status = status,
                                    .headers = {{"Content-Type", "application/problem+json"}},
                                    .body = std::string(detail)};
            });
        const auto started = server->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().describe());
        return server->port();
    }
    void stop(Deadline deadline) { stop_begun(deadline).get(); }
    auto stop_begun(Deadline deadline) -> std::future<void> {
        return dossier::test::start_task(runtime.lane(0), server->stop(deadline));
    }

    Runtime runtime{2};
    Metrics metrics;
    ServerConfig config;
    Gate gate;
    Handler handler;
    std::unique_ptr<HttpServer> server;
};

} // namespace dossier::net::testing
