// Servers that do less than dossier, for the same client: Beast on two threads, the body's HMAC checked, and then
//   none   nothing: what HTTP itself costs
//   each   one SQLite transaction a request: durable acknowledgements without group commit
//   baseline_server none|each PORT SECRET [FILE]

#include "intake_table.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

class Sink {
public:
    Sink(std::string secret, const char* file) : secret_(std::move(secret)) {
        if (file != nullptr) table_ = std::make_unique<bench::IntakeTable>(file);
    }
    auto take(const http::request<http::string_body>& request) -> bool {
        if (request.method() == http::verb::get) return true;
        std::array<unsigned char, 32> digest{};
        unsigned int length = 0;
        HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
             reinterpret_cast<const unsigned char*>(request.body().data()), // NOLINT: its bytes
             request.body().size(), digest.data(), &length);
        std::string expected = "sha256=";
        for (const auto byte : digest) fmt::format_to(std::back_inserter(expected), "{:02x}", byte);
        const auto given = request["X-Signature"];
        if (given.size() != expected.size() || CRYPTO_memcmp(given.data(), expected.data(), expected.size()) != 0)
            return false;
        if (table_) {
            const std::scoped_lock lock(mutex_);
            table_->begin();
            table_->insert(request.body());
            table_->commit();
        }
        return true;
    }

private:
    std::string secret_;
    std::mutex mutex_;
    std::unique_ptr<bench::IntakeTable> table_;
};

auto serve(tcp::socket socket, Sink& sink) -> asio::awaitable<void> {
    try {
        boost::beast::flat_buffer buffer;
        while (true) {
            http::request<http::string_body> request;
            co_await http::async_read(socket, buffer, request, asio::use_awaitable);
            http::response<http::string_body> response(
                sink.take(request) ? http::status::accepted : http::status::unauthorized, request.version());
            response.set(http::field::content_type, "application/json");
            response.keep_alive(request.keep_alive());
            response.body() = R"({"accepted":1,"findings":[{"id":"fnd_0","fingerprint":"0","outcome":"created"}]})";
            response.prepare_payload();
            co_await http::async_write(socket, response, asio::use_awaitable);
        }
    } catch (const std::exception&) { // the client has gone
        co_return;
    }
}

auto listen(tcp::acceptor& acceptor, std::array<asio::io_context, 2>& loops, Sink& sink) -> asio::awaitable<void> {
    for (std::size_t turn = 0;; ++turn) {
        auto& loop = loops.at(turn % loops.size());
        auto socket = co_await acceptor.async_accept(loop, asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(loop, serve(std::move(socket), sink), asio::detached);
    }
}

} // namespace

auto main(int count, char** arguments) -> int {
    if (count < 4) {
        fmt::print(stderr, "usage: baseline_server none|each PORT SECRET [FILE]\n");
        return 2;
    }
    const bool commits = std::string_view(arguments[1]) == "each";
    const auto port = static_cast<unsigned short>(std::strtoul(arguments[2], nullptr, 10));
    Sink sink(arguments[3], commits && count > 4 ? arguments[4] : nullptr);
    std::array<asio::io_context, 2> loops;
    tcp::acceptor acceptor(loops[0], {asio::ip::make_address("127.0.0.1"), port});
    asio::co_spawn(loops[0], listen(acceptor, loops, sink), asio::detached);
    const auto guard = asio::make_work_guard(loops[1]);
    std::jthread second([&] { loops[1].run(); });
    loops[0].run();
    return 0;
}
