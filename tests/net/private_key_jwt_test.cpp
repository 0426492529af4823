#include "dossier/net/private_key_jwt.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "net_client_fixture.hpp"
#include "scripted_server.hpp"

#include <gmock/gmock.h>

#include <functional>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace dossier::net::test {
namespace {

using ::testing::HasSubstr;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

auto rsa(unsigned bits) -> Key { return {EVP_RSA_gen(bits), &EVP_PKEY_free}; }
auto ec(const char* curve) -> Key { return {EVP_EC_gen(curve), &EVP_PKEY_free}; }

auto pem_of(const Key& key) -> std::string {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

auto credentials(const std::string& pem) -> PrivateKeyJwt {
    return {.url = "https://acme.example/oauth2/v1/token",
            .client_id = "0oa1",
            .private_key = Secret(pem),
            .key_id = "k-1",
            .scope = "okta.users.read okta.groups.read"};
}

/// DER of the r and s that stand side by side in a JWS.
auto as_der(const std::string& raw) -> std::string {
    const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(), &ECDSA_SIG_free);
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(signature.get(), &out);
    return der;
}

auto verifies(const Key& key, const std::string& signature, const std::string& text) -> bool {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

TEST(PrivateKeyJwt, SignsWhatItsKeyVerifies) {
    struct Row {
        const char* algorithm;
        Key key;
    };
    Row rows[] = {{"RS256", rsa(2048)}, {"ES256", ec("P-256")}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.algorithm);
        const auto pem = pem_of(row.key);
        for (const auto& text : {pem, replace_all(pem, "\n", "\\n")}) {
            const auto now = std::chrono::system_clock::from_time_t(1'800'000'000);
            const auto jwt = client_assertion(credentials(text), now);
            ASSERT_TRUE(jwt.has_value()) << jwt.error().message;
            const auto parts = split(*jwt, '.');
            ASSERT_EQ(parts.size(), 3U);
            const auto header = *parse_json(*base64_decode(parts[0]));
            EXPECT_EQ(header, (Json{{"alg", row.algorithm}, {"typ", "JWT"}, {"kid", "k-1"}}));
            auto claims = *parse_json(*base64_decode(parts[1]));
            EXPECT_FALSE(text_at(claims, "jti").empty());
            claims.erase("jti");
            EXPECT_EQ(claims, (Json{{"aud", "https://acme.example/oauth2/v1/token"},
                                    {"iss", "0oa1"},
                                    {"sub", "0oa1"},
                                    {"iat", 1'800'000'000},
                                    {"exp", 1'800'000'300}}));
            auto signature = *base64_decode(parts[2]);
            if (std::string_view(row.algorithm) == "ES256") {
                ASSERT_EQ(signature.size(), 64U);
                signature = as_der(signature);
            }
            const auto signed_text = std::string(parts[0]) + "." + std::string(parts[1]);
            EXPECT_TRUE(verifies(row.key, signature, signed_text));
            EXPECT_FALSE(verifies(row.key, signature, signed_text + "x")) << "the check can fail";
        }
    }
}

TEST(PrivateKeyJwt, RefusesKeysThatCannotSign) {
    const std::string rows[] = {"", "no pem", pem_of(rsa(1024)), pem_of(ec("P-384"))};
    for (const auto& pem : rows)
        EXPECT_EQ(client_assertion(credentials(pem), {}).error().code, Errc::invalid_argument) << pem.substr(0, 20);
}

class PrivateKeyJwtTest : public NetClientTest {};

TEST_F(PrivateKeyJwtTest, AsksWithTheAssertionAndSaysWhatIsRefused) {
    struct Row {
        const char* name;
        Answer reply;
        const char* outcome;
    };
    const Row rows[] = {
        {"good", answer(200, R"({"access_token":"t-1","expires_in":3600})"), "t-1"},
        {"assertion", answer(401, R"({"error":"invalid_client"})"), "unauthenticated"},
        {"scope", answer(400, R"({"error":"invalid_scope"})"), "forbidden"},
    };
    const auto pem = pem_of(ec("P-256"));
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::string asked;
        ScriptedServer server([&](const std::string&, const std::string& body, int) {
            asked = body;
            return row.reply;
        });
        Metrics metrics;
        Upstream upstream(*client, metrics, {.name = "okta:token"});
        auto with = credentials(pem);
        with.url = server.url("/oauth2/v1/token");
        auto fetch = private_key_jwt(upstream, with);
        ASSERT_TRUE(fetch.has_value());
        TokenSource tokens(std::move(*fetch));
        const auto token = wait(tokens.get(deadline_in(5s)));
        EXPECT_EQ(token ? token->reveal() : std::string(name_of(token.error().code)), row.outcome);
        EXPECT_THAT(asked, HasSubstr("grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%"
                                     "3Aclient-assertion-type%3Ajwt-bearer&client_assertion=ey"));
        EXPECT_THAT(asked, HasSubstr("&scope=okta.users.read%20okta.groups.read"));
    }
}

} // namespace
} // namespace dossier::net::test
