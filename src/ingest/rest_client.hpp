#pragma once
// A platform's JSON over HTTP, as Prisma Cloud and Orca have it: our pace and in-flight limit, a shared token that is
// renewed on 401, Upstream's one retry loop, and answers parsed into views that never throw. A refusal becomes one
// Error with the platform's own words in it, wherever the platform puts them. Callable from any lane.

#include "dossier/base/json_view.hpp"
#include "dossier/net/rate_gate.hpp"
#include "dossier/net/token_source.hpp"
#include "dossier/net/upstream.hpp"

#include <functional>
#include <memory>
#include <string>

namespace dossier::ingest {

/// The platform's words for a refusal, "" where it has none. One line, bounded by the caller.
using ErrorWords = std::function<std::string(const net::HttpResponse& response)>;

struct RestOptions {
    std::string name; ///< metric label and beginning of error messages
    std::string base; ///< URL that paths are put behind
    Rate rate;
    std::size_t max_in_flight = 8;
    Duration timeout{15'000};
    ErrorWords words;
    net::ApplyToken apply;
    std::function<bool(const net::HttpResponse&)> is_final; ///< failures that no repeat will mend
};

class RestClient {
public:
    /// Most that one answer may hold; the details of some resources run to megabytes.
    static constexpr std::size_t most_bytes = 32U << 20U;

    /// @param fetch asks for a token; it may use another upstream
    RestClient(RestOptions options, net::HttpClient& client, Metrics& metrics, net::TokenSource::Fetch fetch);

    auto get(std::string path, Deadline deadline) -> Task<Result<JsonDocument>>;
    /// A question that the platform wants as a body; nothing changes by it.
    auto ask(std::string method, std::string path, std::string body, Deadline deadline) -> Task<Result<JsonDocument>>;
    /// A change. `outcome_unknown` where it may have happened. An empty answer is a null document.
    auto write(std::string method, std::string path, std::string body, Deadline deadline) -> Task<Result<JsonDocument>>;
    /// A token that is good now: what a connection check tries first.
    auto sign_in(Deadline deadline) -> Task<Result<void>>;

    [[nodiscard]] auto base() const -> const std::string& { return options_.base; }
    [[nodiscard]] auto upstream() -> net::Upstream& { return upstream_; }
    [[nodiscard]] auto tokens() -> net::TokenSource& { return tokens_; }
    [[nodiscard]] auto apply() const -> const net::ApplyToken& { return options_.apply; }

private:
    auto send(std::string method, std::string path, std::string body, net::Repeat repeat, Deadline deadline)
        -> Task<Result<JsonDocument>>;

    RestOptions options_;
    net::Upstream upstream_;
    net::RateGate gate_;
    net::TokenSource tokens_;
};

/// The error that a refused answer stands for.
/// @param repeat whether the outcome of a failure on their side is known
[[nodiscard]] auto refusal_of(const std::string& name, const net::HttpResponse& response, std::string_view words,
                              net::Repeat repeat) -> Error;
/// Text for an Error: one line, at most 300 bytes.
[[nodiscard]] auto error_line(std::string_view text) -> std::string;
/// `url` without a slash at its end.
[[nodiscard]] auto base_url(std::string_view url) -> std::string;

} // namespace dossier::ingest
