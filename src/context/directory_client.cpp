#include "directory_client.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace dossier::context {

namespace {

constexpr std::size_t most_bytes = 8U << 20U;
constexpr std::size_t longest_line = 200;
constexpr std::size_t longest_code = 60;

auto upstream_config(std::string name, const ProviderConfig& provider, const ContextConfig& config)
    -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = std::move(name);
    upstream.max_in_flight = provider.max_in_flight > 0 ? provider.max_in_flight : config.max_in_flight;
    upstream.rate = provider.rate;
    upstream.timeout = config.timeout;
    return upstream;
}

auto without_slash(std::string url) -> std::string {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

auto is_code(std::string_view word) -> bool {
    return !word.empty() && word.size() <= longest_code && std::ranges::all_of(word, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
    });
}

} // namespace

DirectoryClient::DirectoryClient(Manner manner, const ProviderConfig& provider, const ContextConfig& config,
                                 const SourceMakings& makings)
    : manner_(std::move(manner)),
      upstream_(makings.client, makings.metrics, upstream_config(manner_.label, provider, config)),
      token_upstream_(makings.client, makings.metrics, upstream_config(manner_.label + ":token", {}, config)) {
    manner_.base = without_slash(std::move(manner_.base));
}

void DirectoryClient::use_token(std::string_view scheme, const Secret& token) {
    authorization_ = Secret(fmt::format("{} {}", scheme, token.reveal()));
}

void DirectoryClient::use_tokens(net::TokenSource::Fetch fetch) {
    tokens_ = std::make_unique<net::TokenSource>(std::move(fetch));
}

auto DirectoryClient::get(std::string target, Deadline deadline) -> Task<Result<DirectoryAnswer>> {
    net::ClientRequest request;
    request.url = std::move(target);
    co_return co_await send(std::move(request), deadline);
}

auto DirectoryClient::post(std::string target, std::string json, Deadline deadline) -> Task<Result<DirectoryAnswer>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = std::move(target);
    request.body = std::move(json);
    request.headers.set("Content-Type", "application/json");
    co_return co_await send(std::move(request), deadline);
}

auto DirectoryClient::send(net::ClientRequest request, Deadline deadline) -> Task<Result<DirectoryAnswer>> {
    if (request.url.starts_with('/'))
        request.url = manner_.base + request.url;
    else if (!is_ours(request.url))
        co_return fail(Errc::malformed, manner_.label + " pointed to another host, which was not followed");
    request.headers.set("Accept", manner_.accept);
    request.max_response = most_bytes;
    Result<net::HttpResponse> response;
    if (tokens_) {
        response = co_await net::call_with_token(upstream_, *tokens_, std::move(request), net::apply_bearer,
                                                 net::Repeat::safe, deadline);
    } else {
        request.headers.set("Authorization", authorization_.reveal());
        response = co_await upstream_.call(std::move(request), net::Repeat::safe, deadline);
    }
    if (!response) co_return fail(std::move(response.error()));
    DirectoryAnswer answer{.status = response->status, .headers = std::move(response->headers), .body = {}};
    if (auto body = JsonDocument::parse(response->body, 64)) answer.body = std::move(*body);
    const auto status = answer.status;
    if (status == 401 || status == 403 || status == 429 || status >= 500) co_return fail(refusal(answer));
    if (answer.ok() && !answer.body)
        co_return fail(Errc::malformed, manner_.label + " answered with something that is no JSON");
    co_return answer;
}

auto DirectoryClient::is_ours(std::string_view url) const -> bool { return net::same_origin(url, manner_.base); }

auto DirectoryClient::refusal(const DirectoryAnswer& answer) const -> Error {
    const auto word = manner_.code_word != nullptr ? manner_.code_word(answer.root()) : std::string();
    const auto said = is_code(word) ? fmt::format("{} {}", answer.status, word) : fmt::format("{}", answer.status);
    Error error{.code = Errc::rejected,
                .message = fmt::format("{} answered {}", manner_.label, said),
                .context = {},
                .retry_after = {}};
    if (answer.status == 401) {
        error.code = Errc::unauthenticated;
        error.message = fmt::format("{} refused the credentials ({})", manner_.label, said);
    } else if (answer.status == 403) {
        error.code = Errc::forbidden;
        error.message = fmt::format("{} lets this account not read that ({})", manner_.label, said);
    } else if (answer.status == 404) {
        error.code = Errc::not_found;
    } else if (answer.status == 429) {
        error.code = Errc::rate_limited;
    } else if (answer.status >= 500) {
        error.code = Errc::unavailable;
    }
    return error;
}

auto line_of(JsonView value) -> std::string {
    auto text = value.text_or("");
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return shorten(trim(text), longest_line);
}

auto next_link(const net::Headers& headers) -> std::string {
    for (const auto& [name, value] : headers.all()) {
        if (!iequals(name, "link")) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto open = rest.find('<');
            const auto close = rest.find('>', open == std::string_view::npos ? 0 : open);
            if (open == std::string_view::npos || close == std::string_view::npos) break;
            const auto target = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            const auto parameters = rest.substr(0, rest.find('<'));
            if (icontains(parameters, "rel=\"next\"") || icontains(parameters, "rel=next")) return std::string(target);
        }
    }
    return {};
}

auto is_plain_id(std::string_view text) -> bool {
    return !text.empty() && text.size() <= 128 && text != "." && text != ".." &&
           std::ranges::all_of(text, [](unsigned char c) {
               return std::isalnum(c) != 0 || std::string_view(".-_@+").contains(static_cast<char>(c));
           });
}

auto looks_like_id(std::string_view text) -> bool {
    const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; };
    const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    return text.size() >= 16 && text.size() <= 128 && std::ranges::all_of(text, is_part) &&
           std::ranges::count_if(text, is_digit) >= 2;
}

auto is_guid(std::string_view text) -> bool {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    }
    return true;
}

} // namespace dossier::context
