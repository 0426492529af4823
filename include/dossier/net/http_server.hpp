#pragma once
// The HTTP/1.1 server (Boost.Beast coroutines, TLS by OpenSSL): keep-alive, pipelining, limits enforced while reading,
// time limits against slow clients, graceful drain. It knows no routes: a Gate looks at the head before the body is
// read, a Handler answers the whole request. Every answer carries X-Request-Id.

#include "dossier/base/metrics.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/net/config.hpp"
#include "dossier/net/http_message.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace dossier::net {

/// Sees a request without body; an answer refuses it before the body is read (the connection then closes if a body
/// was announced).
using Gate = std::function<std::optional<HttpResponse>(const HttpRequest& head)>;
/// Runs on the connection's lane. Exceptions become 500.
using Handler = std::function<Task<HttpResponse>(HttpRequest request)>;
/// RFC 9457 body for what the server itself refuses (400, 408, 413, 431, 500, 503).
using ProblemWriter = std::function<HttpResponse(int status, std::string_view detail, const std::string& request_id)>;

class HttpServer {
public:
    HttpServer(Runtime& runtime, ServerConfig config, Metrics& metrics, Gate gate, Handler handler,
               ProblemWriter problem);
    ~HttpServer(); ///< `stop` must have completed
    HttpServer(const HttpServer&) = delete;
    auto operator=(const HttpServer&) -> HttpServer& = delete;

    /// Binds and begins to accept; errors (address in use, unreadable certificate) come back at once.
    auto start() -> Result<void>;
    [[nodiscard]] auto port() const -> std::uint16_t;
    /// New certificates for new connections (SIGHUP); the old ones stay on error.
    auto reload_tls() -> Result<void>;
    /// Stops accepting, lets requests in progress finish until `deadline`, closes idle connections at once, then the
    /// rest.
    auto stop(Deadline deadline) -> Task<void>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::net
