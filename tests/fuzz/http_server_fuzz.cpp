// Any bytes may come over a connection. They go through the server's own session, over a stream in memory that gives
// them in one piece and cut small: both times the same requests reach the handler, within the limits and without
// anything ambiguous in them, and every answer is one well-framed answer.

#include "fuzz.hpp"

#include "http_session.hpp"

#include "dossier/base/log.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;

constexpr std::size_t most_body = 2'000;
constexpr std::size_t most_header = 1'000;

/// A connection whose client has sent all of `input` and closed its side.
class MemoryStream {
public:
    using executor_type = asio::io_context::executor_type;
    MemoryStream(asio::io_context& io, std::string_view input, std::size_t piece)
        : io_(io), input_(input), piece_(piece) {}

    auto get_executor() -> executor_type { return io_.get_executor(); }
    auto lowest_layer() -> MemoryStream& { return *this; }
    void close(boost::system::error_code& /*error*/) { input_ = {}; }
    [[nodiscard]] auto output() const -> const std::string& { return output_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, const Buffers& into) {
                const auto count = asio::buffer_copy(into, asio::buffer(input_.substr(0, piece_)));
                const boost::system::error_code error = input_.empty() ? asio::error::eof : boost::system::error_code();
                input_.remove_prefix(count);
                asio::post(io_, asio::append(std::move(handler), error, count));
            },
            token, buffers);
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this](auto handler, const Buffers& from) {
                const auto begin = output_.size();
                output_.resize(begin + asio::buffer_size(from));
                const auto count =
                    asio::buffer_copy(asio::buffer(output_.data() + begin, output_.size() - begin), from);
                asio::post(io_, asio::append(std::move(handler), boost::system::error_code(), count));
            },
            token, buffers);
    }

private:
    asio::io_context& io_;
    std::string_view input_;
    std::size_t piece_;
    std::string output_;
};

/// What the server made of the bytes: the requests that reached the handler.
struct Heard {
    std::vector<net::HttpRequest> requests;
    std::size_t gated = 0; ///< heads that the gate refused
};

auto server_core(Heard& heard) -> std::shared_ptr<net::ServerCore> {
    static Metrics metrics;
    net::ServerConfig config;
    config.max_body.bytes = most_body;
    config.max_header.bytes = most_header;
    auto core = std::make_shared<net::ServerCore>(
        std::move(config), metrics,
        [&heard](const net::HttpRequest& head) -> std::optional<net::HttpResponse> {
            if (!head.path.starts_with("/no")) return std::nullopt;
            ++heard.gated;
            return net::HttpResponse{.status = 403, .headers = {}, .body = "no"};
        },
        [&heard](net::HttpRequest request) -> Task<net::HttpResponse> {
            const net::HttpResponse answer{.status = 200, .headers = {{"X-Method", request.method}}, .body = "heard"};
            heard.requests.push_back(std::move(request));
            co_return answer;
        },
        [](int status, std::string_view detail, const std::string& /*request_id*/) {
            return net::HttpResponse{.status = status, .headers = {}, .body = std::string(detail)};
        });
    core->by_lane.resize(1);
    return core;
}

auto serve(MemoryStream& stream, std::shared_ptr<net::ServerCore> core) -> Task<void> {
    asio::ip::tcp::socket nobody(co_await asio::this_coro::executor); // what the watchdog would cancel
    net::Session<MemoryStream> session(stream, std::make_shared<net::Watchdog>(nobody), std::move(core), "192.0.2.1",
                                       "");
    co_await session.serve();
}

void check_request(const net::HttpRequest& request) {
    require(!request.method.empty() && !request.target.empty(), "a request asks for something");
    require(request.body.size() <= most_body, "a body keeps the limit");
    std::size_t header = 0;
    for (const auto& [name, value] : request.headers.all()) {
        header += name.size() + value.size();
        require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos, "a field has a name");
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a field is one line");
    }
    require(header <= most_header, "the header keeps the limit");
    require(!request.headers.get("Transfer-Encoding") || !request.headers.get("Content-Length"), "one length, not two");
    require(!request.request_id.empty() && !request.traceparent.empty(), "a request can be followed");
}

/// Takes one answer off `output`. @return its status
auto take_answer(std::string_view& output) -> int {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    while (output.starts_with(go_on)) output.remove_prefix(go_on.size());
    if (output.empty()) return 0;
    require(output.starts_with("HTTP/1.1 "), "an answer begins where the one before it ends");
    const auto end = output.find("\r\n\r\n");
    require(end != std::string_view::npos, "an answer has a whole head");
    const auto head = output.substr(0, end + 2);
    output.remove_prefix(end + 4);
    require(head.contains("\r\nX-Request-Id: "), "an answer can be followed");
    constexpr std::string_view field = "\r\nContent-Length: ";
    const auto at = head.find(field);
    require(at != std::string_view::npos, "an answer says how long it is");
    std::size_t length = 0;
    std::from_chars(head.data() + at + field.size(), head.data() + head.size(), length);
    const bool has_body = !head.contains("X-Method: HEAD\r\n") && !output.empty() && !output.starts_with("HTTP/1.1 ");
    if (has_body) {
        require(length <= output.size(), "an answer is as long as it says");
        output.remove_prefix(length);
    }
    int status = 0;
    std::from_chars(head.data() + 9, head.data() + 12, status);
    return status;
}

auto run(std::string_view bytes, std::size_t piece) -> Heard {
    static asio::io_context io;
    Heard heard;
    MemoryStream stream(io, bytes, piece);
    io.restart();
    asio::co_spawn(io, serve(stream, server_core(heard)), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    });
    io.run();
    for (const auto& request : heard.requests) check_request(request);

    std::string_view output = stream.output();
    std::size_t answered = 0;
    std::size_t refused = 0;
    while (!output.empty()) {
        const auto status = take_answer(output);
        if (status == 0) break;
        require(status == 200 || (status >= 400 && status < 600), "an answer is heard or refused");
        answered += status == 200 ? 1 : 0;
        refused += status == 200 ? 0 : 1;
    }
    require(answered == heard.requests.size(), "every request has its answer");
    require(refused <= heard.gated + 1, "what can't be read ends the connection");
    return heard;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto bytes = fuzz::text_of(data, size);
    const auto whole = run(bytes, size + 1);
    const auto cut = run(bytes, 1 + size % 13);
    require(whole.requests.size() == cut.requests.size() && whole.gated == cut.gated, "the cut adds no request");
    for (std::size_t i = 0; i < whole.requests.size(); ++i) {
        const auto& a = whole.requests[i];
        const auto& b = cut.requests[i];
        require(a.method == b.method && a.target == b.target && a.body == b.body && a.query == b.query &&
                    a.headers.all() == b.headers.all(),
                "the cut makes no difference");
    }
    return 0;
}
