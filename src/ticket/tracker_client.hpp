#pragma once
// What the sinks of real trackers share: JSON over an Upstream, authenticated as configured (basic, bearer, or OAuth
// tokens that are renewed after a 401), and refusals turned into errors that carry the tracker's own words, cut to a
// bearable length.

#include "dossier/base/json.hpp"
#include "dossier/net/token_source.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/ticket/config.hpp"

#include <optional>
#include <string>

namespace dossier::ticket {

/// The tracker's own words in an error body.
using ErrorText = std::string (*)(const Json& body);

class TrackerClient {
public:
    TrackerClient(const SinkConfig& config, net::HttpClient& client, Metrics& metrics, ErrorText error_text);

    /// Answers other than 2xx are errors: `unauthenticated`, `forbidden`, `not_found`, `conflict`, else `rejected`;
    /// `outcome_unknown` where an unsafe request ended in 408 or 5xx, or its 2xx can't be read (`unavailable` for a
    /// safe one). An empty body is null.
    /// @param path with query, from the root of the configured url
    auto call(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
        -> Task<Result<Json>>;
    /// A read; one that is answered with nothing is `unavailable`.
    auto get(std::string path, Deadline deadline) -> Task<Result<Json>>;
    /// A body that is not JSON; errors as above. A second copy is possible where the outcome is unknown.
    /// @param headers Content-Type, and what the tracker wants besides
    auto upload(std::string path, net::Headers headers, std::string body, Deadline deadline) -> Task<Result<Json>>;
    /// Configured url without the slash at its end.
    [[nodiscard]] auto base() const -> const std::string& { return base_; }

private:
    auto send(net::ClientRequest request, net::Repeat repeat, Deadline deadline) -> Task<Result<Json>>;
    [[nodiscard]] auto refusal(const net::HttpResponse& response, net::Repeat repeat) const -> Error;

    net::Upstream upstream_;
    std::string base_;
    Secret authorization_; ///< value of the header; unused with tokens
    std::optional<net::TokenSource> tokens_;
    ErrorText error_text_;
};

/// Text of the tracker fit for a message: one line, at most 400 bytes.
[[nodiscard]] auto tracker_words(std::string_view text) -> std::string;
/// Letters, digits and `.-_:` only, not empty: safe inside JQL, encoded queries and paths.
[[nodiscard]] auto is_plain_key(std::string_view key) -> bool;
/// "ada@acme.example", nothing that means something to a query language.
[[nodiscard]] auto is_plain_email(std::string_view email) -> bool;
/// The configured extra fields; an empty object where they are none.
[[nodiscard]] auto extra_fields(const SinkConfig& config) -> Json;
/// Member of nested objects as text, "" where any is missing: text_in(issue, {"fields", "status", "name"}).
[[nodiscard]] auto text_in(const Json& value, std::initializer_list<const char*> path) -> std::string;
/// The array under `key`, or an empty one.
[[nodiscard]] auto array_in(const Json& value, const char* key) -> const Json&;

} // namespace dossier::ticket
