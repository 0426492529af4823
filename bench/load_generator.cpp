// Posts signed findings over keep-alive connections, each connection one request at a time, and says in JSON what came
// back: how many of each status, the quantiles of the answer times, and its own CPU. A template's `@ID@` is replaced by
// a new number in each body, so that every finding is new; bodies are signed anew, as a sender would.
//   load_generator --port P --path /v1/webhooks/bench --template FILE --connections 64 --seconds 3 [--count N]
//                  [--rate PER_SECOND] [--secret S] [--start NUMBER]

#include "process_cpu.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct Options {
    unsigned short port = 0;
    std::string path = "/";
    std::string body; ///< with @ID@ where the number goes
    std::size_t connections = 64;
    double seconds = 3;
    std::uint64_t count = 0; ///< 0 = until the time is over
    double rate = 0;         ///< requests a second over all connections; 0 = as fast as answers come
    std::string secret;
    std::uint64_t start = 1;
};

struct Tally {
    std::uint64_t next = 0;
    std::uint64_t sent = 0;
    std::uint64_t broken = 0; ///< connections that ended or answered nonsense
    std::map<int, std::uint64_t> statuses;
    std::vector<std::uint32_t> micros; ///< of answers with 2xx
    Clock::time_point begin;
    Clock::time_point end;
};

constexpr std::size_t id_width = 12;

auto hmac_hex(const std::string& secret, const std::string& text) -> std::string {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length); // NOLINT: its bytes
    std::string hex;
    for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest.at(i));
    return hex;
}

auto request_of(const Options& options, std::uint64_t number) -> std::string {
    auto body = options.body;
    const auto id = fmt::format("{:0{}x}", number, id_width);
    for (auto at = body.find("@ID@"); at != std::string::npos; at = body.find("@ID@", at + id.size())) {
        body.replace(at, 4, id);
    }
    auto head = fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
                            "Content-Length: {}\r\n",
                            options.path, options.port, body.size());
    if (!options.secret.empty()) head += "X-Signature: sha256=" + hmac_hex(options.secret, body) + "\r\n";
    return head + "\r\n" + body;
}

/// The status of the next answer; throws when the connection ends.
auto read_answer(tcp::socket& socket, std::string& buffer) -> asio::awaitable<int> {
    const auto head = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer, 1U << 20U), "\r\n\r\n",
                                                      asio::use_awaitable);
    int status = 0;
    std::from_chars(buffer.data() + 9, buffer.data() + 12, status);
    std::size_t length = 0;
    std::string lower(buffer.substr(0, head));
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (const auto at = lower.find("content-length: "); at != std::string::npos) {
        std::from_chars(lower.data() + at + 16, lower.data() + lower.size(), length);
    }
    if (const auto have = buffer.size() - head; have < length) {
        co_await asio::async_read(socket, asio::dynamic_buffer(buffer, 1U << 20U),
                                  asio::transfer_exactly(length - have), asio::use_awaitable);
    }
    buffer.erase(0, head + length);
    co_return status;
}

auto run_connection(const Options& options, Tally& tally) -> asio::awaitable<void> {
    tcp::socket socket(co_await asio::this_coro::executor);
    asio::steady_timer timer(socket.get_executor());
    try {
        co_await socket.async_connect({asio::ip::make_address("127.0.0.1"), options.port}, asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        std::string buffer;
        while (options.count > 0 ? tally.next < options.count : Clock::now() < tally.end) {
            const auto turn = tally.next++;
            if (options.rate > 0) {
                const std::chrono::duration<double> due(static_cast<double>(turn) / options.rate);
                timer.expires_at(tally.begin + std::chrono::duration_cast<Clock::duration>(due));
                co_await timer.async_wait(asio::use_awaitable);
            }
            const auto request = request_of(options, options.start + turn);
            const auto before = Clock::now();
            co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
            ++tally.sent;
            const auto status = co_await read_answer(socket, buffer);
            ++tally.statuses[status];
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before).count();
            if (status / 100 == 2) tally.micros.push_back(static_cast<std::uint32_t>(took));
        }
    } catch (const std::exception&) {
        ++tally.broken;
    }
}

auto quantile(const std::vector<std::uint32_t>& sorted, double part) -> std::uint32_t {
    if (sorted.empty()) return 0;
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

void print(Tally& tally, double seconds) {
    std::ranges::sort(tally.micros);
    std::string statuses;
    for (const auto& [status, count] : tally.statuses) {
        statuses += fmt::format("{}\"{}\": {}", statuses.empty() ? "" : ", ", status, count);
    }
    fmt::print("{{\"sent\": {}, \"accepted\": {}, \"broken\": {}, \"statuses\": {{{}}}, \"seconds\": {:.4f}, "
               "\"cpu_seconds\": {:.4f}, \"p50_us\": {}, \"p90_us\": {}, \"p99_us\": {}, \"p999_us\": {}, "
               "\"max_us\": {}}}\n",
               tally.sent, tally.micros.size(), tally.broken, statuses, seconds, bench::cpu_seconds(),
               quantile(tally.micros, 0.5), quantile(tally.micros, 0.9), quantile(tally.micros, 0.99),
               quantile(tally.micros, 0.999), tally.micros.empty() ? 0 : tally.micros.back());
}

auto options_of(int count, char** arguments) -> Options {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = arguments[i];
        const char* value = arguments[i + 1];
        if (name == "--port") options.port = static_cast<unsigned short>(std::strtoul(value, nullptr, 10));
        if (name == "--path") options.path = value;
        if (name == "--connections") options.connections = std::strtoul(value, nullptr, 10);
        if (name == "--seconds") options.seconds = std::strtod(value, nullptr);
        if (name == "--count") options.count = std::strtoull(value, nullptr, 10);
        if (name == "--rate") options.rate = std::strtod(value, nullptr);
        if (name == "--secret") options.secret = value;
        if (name == "--start") options.start = std::strtoull(value, nullptr, 10);
        if (name == "--template") {
            std::ifstream in(value, std::ios::binary);
            options.body.assign(std::istreambuf_iterator<char>(in), {});
        }
    }
    return options;
}

} // namespace

auto main(int count, char** arguments) -> int {
    const auto options = options_of(count, arguments);
    if (options.port == 0 || options.body.empty()) {
        fmt::print(stderr,
                   "usage: load_generator --port P --path PATH --template FILE [--connections N] [--seconds S | "
                   "--count N] [--rate R] [--secret S] [--start NUMBER]\n");
        return 2;
    }
    asio::io_context loop(1);
    Tally tally;
    tally.begin = Clock::now();
    tally.end =
        tally.begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
    for (std::size_t i = 0; i < options.connections; ++i) {
        asio::co_spawn(loop, run_connection(options, tally), asio::detached);
    }
    loop.run();
    print(tally, std::chrono::duration<double>(Clock::now() - tally.begin).count());
    return tally.micros.empty() ? 1 : 0;
}
