#include "dossier/net/sigv4.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace dossier::net {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// Changed or added by proxies and by the HTTP client itself; no AWS signer covers them.
constexpr std::array unsigned_headers{
    "authorization", "cache-control",     "connection", "expect",     "from",
    "keep-alive",    "max-forwards",      "pragma",     "referer",    "te",
    "trailer",       "transfer-encoding", "upgrade",    "user-agent", "x-amzn-trace-id"};

struct UrlParts {
    std::string host; ///< with the port where it isn't the scheme's own
    std::string path; ///< as sent; "/" for none
    std::string query;
};

auto parts_of(std::string_view url) -> UrlParts {
    UrlParts parts;
    const bool is_tls = url.starts_with("https://");
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find('#'));
    if (const auto query = url.find('?'); query != std::string_view::npos) {
        parts.query = url.substr(query + 1);
        url = url.substr(0, query);
    }
    const auto slash = url.find('/');
    parts.host = url.substr(0, slash);
    parts.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
    const std::string_view default_port = is_tls ? ":443" : ":80";
    if (parts.host.ends_with(default_port)) parts.host.resize(parts.host.size() - default_port.size());
    return parts;
}

/// The path without `.`, `..` and empty segments (RFC 3986 §5.2.4, and `//` as `/`).
auto normalised(std::string_view path) -> std::string {
    std::vector<std::string_view> kept;
    for (const auto segment : split(path, '/')) {
        if (segment.empty() || segment == ".") continue;
        if (segment != "..")
            kept.push_back(segment);
        else if (!kept.empty())
            kept.pop_back();
    }
    std::string text;
    for (const auto segment : kept) text.append("/").append(segment);
    if (text.empty() || path.ends_with('/')) text += '/';
    return text;
}

auto encoded_segments(std::string_view path, bool keeps_escapes) -> std::string {
    std::string text;
    for (std::size_t at = 0; at < path.size(); ++at) {
        const bool is_escape = path[at] == '%' && keeps_escapes;
        if (path[at] == '/' || is_escape)
            text += path[at];
        else
            text += percent_encode(path.substr(at, 1));
    }
    return text;
}

auto canonical_path(const std::string& path, bool as_sent) -> std::string {
    return as_sent ? encoded_segments(path, true) : encoded_segments(normalised(path), false);
}

/// One name or value of the query in the one spelling that both sides agree on.
auto canonical_word(std::string_view word) -> std::string {
    const auto decoded = percent_decode(word);
    return percent_encode(decoded ? *decoded : std::string(word));
}

auto canonical_query(std::string_view query) -> std::string {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const auto field : split(query, '&')) {
        if (field.empty()) continue;
        const auto equals = field.find('=');
        fields.emplace_back(canonical_word(field.substr(0, equals)),
                            equals == std::string_view::npos ? "" : canonical_word(field.substr(equals + 1)));
    }
    std::ranges::sort(fields);
    std::string text;
    for (const auto& [name, value] : fields) {
        if (!text.empty()) text += '&';
        text += name + "=" + value;
    }
    return text;
}

/// Trimmed, runs of white space (folded lines among them) as one blank.
auto canonical_value(std::string_view value) -> std::string {
    std::string text;
    for (const char c : trim(value)) {
        const bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!is_space)
            text += c;
        else if (text.back() != ' ')
            text += ' ';
    }
    return text;
}

/// Name in lower case → value; values of repeated fields joined in their order.
using SignedHeaders = std::map<std::string, std::string>;

auto headers_to_sign(const ClientRequest& request, const std::string& host, bool with_token) -> SignedHeaders {
    SignedHeaders headers{{"host", host}};
    for (const auto& [name, value] : request.headers.all()) {
        auto key = lower(name);
        if (key == "host" || std::ranges::find(unsigned_headers, key) != unsigned_headers.end()) continue;
        if (key == "x-amz-security-token" && !with_token) continue;
        const auto [at, is_new] = headers.try_emplace(std::move(key), canonical_value(value));
        if (!is_new) at->second += "," + canonical_value(value);
    }
    return headers;
}

/// "20150830T123600Z".
auto basic_time(Timestamp time) -> std::string {
    std::string text;
    for (const char c : format_time(time).substr(0, 19)) // "2015-08-30T12:36:00"
        if (c != '-' && c != ':') text += c;
    return text + "Z";
}

auto signing_key(const AwsKeys& keys, std::string_view day, const SigV4Options& options) -> std::string {
    const auto step = [](const std::string& key, std::string_view text) {
        return hmac(HashAlgorithm::sha256, key, text);
    };
    return step(step(step(step("AWS4" + keys.secret_access_key.reveal(), day), options.region), options.service),
                "aws4_request");
}

} // namespace

auto sigv4_options(std::string service, std::string region, Timestamp time) -> SigV4Options {
    const bool is_s3 = service == "s3";
    return {.region = std::move(region),
            .service = std::move(service),
            .time = time,
            .path_as_sent = is_s3,
            .sends_content_hash = is_s3};
}

auto sign_v4(ClientRequest& request, const AwsKeys& keys, const SigV4Options& options) -> SigV4Signature {
    const auto url = parts_of(request.url);
    const auto time = basic_time(options.time);
    const auto day = time.substr(0, 8);
    const auto body_hash = options.signs_body ? sha256_hex(request.body) : std::string(unsigned_payload);
    request.headers.set("X-Amz-Date", time);
    if (!keys.session_token.empty()) request.headers.set("X-Amz-Security-Token", keys.session_token.reveal());
    if (options.sends_content_hash) request.headers.set("x-amz-content-sha256", body_hash);

    std::string lines;
    std::string names;
    for (const auto& [name, value] : headers_to_sign(request, url.host, options.signs_session_token)) {
        lines += name + ":" + value + "\n";
        if (!names.empty()) names += ';';
        names += name;
    }
    SigV4Signature made;
    made.canonical_request =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(url.path, options.path_as_sent),
                    canonical_query(url.query), lines, names, body_hash);
    const auto scope = fmt::format("{}/{}/{}/aws4_request", day, options.region, options.service);
    made.string_to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, sha256_hex(made.canonical_request));
    made.signature = to_hex(hmac(HashAlgorithm::sha256, signing_key(keys, day, options), made.string_to_sign));
    made.authorization = fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                     keys.access_key_id, scope, names, made.signature);
    request.headers.set("Authorization", made.authorization);
    return made;
}

} // namespace dossier::net
