#pragma once
// The HTTP client: libcurl multi handles, several a lane (at most about 512 connections each), driven by Asio socket
// and timer events. It sends one request and says honestly what is known of its outcome. TLS is always verified
// (SSL_CERT_FILE names another CA bundle), redirects are not followed, answers are bounded, HTTP/2 is taken where TLS
// offers it, connections are reused. Retry, limits and circuit breaking live one level up, in Upstream.

#include "dossier/base/error.hpp"
#include "dossier/base/fixed_text.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/base/turn_order.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/http_message.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace dossier::net {

struct ClientRequest {
    std::string method = "GET";
    std::string url;
    Headers headers;
    FixedText body;
    /// Set: makes the same body again where another try needs it, so that none is kept for as long as an answer takes.
    /// Called by whoever repeats (Upstream), within its call.
    std::function<std::string()> make_body;
    std::string traceparent;              ///< sent on where not empty
    std::size_t max_response = 8U << 20U; ///< more is `too_large`
    Duration connect_timeout{5'000};
    Flow flow;              ///< whose turn it takes where calls wait for each other
    bool only_once = false; ///< never sent again behind our back, whatever the method (a PUT that adds something)
    /// Set: a 2xx body goes here piece by piece as it comes, decoded, on the caller's executor and before `send` ends,
    /// and the response's own body stays empty; `max_response` bounds the sum. Other bodies are collected. Must not
    /// throw.
    std::function<void(std::string_view piece)> on_data;

    /// A copy for one try. The body goes along where it can be made again.
    [[nodiscard]] auto for_one_try() -> ClientRequest;
};

class HttpClient {
public:
    /// @param kept_idle how long connections stay open when nothing is under way
    explicit HttpClient(Runtime& runtime, std::size_t shards_per_lane = 4, Duration kept_idle = Duration{60'000});
    ~HttpClient(); ///< cancels what is under way; call after every user has ended
    HttpClient(const HttpClient&) = delete;
    auto operator=(const HttpClient&) -> HttpClient& = delete;

    /// Any HTTP status is a value. Errors: `unavailable` (not resolved, refused, TLS failed: nothing reached the other
    /// side), `timeout` (deadline passed before the request was sent), `outcome_unknown` (failed or timed out after
    /// bytes of the request had left), `too_large`, `cancelled`, `invalid_argument` (not an http(s) URL).
    auto send(ClientRequest request, Deadline deadline) -> Task<Result<HttpResponse>>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::net
