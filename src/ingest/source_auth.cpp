#include "dossier/ingest/source_auth.hpp"

#include "dossier/base/strings.hpp"

#include <charconv>
#include <chrono>
#include <optional>

namespace dossier::ingest {
namespace {

/// Missing, wrong, late and half-written credentials all read the same: an attacker learns nothing from the answer.
auto refuse() -> std::unexpected<Error> { return fail(Errc::unauthenticated, "credentials missing or wrong"); }

auto verdict(bool accepted) -> Result<void> {
    if (!accepted) return refuse();
    return {};
}

/// Compares also where one side is missing, so that both take the same way; an empty secret never matches.
auto matches(std::string_view presented, std::string_view secret) -> bool {
    const bool equal = constant_time_equal(presented, secret);
    return equal && !secret.empty();
}

/// What follows `scheme` and blanks; nullopt for another scheme.
auto after_scheme(std::string_view field, std::string_view scheme) -> std::optional<std::string_view> {
    if (field.size() <= scheme.size() || !iequals(field.substr(0, scheme.size()), scheme)) return std::nullopt;
    if (field[scheme.size()] != ' ') return std::nullopt;
    return trim(field.substr(scheme.size()));
}

auto check_bearer(const SourceAuthConfig& config, const net::HttpRequest& request) -> Result<void> {
    const auto field = trim(request.headers.get("Authorization").value_or(""));
    // Orca sends its key verbatim, with or without the scheme its user typed (VENDORS §3.2).
    const auto token = after_scheme(field, "Bearer").value_or(field);
    return verdict(matches(token, config.token.reveal()));
}

auto check_basic(const SourceAuthConfig& config, const net::HttpRequest& request) -> Result<void> {
    const auto field = trim(request.headers.get("Authorization").value_or(""));
    const auto presented = base64_decode(after_scheme(field, "Basic").value_or("")).value_or("");
    const bool equal = constant_time_equal(presented, config.user + ":" + config.password.reveal());
    return verdict(equal && !config.password.empty());
}

auto check_header(const SourceAuthConfig& config, const net::HttpRequest& request) -> Result<void> {
    const auto field = trim(request.headers.get(config.header).value_or(""));
    return verdict(matches(field, config.token.reveal()) && !config.header.empty());
}

auto is_in_time(std::string_view timestamp, Timestamp now, Duration tolerance) -> bool {
    constexpr std::int64_t latest = 100'000'000'000; // beyond it, seconds would be milliseconds
    std::int64_t seconds = 0;
    const auto* const end = timestamp.data() + timestamp.size();
    const auto [rest, error] = std::from_chars(timestamp.data(), end, seconds);
    if (error != std::errc() || rest != end || timestamp.empty() || seconds < 0 || seconds > latest) return false;
    const auto sent = Timestamp(std::chrono::seconds(seconds));
    const auto apart = sent > now ? sent - now : now - sent;
    return apart <= tolerance;
}

auto check_hmac(const SourceAuthConfig& config, const net::HttpRequest& request, Timestamp now) -> Result<void> {
    const auto field = trim(request.headers.get(config.header).value_or(""));
    std::string signed_text;
    bool in_time = true;
    if (!config.timestamp_header.empty()) {
        const auto timestamp = trim(request.headers.get(config.timestamp_header).value_or(""));
        in_time = is_in_time(timestamp, now, config.tolerance);
        signed_text = std::string(timestamp) + "." + request.body;
    }
    const auto& covered = config.timestamp_header.empty() ? request.body : signed_text;
    const auto expected = to_hex(hmac(config.algorithm, config.secret.reveal(), covered));
    const bool has_prefix = field.starts_with(config.prefix);
    const auto digest = has_prefix ? lower(field.substr(config.prefix.size())) : std::string();
    const bool equal = constant_time_equal(digest, expected);
    return verdict(equal && has_prefix && in_time && !config.secret.empty());
}

} // namespace

auto authenticate(const SourceAuthConfig& config, const net::HttpRequest& request, Timestamp now, bool with_body)
    -> Result<void> {
    switch (config.type) {
    case SourceAuthConfig::Type::none:
        return {};
    case SourceAuthConfig::Type::bearer:
        return check_bearer(config, request);
    case SourceAuthConfig::Type::basic:
        return check_basic(config, request);
    case SourceAuthConfig::Type::header:
        return check_header(config, request);
    case SourceAuthConfig::Type::hmac:
        return with_body ? check_hmac(config, request, now) : Result<void>{};
    case SourceAuthConfig::Type::mtls:
        return verdict(!config.subject.empty() && !request.tls_subject.empty() &&
                       glob_match(config.subject, request.tls_subject));
    }
    return refuse();
}

} // namespace dossier::ingest
