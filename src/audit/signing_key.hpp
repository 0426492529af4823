#pragma once
// The Ed25519 key that signs heads of the audit chain (OpenSSL EVP). The private key is a PKCS #8 PEM file, 0600; the
// public one lies beside it as `<key>.pub`, for an auditor.

#include "dossier/base/error.hpp"

#include <memory>
#include <string>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace dossier::audit {

class SigningKey {
public:
    /// Reads the key of `path`, or makes one where there is none. Two that start at once end up with the same key.
    [[nodiscard]] static auto open(const std::string& path) -> Result<SigningKey>;
    [[nodiscard]] auto sign(std::string_view message) const -> Result<std::string>; ///< 64 raw bytes
    [[nodiscard]] auto holds(std::string_view message, std::string_view signature) const -> bool;

private:
    struct Free {
        void operator()(EVP_PKEY* key) const;
    };
    using Key = std::unique_ptr<EVP_PKEY, Free>;
    explicit SigningKey(Key key) : key_(std::move(key)) {}
    [[nodiscard]] static auto read(const std::string& path) -> Result<SigningKey>;
    [[nodiscard]] static auto make(const std::string& path) -> Result<SigningKey>;
    [[nodiscard]] auto public_pem() const -> std::string;
    Key key_;
};

} // namespace dossier::audit
