#pragma once
// `write_back.tag_endpoint`: how a classification reaches an asset whose platform has a call for it that dossier does
// not know, or a script of the customer's own. Any HTTP endpoint that takes JSON; the body is one of the two forms of
// classification_payload.hpp, byte for byte. Shared by all platforms.

#include "dossier/ingest/platform_api.hpp"
#include "dossier/net/token_source.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::ingest {

/// `template_url` with {resource.id}, {resource.name} and {finding.id} percent-encoded; other braces stay.
/// @param finding_id the platform's id of the finding
[[nodiscard]] auto expand_tag_url(std::string_view template_url, const Resource& resource, std::string_view finding_id)
    -> std::string;

/// The request itself: method, headers and body as configured, JSON. `invalid_argument` where the template needs
/// something that is unknown here: an empty segment would name another asset.
/// @param key marks repeats of the same write (`Idempotency-Key`)
[[nodiscard]] auto tag_request(const TagEndpointConfig& endpoint, const Resource& resource, std::string_view finding_id,
                               const Classification& classification, std::string_view key)
    -> Result<net::ClientRequest>;

/// What the answer means. The receipt's `remote_id` is the expanded URL without its query.
[[nodiscard]] auto tag_receipt(const std::string& url, const net::HttpResponse& response) -> Result<WriteReceipt>;

/// Sends it with the platform's own token where the endpoint is of the platform's origin; elsewhere that token has no
/// business, and the configured headers are all there is. A configured `Authorization` always stands instead of the
/// token. Tags are set, not added, so that a repeat does no harm.
auto write_tags(net::Upstream& upstream, net::TokenSource& tokens, net::ApplyToken apply, const ApiConfig& api,
                Resource resource, std::string finding_id, Classification classification, std::string key,
                Deadline deadline) -> Task<Result<WriteReceipt>>;

} // namespace dossier::ingest
