// Whoever can post may forge: a delivery or call-back is taken if and only if it carries the right proof, whatever else
// stands in it. Checked for every sender that signs: sources (HMAC, with and without a time), bearer, basic and fixed
// headers, certificates' subjects, trackers, Slack, Teams, and the addresses and texts of SNS.
// An input is a presented proof, a timestamp, and a body, a line each but the last.

#include "fuzz.hpp"

#include "chat_signatures.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/sns.hpp"
#include "dossier/ingest/source_auth.hpp"
#include "dossier/ticket/callbacks.hpp"

#include <curl/curl.h>

#include <memory>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;
using Auth = ingest::SourceAuthConfig;

const Secret key{"c2VjcmV0LW9mLWEtdGVzdC1vbmx5"};
constexpr Timestamp now{std::chrono::seconds{1'790'000'000}};
constexpr std::string_view recent = "1790000000";

struct Presented {
    std::string_view proof;
    std::string_view timestamp;
    std::string body;
};

auto request_with(std::string field, std::string_view proof, const Presented& input) -> net::HttpRequest {
    net::HttpRequest request;
    request.method = "POST";
    request.headers.set(std::move(field), std::string(proof));
    request.headers.set("X-Timestamp", std::string(input.timestamp));
    request.headers.set("X-Slack-Request-Timestamp", std::string(input.timestamp));
    request.body = input.body;
    return request;
}

/// What the right proof is at `timestamp`, and that it is taken, and that no proof survives a change of the body.
void check_source_hmac(const Presented& input, bool with_time) {
    Auth config{.type = Auth::Type::hmac, .header = "X-Signature", .secret = key, .prefix = "sha256="};
    if (with_time) config.timestamp_header = "X-Timestamp";
    const auto digest_at = [&](std::string_view timestamp) {
        const auto covered = with_time ? std::string(trim(timestamp)) + "." + input.body : input.body;
        return "sha256=" + to_hex(hmac(HashAlgorithm::sha256, key.reveal(), covered));
    };
    const auto is_taken = [&](const net::HttpRequest& request) {
        return ingest::authenticate(config, request, now, true).has_value();
    };
    const bool is_right = iequals(trim(input.proof), digest_at(input.timestamp));
    require(!is_taken(request_with("X-Signature", input.proof, input)) || is_right, "a forged signature is refused");

    auto honest = input;
    honest.timestamp = recent;
    auto request = request_with("X-Signature", digest_at(recent), honest);
    require(is_taken(request), "an honest signature is taken");
    request.body += ' ';
    require(!is_taken(request), "a signature covers the whole body");
    request.body = input.body;
    request.headers.set("X-Timestamp", "1790000001");
    require(is_taken(request) != with_time, "a signature covers the time, where it covers one");
    honest.timestamp = "1789990000";
    request = request_with("X-Signature", digest_at(honest.timestamp), honest);
    require(is_taken(request) != with_time, "an old delivery is refused, where its time is known");
}

void check_fixed_credentials(const Presented& input) {
    const auto proof = trim(input.proof);
    const auto taken = [&](const Auth& config, std::string field) {
        return ingest::authenticate(config, request_with(std::move(field), input.proof, input), now, true).has_value();
    };
    const bool has_key = proof.ends_with(key.reveal());
    require(!taken({.type = Auth::Type::bearer, .token = key}, "Authorization") || has_key, "a wrong token is refused");
    require(taken({.type = Auth::Type::header, .token = key, .header = "X-Key"}, "X-Key") == (proof == key.reveal()),
            "a fixed header is taken as it is");
    const Auth basic{.type = Auth::Type::basic, .user = "dossier", .password = key};
    require(!taken(basic, "Authorization") || icontains(proof, "basic "), "another scheme is refused");
    for (const auto type : {Auth::Type::bearer, Auth::Type::header, Auth::Type::hmac, Auth::Type::basic})
        require(!taken({.type = type, .header = "Authorization"}, "Authorization"), "an empty secret matches nothing");

    net::HttpRequest request;
    request.tls_subject = input.body;
    const Auth mtls{.type = Auth::Type::mtls, .subject = "CN=wiz-connector,O=Acme*"};
    require(!ingest::authenticate(mtls, request, now, true) || input.body.starts_with("CN=wiz-connector,O=Acme"),
            "another subject is refused");
}

void check_tracker(const Presented& input) {
    ticket::CallbackConfig config;
    config.secret = key;
    const auto taken = [&](const net::HttpRequest& request) {
        return ticket::check_callback(config, request, true).has_value();
    };
    const auto mac = hmac(HashAlgorithm::sha256, key.reveal(), input.body);
    const auto proof = trim(input.proof);
    const bool is_right = iequals(proof, "sha256=" + to_hex(mac)) || proof == "sha256=" + base64_encode(mac);
    require(!taken(request_with("X-Hub-Signature", input.proof, input)) || is_right, "a forged call-back is refused");
    auto request = request_with("X-Hub-Signature", "sha256=" + to_hex(mac), input);
    require(taken(request), "a tracker's call-back is taken");
    request.body += '\n';
    require(!taken(request), "its signature covers the whole body");
}

void check_chats(const Presented& input) {
    const auto slack = approve::slack_signature(key, input.timestamp, input.body);
    require(!approve::is_signed_by_slack(request_with("X-Slack-Signature", input.proof, input), key, now) ||
                input.proof == slack,
            "a forged click is refused");
    auto honest = input;
    honest.timestamp = recent;
    const auto proof = approve::slack_signature(key, recent, input.body);
    auto request = request_with("X-Slack-Signature", proof, honest);
    require(approve::is_signed_by_slack(request, key, now), "Slack's own is taken");
    require(!approve::is_signed_by_slack(request, key, now + approve::slack_tolerance + std::chrono::seconds{1}),
            "and not for ever");
    request.body += ' ';
    require(!approve::is_signed_by_slack(request, key, now), "its signature covers the whole body");

    const auto mac = hmac(HashAlgorithm::sha256, *base64_decode(key.reveal()), input.body);
    const bool is_right = base64_decode(trim(input.proof.substr(std::min<std::size_t>(5, input.proof.size())))) == mac;
    require(!approve::is_signed_by_teams(request_with("Authorization", input.proof, input), key) || is_right,
            "a forged message of Teams is refused");
    request = request_with("Authorization", "HMAC " + base64_encode(mac), input);
    require(approve::is_signed_by_teams(request, key), "Teams' own is taken");
    request.body += ' ';
    require(!approve::is_signed_by_teams(request, key), "its signature covers the whole body");
}

/// The host that libcurl, which fetches it, would ask; "" where it refuses the address.
auto host_by_curl(const std::string& url) -> std::string {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
    char* host = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return {};
    std::string result(host);
    curl_free(host);
    return lower(result);
}

void check_sns(const Presented& input) {
    const std::string url(input.proof);
    if (ingest::is_sns_certificate_url(url) || ingest::is_sns_confirmation_url(url, input.timestamp)) {
        const auto host = host_by_curl(url);
        require(url.starts_with("https://"), "nothing of SNS is fetched in the clear");
        require(host.starts_with("sns.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")),
                "nothing is fetched but from SNS");
    }
    const auto document = JsonDocument::parse(input.body);
    if (!document) return;
    const auto message = ingest::parse_sns(document->root());
    if (!message) return;
    require(!ingest::sns_signed_text(*message).empty(), "a signature covers something");
    require(!ingest::verify_sns(*message, "", now), "no certificate, no proof");
    require(!ingest::verify_sns(*message, url, now), "text is no certificate");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    auto rest = fuzz::text_of(data, size);
    Presented input;
    input.proof = fuzz::take_line(rest);
    input.timestamp = fuzz::take_line(rest);
    input.body = rest;
    check_source_hmac(input, false);
    check_source_hmac(input, true);
    check_fixed_credentials(input);
    check_tracker(input);
    check_chats(input);
    check_sns(input);
    return 0;
}
