#include "tag_endpoint.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ingest/classification_payload.hpp"
#include "dossier/net/url.hpp"

#include <fmt/format.h>

#include <array>

namespace dossier::ingest {
namespace {

struct Place {
    std::string_view name;
    std::string value;
};

auto places_for(const Resource& resource, std::string_view finding_id) -> std::array<Place, 3> {
    return {Place{.name = "{resource.id}", .value = resource.id},
            Place{.name = "{resource.name}", .value = resource.name},
            Place{.name = "{finding.id}", .value = std::string(finding_id)}};
}

/// Without the query, which may carry a key.
auto shown_url(std::string_view url) -> std::string { return std::string(url.substr(0, url.find_first_of("?#"))); }

} // namespace

auto expand_tag_url(std::string_view template_url, const Resource& resource, std::string_view finding_id)
    -> std::string {
    const auto places = places_for(resource, finding_id);
    std::string url;
    // One pass, so that a value which looks like a place is not expanded again.
    while (!template_url.empty()) {
        const Place* found = nullptr;
        for (const auto& place : places)
            if (template_url.starts_with(place.name)) found = &place;
        if (found == nullptr) {
            url += template_url.front();
            template_url.remove_prefix(1);
            continue;
        }
        url += percent_encode(found->value);
        template_url.remove_prefix(found->name.size());
    }
    return url;
}

auto tag_request(const TagEndpointConfig& endpoint, const Resource& resource, std::string_view finding_id,
                 const Classification& classification, std::string_view key) -> Result<net::ClientRequest> {
    for (const auto& place : places_for(resource, finding_id)) {
        if (place.value.empty() && endpoint.url.contains(place.name))
            return fail(Errc::invalid_argument, fmt::format("tag_endpoint needs {}, which is unknown", place.name));
    }
    net::ClientRequest request;
    request.method = endpoint.method;
    request.url = expand_tag_url(endpoint.url, resource, finding_id);
    request.headers.set("Content-Type", "application/json");
    if (!key.empty()) request.headers.set("Idempotency-Key", std::string(key));
    for (const auto& [name, value] : endpoint.headers) request.headers.set(name, value);
    request.body = endpoint.form == "list" ? list_payload(classification) : flat_payload(classification);
    return request;
}

auto tag_receipt(const std::string& url, const net::HttpResponse& response) -> Result<WriteReceipt> {
    if (response.ok()) return WriteReceipt{.remote_id = shown_url(url), .was_there = false};
    auto code = Errc::rejected;
    if (response.status == 401) code = Errc::unauthenticated;
    if (response.status == 403) code = Errc::forbidden;
    if (response.status == 404) code = Errc::not_found;
    return fail(code, fmt::format("tag_endpoint answered {}", response.status));
}

auto write_tags(net::Upstream& upstream, net::TokenSource& tokens, net::ApplyToken apply, const ApiConfig& api,
                Resource resource, std::string finding_id, Classification classification, std::string key,
                Deadline deadline) -> Task<Result<WriteReceipt>> {
    auto request = tag_request(api.write_back.tag_endpoint, resource, finding_id, classification, key);
    if (!request) co_return fail(std::move(request.error()));
    const auto url = request->url;
    Result<net::HttpResponse> response;
    if (request->headers.get("Authorization") || !net::same_origin(url, api.url)) {
        response = co_await upstream.call(std::move(*request), net::Repeat::safe, deadline);
    } else {
        response = co_await net::call_with_token(upstream, tokens, std::move(*request), std::move(apply),
                                                 net::Repeat::safe, deadline);
    }
    if (!response) co_return fail(std::move(response.error()));
    co_return tag_receipt(url, *response);
}

} // namespace dossier::ingest
