#pragma once
// Digests and encodings on OpenSSL. Digest contexts are fetched once a thread (fetching costs more than hashing).

#include "dossier/base/error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] auto sha256(std::string_view data) -> Sha256Digest;
[[nodiscard]] auto sha256_hex(std::string_view data) -> std::string;
enum class HashAlgorithm { sha256, sha512 };
/// Raw HMAC bytes.
[[nodiscard]] auto hmac(HashAlgorithm algorithm, std::string_view key, std::string_view data) -> std::string;
[[nodiscard]] auto to_hex(std::string_view bytes) -> std::string;
[[nodiscard]] auto from_hex(std::string_view hex) -> Result<std::string>;
[[nodiscard]] auto base64_encode(std::string_view bytes) -> std::string;
/// Standard or URL-safe alphabet, padding optional.
[[nodiscard]] auto base64_decode(std::string_view text) -> Result<std::string>;
/// Compares in a time that depends on neither content; lengths are hidden by hashing both first.
[[nodiscard]] auto constant_time_equal(std::string_view a, std::string_view b) -> bool;

} // namespace dossier
