#pragma once
// JSON over HTTP with one directory: its Upstream, its credentials and what its refusals mean. Answers are read through
// JsonView only, so that nothing a directory sends can throw; they are bounded, and links to further pages are followed
// on the configured host alone. Texts of an answer never go into an error, its code words do.

#include "dossier/base/json_view.hpp"
#include "dossier/context/enricher.hpp"
#include "dossier/net/token_source.hpp"
#include "dossier/net/upstream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::context {

struct DirectoryAnswer {
    int status = 0;
    net::Headers headers;
    std::optional<JsonDocument> body; ///< none where it is no JSON

    [[nodiscard]] auto ok() const -> bool { return status >= 200 && status < 300; }
    [[nodiscard]] auto root() const -> JsonView { return body ? body->root() : JsonView(); }
};

/// The vendor's code word in the body of a refusal ("E0000006", "Authorization_RequestDenied").
using CodeWord = std::string (*)(JsonView body);

class DirectoryClient {
public:
    struct Manner {
        std::string label;  ///< "identity:okta", in metrics and messages
        std::string base;   ///< URL; a slash at its end is cut
        std::string accept; ///< media types
        CodeWord code_word = nullptr;
    };
    DirectoryClient(Manner manner, const ProviderConfig& provider, const ContextConfig& config,
                    const SourceMakings& makings);

    /// `Authorization: <scheme> <token>` from now on.
    void use_token(std::string_view scheme, const Secret& token);
    /// Bearer tokens of `fetch`, which asks through token_upstream().
    void use_tokens(net::TokenSource::Fetch fetch);
    [[nodiscard]] auto token_upstream() -> net::Upstream& { return token_upstream_; }

    /// Statuses are values, 400 and 404 among them, except: 401 `unauthenticated`, 403 `forbidden`, 429 `rate_limited`,
    /// other 5xx `unavailable`, a 2xx without JSON `malformed`.
    /// @param target path and query below the base, or a whole URL that is_ours()
    auto get(std::string target, Deadline deadline) -> Task<Result<DirectoryAnswer>>;
    auto post(std::string target, std::string json, Deadline deadline) -> Task<Result<DirectoryAnswer>>;

    [[nodiscard]] auto label() const -> const std::string& { return manner_.label; }
    [[nodiscard]] auto base() const -> const std::string& { return manner_.base; }
    /// Whether a link that the directory sent leads to the configured scheme, host and port.
    [[nodiscard]] auto is_ours(std::string_view url) const -> bool;
    /// The refusal that a status stands for, with the vendor's code word.
    [[nodiscard]] auto refusal(const DirectoryAnswer& answer) const -> Error;

private:
    auto send(net::ClientRequest request, Deadline deadline) -> Task<Result<DirectoryAnswer>>;

    Manner manner_;
    net::Upstream upstream_;
    net::Upstream token_upstream_; ///< the token endpoint may be another host
    Secret authorization_;
    std::unique_ptr<net::TokenSource> tokens_;
};

/// A scalar on one line, at most 200 bytes; "" for anything else.
[[nodiscard]] auto line_of(JsonView value) -> std::string;
/// RFC 8288: the target of rel="next"; "" without one.
[[nodiscard]] auto next_link(const net::Headers& headers) -> std::string;
/// May stand in a path as it is: letters, digits, `.-_@+`, at most 128.
[[nodiscard]] auto is_plain_id(std::string_view text) -> bool;
/// A GUID, or another opaque id: 16 or more letters, digits and dashes, digits among them.
[[nodiscard]] auto looks_like_id(std::string_view text) -> bool;
[[nodiscard]] auto is_guid(std::string_view text) -> bool;

} // namespace dossier::context
