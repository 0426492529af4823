#include "byte_classes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dossier::redact {
namespace {

auto is_vowel_or_high(ByteBlock block) -> Compared {
    return is_letter_between(block, 'a', 'a') | is_byte(block, 'e') | is_between(block, '\xC0', '\xFF');
}
auto is_vowel_or_high_byte(char c) -> bool {
    return c == 'a' || c == 'A' || c == 'e' || static_cast<unsigned char>(c) >= 0xC0;
}

/// Each byte there is, at each place of a block and in texts that end anywhere.
TEST(ByteClasses, AreThoseOfEachByteByItself) {
    std::string text;
    for (unsigned i = 0; i < 600; ++i) text.push_back(static_cast<char>(i * 7));
    for (std::size_t size = 0; size <= text.size(); size += size < 140 ? 1 : 23) {
        const auto cut = std::string_view(text).substr(0, size);
        ByteSearch<is_vowel_or_high> search(cut);
        auto found = search.next(0);
        for (std::size_t at = 0; at < size; ++at) {
            EXPECT_EQ(is_vowel_or_high_byte(cut[at]), found == at) << at << " of " << size;
            if (found == at) found = search.next(at + 1);
        }
        EXPECT_EQ(found, size);
    }
}

TEST(ByteClasses, HaveNoBitsBehindTheText) {
    const std::string text(70, 'e');
    EXPECT_EQ(bits_at<is_vowel_or_high>(text, 0), ~std::uint64_t{0});
    EXPECT_EQ(bits_at<is_vowel_or_high>(text, 64), 0x3FU);
}

} // namespace
} // namespace dossier::redact
