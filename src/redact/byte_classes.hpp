#pragma once
// Where the bytes of a class stand in a text, 64 bytes at a time: most searches for something to mask are searches for
// a few bytes among many that mean nothing to them. A class is a function that compares the sixteen bytes of a block.

#include "dossier/base/byte_block.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dossier::redact {

/// All bits of each byte for which a comparison holds, no bit of the others.
using Compared = decltype(ByteBlock{} == ByteBlock{});

constexpr auto is_byte(ByteBlock block, char c) -> Compared {
    return block == (ByteBlock{} + static_cast<unsigned char>(c));
}
constexpr auto is_between(ByteBlock block, char first, char last) -> Compared {
    const auto from = static_cast<unsigned char>(first);
    return (block - from) <= (ByteBlock{} + static_cast<unsigned char>(static_cast<unsigned char>(last) - from));
}
/// Whether it is that small letter, or its capital.
constexpr auto is_letter_between(ByteBlock block, char first, char last) -> Compared {
    return is_between(block | static_cast<unsigned char>(0x20), first, last);
}

constexpr std::size_t bytes_of_bits = 64;

/// One bit for each of the 64 bytes from `at` on that is of the class; behind the text's end there are none.
template <auto is_of_class>
auto bits_at(std::string_view text, std::size_t at) -> std::uint64_t {
    constexpr auto step = sizeof(ByteBlock);
    const auto bits_from = [](const char* bytes) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < bytes_of_bits; i += step)
            bits |= std::uint64_t{block_bits(is_of_class(block_at(bytes + i)))} << i;
        return bits;
    };
    const auto left = text.size() - at;
    if (left >= bytes_of_bits) return bits_from(text.data() + at);
    char rest[bytes_of_bits] = {};
    std::memcpy(rest, text.data() + at, left);
    return bits_from(rest) & ((std::uint64_t{1} << left) - 1);
}

/// For a search that goes forward: each 64 bytes are compared once.
template <auto is_of_class>
class ByteSearch {
public:
    explicit ByteSearch(std::string_view text) : text_(text) {}

    /// The first byte of the class from `at` on; the text's size where there is none.
    auto next(std::size_t at) -> std::size_t {
        while (at < text_.size()) {
            const auto begin = at - at % bytes_of_bits;
            if (begin != begin_) {
                begin_ = begin;
                bits_ = bits_at<is_of_class>(text_, begin);
            }
            if (const auto left = bits_ >> (at % bytes_of_bits); left != 0)
                return at + static_cast<std::size_t>(std::countr_zero(left));
            at = begin + bytes_of_bits;
        }
        return text_.size();
    }

private:
    std::string_view text_;
    std::size_t begin_ = std::string_view::npos; ///< of the bytes that `bits_` speaks of
    std::uint64_t bits_ = 0;
};

} // namespace dossier::redact
