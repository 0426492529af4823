#include "dossier/base/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace dossier {

namespace {

struct FreeDigest {
    void operator()(EVP_MD* md) const { EVP_MD_free(md); }
};
struct FreeDigestContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeMacContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

[[noreturn]] void crypto_failed() { throw std::runtime_error("OpenSSL refused a basic digest operation"); }

} // namespace

auto sha256(std::string_view data) -> Sha256Digest {
    thread_local const std::unique_ptr<EVP_MD, FreeDigest> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context{EVP_MD_CTX_new()};
    Sha256Digest digest{};
    if (EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), data.data(), data.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
        crypto_failed();
    return digest;
}

auto sha256_hex(std::string_view data) -> std::string {
    const auto digest = sha256(data);
    return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

namespace {

using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

/// Looks the digest up, which costs as much as a short message.
auto mac_context(const char* digest) -> MacContext {
    const std::unique_ptr<EVP_MAC, FreeMac> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    MacContext context{EVP_MAC_CTX_new(mac.get())};
    std::string name(digest);
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", name.data(), 0),
                                     OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), parameters) != 1) crypto_failed();
    return context;
}

} // namespace

auto hmac(HashAlgorithm algorithm, std::string_view key, std::string_view data) -> std::string {
    thread_local const auto with_256 = mac_context("SHA256");
    thread_local const auto with_512 = mac_context("SHA512");
    const auto& context = algorithm == HashAlgorithm::sha256 ? with_256 : with_512;
    // A null key would mean "keep the key of the last call"; an empty key must stay empty.
    static constexpr unsigned char nothing = 0;
    const auto* bytes = key.empty() ? &nothing : reinterpret_cast<const unsigned char*>(key.data());
    std::string result(64, '\0');
    std::size_t length = 0;
    if (EVP_MAC_init(context.get(), bytes, key.size(), nullptr) != 1 ||
        EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1 ||
        EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(result.data()), &length, result.size()) != 1)
        crypto_failed();
    result.resize(length);
    return result;
}

auto to_hex(std::string_view bytes) -> std::string {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        text[2 * i] = digits[byte >> 4U];
        text[2 * i + 1] = digits[byte & 15U];
    }
    return text;
}

auto from_hex(std::string_view hex) -> Result<std::string> {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (hex.size() % 2 != 0) return fail(Errc::malformed, "hex text has an odd length");
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = digit(hex[i]);
        const int low = digit(hex[i + 1]);
        if (high < 0 || low < 0) return fail(Errc::malformed, "not a hex digit");
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

auto base64_encode(std::string_view bytes) -> std::string {
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    std::string buffer(text.size() + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(buffer.data()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    buffer.resize(text.size());
    return buffer;
}

auto base64_decode(std::string_view text) -> Result<std::string> {
    std::string normal(text);
    for (char& c : normal) {
        if (c == '-') c = '+';
        if (c == '_') c = '/';
    }
    while (!normal.empty() && normal.back() == '=') normal.pop_back();
    const std::size_t padding = (4 - normal.size() % 4) % 4;
    if (padding == 3 || normal.find('=') != std::string::npos ||
        normal.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
            std::string::npos)
        return fail(Errc::malformed, "not base64");
    normal.append(padding, '=');
    std::string bytes(normal.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(normal.data()), static_cast<int>(normal.size())) < 0)
        return fail(Errc::malformed, "not base64");
    bytes.resize(bytes.size() - padding);
    return bytes;
}

auto constant_time_equal(std::string_view a, std::string_view b) -> bool {
    const auto left = sha256(a);
    const auto right = sha256(b);
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace dossier
