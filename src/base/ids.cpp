#include "dossier/base/ids.hpp"

#include "dossier/base/crypto.hpp"

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace dossier {

namespace {

/// OpenSSL's generator costs the same for 16 bytes as for a block of them, so a thread draws blocks. What was given out
/// is wiped.
void random_bytes(unsigned char* out, std::size_t count) {
    thread_local std::array<unsigned char, 512> block{};
    thread_local std::size_t used = block.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (used == block.size()) {
            if (RAND_bytes(block.data(), static_cast<int>(block.size())) != 1)
                throw std::runtime_error("the random number generator failed");
            used = 0;
        }
        out[i] = std::exchange(block[used++], 0);
    }
}

/// Appends 128 bits as 26 characters of Crockford's base32, most significant first, so that text order is numeric
/// order. 26 × 5 = 130 bits: two zero bits stand before the first byte.
void append_crockford(std::string& text, const std::array<std::uint8_t, 16>& bytes) {
    static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::array<char, 26> characters{};
    unsigned bits = 0;
    unsigned count = 2;
    auto out = characters.begin();
    for (const auto byte : bytes) {
        bits = (bits << 8U) | byte;
        for (count += 8; count >= 5; count -= 5) *out++ = alphabet[(bits >> (count - 5)) & 31U];
    }
    text.append(characters.data(), characters.size());
}

} // namespace

auto new_id(std::string_view prefix) -> std::string {
    static std::mutex mutex;
    static std::array<std::uint8_t, 16> last{};
    const std::lock_guard lock(mutex);

    const auto now = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count());
    std::uint64_t last_time = 0;
    for (std::size_t i = 0; i < 6; ++i) last_time = (last_time << 8U) | last[i];
    if (now > last_time) {
        for (std::size_t i = 0; i < 6; ++i) last[i] = static_cast<std::uint8_t>(now >> (8 * (5 - i)));
        random_bytes(last.data() + 6, 10);
        last[6] &= 0x7F; // room to count up within the millisecond
    } else {
        for (std::size_t i = 15; i >= 6; --i) {
            if (++last[i] != 0) break;
        }
    }
    std::string id;
    id.reserve(prefix.size() + 27);
    id += prefix;
    id += '_';
    append_crockford(id, last);
    return id;
}

auto random_hex(std::size_t bytes) -> std::string {
    std::string raw(bytes, '\0');
    random_bytes(reinterpret_cast<unsigned char*>(raw.data()), bytes);
    return to_hex(raw);
}

} // namespace dossier
