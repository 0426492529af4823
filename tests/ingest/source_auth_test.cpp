#include "dossier/ingest/source_auth.hpp"

#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

using Type = SourceAuthConfig::Type;

constexpr Timestamp now{std::chrono::seconds(1'772'611'200)};
constexpr auto body = R"({"id":1})";

struct Case {
    const char* name;
    SourceAuthConfig config;
    net::Headers headers;
    std::string subject;
    bool accepted;
};

auto bearer() -> SourceAuthConfig { return {.type = Type::bearer, .token = Secret("s3cret")}; }
auto basic() -> SourceAuthConfig { return {.type = Type::basic, .user = "orca", .password = Secret("pa:ss")}; }
auto fixed() -> SourceAuthConfig {
    return {.type = Type::header, .token = Secret("t0ken"), .header = "X-Dossier-Token"};
}
auto mtls() -> SourceAuthConfig { return {.type = Type::mtls, .subject = "CN=wiz-*,O=Acme"}; }
auto signed_body(HashAlgorithm algorithm = HashAlgorithm::sha256) -> SourceAuthConfig {
    return {
        .type = Type::hmac, .header = "X-Signature", .secret = Secret("key"), .algorithm = algorithm, .prefix = "sha="};
}
auto signed_with_time() -> SourceAuthConfig {
    auto config = signed_body();
    config.timestamp_header = "X-Timestamp";
    config.tolerance = Duration{300'000};
    return config;
}
auto digest(std::string_view text, HashAlgorithm algorithm = HashAlgorithm::sha256, std::string_view key = "key")
    -> std::string {
    return "sha=" + to_hex(hmac(algorithm, key, text));
}
auto at(std::int64_t offset) -> net::Headers {
    const auto timestamp = std::to_string(1'772'611'200 + offset);
    return {{"X-Timestamp", timestamp}, {"X-Signature", digest(timestamp + "." + body)}};
}
auto upper_hex() -> std::string {
    auto text = digest(body);
    for (auto& c : text) {
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    }
    return "sha=" + text.substr(4);
}

auto cases() -> std::vector<Case> {
    auto no_token = bearer();
    no_token.token = Secret();
    auto no_password = basic();
    no_password.password = Secret();
    auto no_key = signed_body();
    no_key.secret = Secret();
    const auto encoded = [](std::string_view text) { return base64_encode(text); };
    return {
        {"none needs nothing", {}, {}, "", true},
        {"bearer", bearer(), {{"authorization", "Bearer s3cret"}}, "", true},
        {"bearer in any case", bearer(), {{"Authorization", "bEARER   s3cret"}}, "", true},
        {"bearer verbatim, as Orca sends it", bearer(), {{"Authorization", "s3cret"}}, "", true},
        {"bearer wrong", bearer(), {{"Authorization", "Bearer s3creT"}}, "", false},
        {"bearer prefix of the token", bearer(), {{"Authorization", "Bearer s3cre"}}, "", false},
        {"bearer longer", bearer(), {{"Authorization", "Bearer s3crets"}}, "", false},
        {"bearer missing", bearer(), {}, "", false},
        {"bearer empty", bearer(), {{"Authorization", "Bearer "}}, "", false},
        {"bearer other scheme", bearer(), {{"Authorization", "Basic s3cret"}}, "", false},
        {"bearer without configured token", no_token, {{"Authorization", "Bearer "}}, "", false},
        {"bearer without configured token, nothing sent", no_token, {}, "", false},
        {"basic", basic(), {{"Authorization", "Basic " + encoded("orca:pa:ss")}}, "", true},
        {"basic lower-case scheme", basic(), {{"Authorization", "basic " + encoded("orca:pa:ss")}}, "", true},
        {"basic other user", basic(), {{"Authorization", "Basic " + encoded("orc:apa:ss")}}, "", false},
        {"basic wrong password", basic(), {{"Authorization", "Basic " + encoded("orca:pass")}}, "", false},
        {"basic not base64", basic(), {{"Authorization", "Basic %%%"}}, "", false},
        {"basic missing", basic(), {}, "", false},
        {"basic without configured password", no_password, {{"Authorization", "Basic " + encoded("orca:")}}, "", false},
        {"header", fixed(), {{"x-dossier-token", "t0ken"}}, "", true},
        {"header wrong", fixed(), {{"X-Dossier-Token", "T0ken"}}, "", false},
        {"header elsewhere", fixed(), {{"Authorization", "t0ken"}}, "", false},
        {"hmac", signed_body(), {{"X-Signature", digest(body)}}, "", true},
        {"hmac upper-case hex", signed_body(), {{"X-Signature", upper_hex()}}, "", true},
        {"hmac sha512",
         signed_body(HashAlgorithm::sha512),
         {{"X-Signature", digest(body, HashAlgorithm::sha512)}},
         "",
         true},
        {"hmac of the other hash", signed_body(HashAlgorithm::sha512), {{"X-Signature", digest(body)}}, "", false},
        {"hmac of another body", signed_body(), {{"X-Signature", digest("{}")}}, "", false},
        {"hmac with another key",
         signed_body(),
         {{"X-Signature", digest(body, HashAlgorithm::sha256, "kez")}},
         "",
         false},
        {"hmac without its prefix", signed_body(), {{"X-Signature", digest(body).substr(4)}}, "", false},
        {"hmac cut short", signed_body(), {{"X-Signature", digest(body).substr(0, 40)}}, "", false},
        {"hmac prefix alone", signed_body(), {{"X-Signature", "sha="}}, "", false},
        {"hmac missing", signed_body(), {}, "", false},
        {"hmac without configured key", no_key, {{"X-Signature", digest(body, HashAlgorithm::sha256, "")}}, "", false},
        {"hmac in time", signed_with_time(), at(0), "", true},
        {"hmac at the edge of the past", signed_with_time(), at(-300), "", true},
        {"hmac at the edge of the future", signed_with_time(), at(300), "", true},
        {"hmac too old", signed_with_time(), at(-301), "", false},
        {"hmac from the future", signed_with_time(), at(301), "", false},
        {"hmac over the body alone",
         signed_with_time(),
         {{"X-Timestamp", "1772611200"}, {"X-Signature", digest(body)}},
         "",
         false},
        {"hmac without timestamp", signed_with_time(), {{"X-Signature", digest(std::string(".") + body)}}, "", false},
        {"hmac with milliseconds",
         signed_with_time(),
         {{"X-Timestamp", "1772611200000"}, {"X-Signature", digest(std::string("1772611200000.") + body)}},
         "",
         false},
        {"hmac with an absurd timestamp",
         signed_with_time(),
         {{"X-Timestamp", "99999999999999999999"}, {"X-Signature", digest("x")}},
         "",
         false},
        {"client certificate", mtls(), {}, "CN=wiz-prod,O=Acme", true},
        {"other certificate", mtls(), {}, "CN=orca,O=Acme", false},
        {"no certificate", mtls(), {}, "", false},
    };
}

TEST(SourceAuth, AcceptsExactlyTheRightCredentials) {
    for (const auto& row : cases()) {
        SCOPED_TRACE(row.name);
        net::HttpRequest request;
        request.headers = row.headers;
        request.body = body;
        request.tls_subject = row.subject;
        const auto result = authenticate(row.config, request, now, true);
        EXPECT_EQ(result.has_value(), row.accepted);
    }
}

TEST(SourceAuth, SaysTheSameOfMissingAndWrongCredentials) {
    for (const auto& row : cases()) {
        if (row.accepted) continue;
        SCOPED_TRACE(row.name);
        net::HttpRequest request;
        request.headers = row.headers;
        request.body = body;
        request.tls_subject = row.subject;
        const auto result = authenticate(row.config, request, now, true);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Errc::unauthenticated);
        EXPECT_EQ(result.error().message, "credentials missing or wrong");
        EXPECT_TRUE(result.error().context.empty());
    }
}

TEST(SourceAuth, WaitsForTheBodyOnlyWhereItIsSigned) {
    EXPECT_TRUE(authenticate(signed_body(), {}, now, false));
    EXPECT_FALSE(authenticate(bearer(), {}, now, false));
    EXPECT_FALSE(authenticate(mtls(), {}, now, false));
}

} // namespace
} // namespace dossier::ingest
