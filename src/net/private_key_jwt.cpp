#include "dossier/net/private_key_jwt.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace dossier::net {
namespace {

constexpr std::chrono::minutes lifetime{5};
constexpr int least_rsa_bits = 2048;
constexpr std::size_t p256_half = 32;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

auto no_passphrase(char*, int, int, void*) -> int { return 0; }

auto read_key(const Secret& pem) -> Key {
    auto text = pem.reveal();
    if (text.find('\n') == std::string::npos) text = replace_all(std::move(text), "\\n", "\n");
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                        &BIO_free);
    return {PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free};
}

/// The `alg` of a key; "" where it can't sign for us.
auto algorithm_of(EVP_PKEY* key) -> std::string {
    if (key == nullptr) return "";
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return EVP_PKEY_get_bits(key) >= least_rsa_bits ? "RS256" : "";
    const bool is_p256 = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
    return is_p256 ? "ES256" : "";
}

auto base64_url(std::string_view bytes) -> std::string {
    auto text = base64_encode(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    while (text.ends_with('=')) text.pop_back();
    return text;
}

/// RFC 7518 §3.4: r and s side by side, where OpenSSL gives them as DER.
auto raw_ecdsa(const std::string& der) -> std::string {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free);
    if (!signature) return {};
    std::string raw(2 * p256_half, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, p256_half);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + p256_half, p256_half);
    return raw;
}

auto sign(EVP_PKEY* key, std::string_view text) -> std::string {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
        return {};
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) !=
        1)
        return {};
    signature.resize(size);
    return signature;
}

auto fetch_by_assertion(Upstream& upstream, PrivateKeyJwt credentials, Deadline deadline) -> Task<Result<AccessToken>> {
    auto assertion = client_assertion(credentials, std::chrono::system_clock::now());
    if (!assertion) co_return fail(std::move(assertion.error()));
    std::vector<std::pair<std::string, std::string>> fields{
        {"grant_type", "client_credentials"},
        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        {"client_assertion", *assertion}};
    if (!credentials.scope.empty()) fields.emplace_back("scope", credentials.scope);
    co_return co_await ask_for_token(upstream, credentials.url, std::move(fields), deadline);
}

} // namespace

auto client_assertion(const PrivateKeyJwt& credentials, std::chrono::system_clock::time_point now)
    -> Result<std::string> {
    const auto key = read_key(credentials.private_key);
    const auto algorithm = algorithm_of(key.get());
    if (algorithm.empty())
        return fail(Errc::invalid_argument,
                    "private_key is no PEM private key of RSA (2,048 bits or more) or EC P-256 without a passphrase");
    Json header{{"alg", algorithm}, {"typ", "JWT"}};
    if (!credentials.key_id.empty()) header["kid"] = credentials.key_id;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const Json claims{{"aud", credentials.url},
                      {"iss", credentials.client_id},
                      {"sub", credentials.client_id},
                      {"iat", seconds},
                      {"exp", seconds + std::chrono::duration_cast<std::chrono::seconds>(lifetime).count()},
                      {"jti", new_id("jwt")}};
    const auto text = base64_url(dump_json(header)) + "." + base64_url(dump_json(claims));
    auto signature = sign(key.get(), text);
    if (algorithm == "ES256") signature = raw_ecdsa(signature);
    if (signature.empty()) return fail(Errc::internal, "the client assertion could not be signed");
    return text + "." + base64_url(signature);
}

auto private_key_jwt(Upstream& upstream, PrivateKeyJwt credentials) -> Result<TokenSource::Fetch> {
    if (auto trial = client_assertion(credentials, std::chrono::system_clock::now()); !trial)
        return fail(std::move(trial.error()));
    return [&upstream, credentials = std::move(credentials)](std::optional<Secret>, Deadline deadline) {
        return fetch_by_assertion(upstream, credentials, deadline);
    };
}

} // namespace dossier::net
