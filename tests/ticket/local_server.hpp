#pragma once
// A plain HTTP/1.1 server on loopback for stand-ins of trackers: one request a connection, handled one after another on
// a thread of its own. A handler that returns nothing has done its work and drops the connection without an answer.

#include "dossier/base/json.hpp"
#include "dossier/net/http_message.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dossier::ticket::test {

struct Seen {
    std::string method;
    std::string target;
    std::string path; ///< without the query
    net::Headers headers;
    Json body;
    /// Decoded query parameter, "" where absent.
    [[nodiscard]] auto query(const std::string& name) const -> std::string;
};

struct Reply {
    int status = 200;
    Json body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class LocalServer {
public:
    using Handler = std::function<std::optional<Reply>(const Seen& request)>;
    explicit LocalServer(Handler handler);
    ~LocalServer();
    LocalServer(const LocalServer&) = delete;
    auto operator=(const LocalServer&) -> LocalServer& = delete;

    [[nodiscard]] auto url() const -> std::string;
    /// Bodies of requests whose method is `method` and whose path ends in `path_end`.
    [[nodiscard]] auto bodies(const std::string& method, const std::string& path_end) const -> std::vector<Json>;
    [[nodiscard]] auto seen() const -> std::vector<Seen>;

private:
    void serve();
    void answer(boost::asio::ip::tcp::socket& socket);

    Handler handler_;
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<Seen> seen_;
    std::thread thread_;
};

} // namespace dossier::ticket::test
