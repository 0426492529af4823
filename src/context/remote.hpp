#pragma once
// One context system over HTTP: its Upstream, how it wants us to authenticate, and its answers as JSON or an Error that
// says in the reader's words what went wrong. Answers are hostile until looked at: bounded, parsed with a depth limit,
// read only through JsonView and the checked accessors below.

#include "dossier/base/json.hpp"
#include "dossier/context/enricher.hpp"
#include "dossier/net/token_source.hpp"
#include "dossier/net/upstream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

class Remote {
public:
    /// @param label metric label and name in messages: "cmdb:snow"
    Remote(std::string label, const ProviderConfig& provider, const ContextConfig& config,
           const SourceMakings& makings);
    /// Tokens by OAuth 2.0 from now on, instead of what the configuration says directly.
    void use_tokens(net::ClientCredentials credentials);

    /// Any status but 401, 403, 429 and 5xx is a value.
    /// @param target path and query below the configured URL, or a whole URL
    auto send(net::ClientRequest request, Deadline deadline) -> Task<Result<net::HttpResponse>>;
    auto get(std::string target, Deadline deadline) -> Task<Result<net::HttpResponse>>;
    /// The document of a 200 answer; any other status is an Error.
    auto get_json(std::string target, Deadline deadline) -> Task<Result<Json>>;
    auto post_json(std::string target, Json body, Deadline deadline) -> Task<Result<Json>>;

    [[nodiscard]] auto label() const -> const std::string& { return label_; }
    [[nodiscard]] auto base() const -> const std::string& { return base_; } ///< without a slash at the end

private:
    auto document_of(Result<net::HttpResponse> response) const -> Result<Json>;

    std::string label_;
    std::string base_;
    net::Headers headers_;
    Secret authorization_;
    net::Upstream upstream_;
    std::unique_ptr<net::TokenSource> tokens_;
};

/// What a status that is no answer means: `unauthenticated`, `forbidden`, `not_found`, `rejected` …
[[nodiscard]] auto refusal(const std::string& label, const net::HttpResponse& response) -> Error;

/// Member of an object, or null where absent or where `value` is no object.
[[nodiscard]] auto member(const Json& value, std::string_view key) -> const Json&;
/// The elements of an array member, none where it is something else.
[[nodiscard]] auto list_in(const Json& value, std::string_view key) -> const Json&;
/// A scalar as text, trimmed and at most 500 bytes; "" for anything else.
[[nodiscard]] auto scalar(const Json& value) -> std::string;

} // namespace dossier::context
