#include "chat_signatures.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dossier::approve {
namespace {

auto seconds_in(std::string_view text) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.size() > 12 || error != std::errc{} || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

} // namespace

auto slack_signature(const Secret& signing_secret, std::string_view timestamp, std::string_view body) -> std::string {
    return "v0=" +
           to_hex(hmac(HashAlgorithm::sha256, signing_secret.reveal(), fmt::format("v0:{}:{}", timestamp, body)));
}

auto is_signed_by_slack(const net::HttpRequest& request, const Secret& signing_secret, Timestamp now) -> bool {
    if (signing_secret.empty()) return false;
    const auto timestamp = request.headers.get("X-Slack-Request-Timestamp").value_or("");
    const auto signature = request.headers.get("X-Slack-Signature").value_or("");
    const auto seconds = seconds_in(timestamp);
    if (!seconds || signature.empty()) return false;
    const auto here = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const auto apart = here > *seconds ? here - *seconds : *seconds - here;
    const bool is_recent = apart <= slack_tolerance.count();
    return constant_time_equal(slack_signature(signing_secret, timestamp, request.body), signature) && is_recent;
}

auto is_signed_by_teams(const net::HttpRequest& request, const Secret& security_token) -> bool {
    const auto header = request.headers.get("Authorization").value_or("");
    const auto key = base64_decode(security_token.reveal());
    if (!key || key->empty() || header.size() < 5 || !iequals(header.substr(0, 5), "HMAC ")) return false;
    const auto given = base64_decode(trim(header.substr(5)));
    return given && constant_time_equal(hmac(HashAlgorithm::sha256, *key, request.body), *given);
}

auto link_signature(const Secret& link_secret, std::string_view draft_id, std::string_view content_hash,
                    std::string_view expires) -> std::string {
    return to_hex(hmac(HashAlgorithm::sha256, link_secret.reveal(),
                       fmt::format("dossier-decision-link:v1:{}:{}:{}", draft_id, content_hash, expires)));
}

} // namespace dossier::approve
