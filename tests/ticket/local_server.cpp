#include "local_server.hpp"

#include "dossier/base/strings.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <sys/socket.h>

namespace dossier::ticket::test {

using boost::asio::ip::tcp;

auto Seen::query(const std::string& name) const -> std::string {
    const auto mark = target.find('?');
    if (mark == std::string::npos) return "";
    for (const auto part : split(std::string_view(target).substr(mark + 1), '&')) {
        const auto equals = part.find('=');
        if (part.substr(0, equals) == name && equals != std::string_view::npos) {
            return percent_decode(part.substr(equals + 1)).value_or("");
        }
    }
    return "";
}

LocalServer::LocalServer(Handler handler)
    : handler_(std::move(handler)),
      acceptor_(context_, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)),
      port_(acceptor_.local_endpoint().port()),
      thread_([this] { serve(); }) {}

LocalServer::~LocalServer() {
    // Wakes the blocking accept; closing alone would not.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
}

auto LocalServer::url() const -> std::string { return fmt::format("http://127.0.0.1:{}", port_); }

auto LocalServer::seen() const -> std::vector<Seen> {
    const std::lock_guard lock(mutex_);
    return seen_;
}

auto LocalServer::bodies(const std::string& method, const std::string& path_end) const -> std::vector<Json> {
    std::vector<Json> bodies;
    for (const auto& one : seen()) {
        if (one.method == method && one.path.ends_with(path_end)) bodies.push_back(one.body);
    }
    return bodies;
}

void LocalServer::serve() {
    for (;;) {
        boost::system::error_code error;
        tcp::socket socket(context_);
        acceptor_.accept(socket, error);
        if (error) return;
        try {
            answer(socket);
        } catch (const boost::system::system_error&) {
            continue; // the client went away
        }
    }
}

void LocalServer::answer(tcp::socket& socket) {
    std::string buffer;
    const auto head_size = boost::asio::read_until(socket, boost::asio::dynamic_buffer(buffer), "\r\n\r\n");
    const auto head = buffer.substr(0, head_size);
    auto body = buffer.substr(head_size);
    Seen request;
    bool is_first = true;
    for (const auto raw : split(head, '\n')) {
        const auto line = trim(raw);
        if (line.empty()) continue;
        if (is_first) {
            const auto parts = split(line, ' ');
            request.method = parts.at(0);
            request.target = parts.at(1);
            request.path = request.target.substr(0, request.target.find('?'));
        } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            request.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
        }
        is_first = false;
    }
    const auto announced = std::stoul(std::string(request.headers.get("Content-Length").value_or("0")));
    if (body.size() < announced) {
        std::string rest(announced - body.size(), '\0');
        boost::asio::read(socket, boost::asio::buffer(rest));
        body += rest;
    }
    if (!body.empty()) request.body = parse_json(body, 256).value_or(Json("not JSON"));
    const auto reply = handler_(request);
    {
        const std::lock_guard lock(mutex_);
        seen_.push_back(std::move(request));
    }
    if (!reply) return;
    const auto text = reply->body.is_null() ? std::string() : dump_json(reply->body);
    auto answer =
        fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", reply->status, text.size());
    for (const auto& [name, value] : reply->headers) answer += fmt::format("{}: {}\r\n", name, value);
    boost::asio::write(socket, boost::asio::buffer(answer + "Content-Type: application/json\r\n\r\n" + text));
}

} // namespace dossier::ticket::test
