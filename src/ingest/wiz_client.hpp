#pragma once
// Wiz's GraphQL endpoint as one asks it: token, our pace, and what an answer means. Failures come inside HTTP 200
// (`errors[].extensions.code`, VENDORS §1.3); they become Errors here, the waiting kinds are waited for, and data that
// came with errors is given with a list of what is missing. One un-aliased root field a request.

#include "dossier/base/json_fwd.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/rate_gate.hpp"
#include "dossier/net/token_source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

/// One GraphQL document: what is asked, under which root field the answer stands, and the scope it takes.
struct WizOperation {
    std::string_view name;  ///< of the root field
    std::string_view scope; ///< that a service account needs for it, in Wiz's words
    std::string document;
    bool writes = false;
};

/// What stands under the root field. Views live as long as the answer.
class WizAnswer {
public:
    WizAnswer(JsonDocument document, std::string_view root, std::vector<std::string> gaps);
    [[nodiscard]] auto root() const -> JsonView { return root_; }
    [[nodiscard]] auto nodes() const -> std::vector<JsonView> { return root_["nodes"].elements(); }
    [[nodiscard]] auto has_next() const -> bool;
    [[nodiscard]] auto end_cursor() const -> std::string;
    /// What Wiz could not give beside what it gave, one sentence each; empty for a whole answer.
    [[nodiscard]] auto gaps() const -> const std::vector<std::string>& { return gaps_; }

private:
    JsonDocument document_;
    JsonView root_;
    std::vector<std::string> gaps_;
};

class WizClient {
public:
    /// @param source with `api` set
    WizClient(const SourceConfig& source, net::HttpClient& client, Metrics& metrics);

    /// Errors: `unauthenticated`, `forbidden` (naming the scope), `not_found`, `rejected`, `rate_limited`,
    /// `unavailable`, `malformed`, and for writes `outcome_unknown` where Wiz failed over it.
    auto ask(WizOperation operation, Json variables, Deadline deadline) -> Task<Result<WizAnswer>>;

    [[nodiscard]] auto source() const -> const std::string& { return source_; }
    [[nodiscard]] auto api() const -> const ApiConfig& { return api_; }
    [[nodiscard]] auto url() const -> const std::string& { return url_; }
    [[nodiscard]] auto upstream() -> net::Upstream& { return upstream_; }
    [[nodiscard]] auto tokens() -> net::TokenSource& { return tokens_; }

private:
    /// One answer of the endpoint, errors judged.
    auto ask_once(WizOperation operation, std::string body, Deadline deadline) -> Task<Result<WizAnswer>>;

    std::string source_;
    ApiConfig api_;
    std::string url_;
    net::RateGate gate_;
    net::Upstream upstream_;
    net::Upstream auth_upstream_;
    net::TokenSource tokens_;
};

/// `https://api.eu1.app.wiz.io` → with `/graphql`; a URL with a path stays.
[[nodiscard]] auto wiz_graphql_url(std::string_view url) -> std::string;
/// "" → Wiz's own endpoint for that API host; a bare host gets `/oauth/token`.
[[nodiscard]] auto wiz_token_url(std::string_view auth_url, std::string_view api_url) -> std::string;
/// `beyond-api` for the Auth0 hosts auth.wiz.io and auth0.gov.wiz.io, else `wiz-api`.
[[nodiscard]] auto wiz_audience(std::string_view token_url) -> std::string;

/// What the `errors` of an answer mean: the gravest of them.
/// @param scope named where an error speaks of missing rights without saying which
[[nodiscard]] auto wiz_error(JsonView errors, const WizOperation& operation) -> Error;

} // namespace dossier::ingest
