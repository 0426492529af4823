// Times, units, text and encodings: pure functions, by table.
#include "dossier/base/concat.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/fixed_text.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"
#include "dossier/base/units.hpp"

#include <gtest/gtest.h>

#include <set>

namespace dossier {
namespace {

TEST(Time, ReadsEveryFormThePlatformsSend) {
    struct Row {
        const char* name;
        const char* text;
        const char* expected; // "" = refused
    };
    const Row rows[] = {
        {"rfc3339", "2026-11-22T21:32:23Z", "2026-11-22T21:32:23.000Z"},
        {"nine digits", "2026-11-22T21:32:23.123456789Z", "2026-11-22T21:32:23.123Z"},
        {"offset", "2026-11-22T23:32:23+02:00", "2026-11-22T21:32:23.000Z"},
        {"offset without colon", "2026-11-22T20:32:23-0100", "2026-11-22T21:32:23.000Z"},
        {"blank for T", "2026-11-22 21:32:23.5", "2026-11-22T21:32:23.500Z"},
        {"date alone", "2026-11-22", "2026-11-22T00:00:00.000Z"},
        {"epoch seconds", "1686943640", "2023-06-16T19:27:20.000Z"},
        {"epoch milliseconds", "1686943640123", "2023-06-16T19:27:20.123Z"},
        {"epoch with fraction", "1686943640.25", "2023-06-16T19:27:20.000Z"},
        {"leap second", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
        {"no such day", "2026-02-30T00:00:00Z", ""},
        {"words", "yesterday", ""},
        {"empty", "", ""},
        {"hour 25", "2026-11-22T25:00:00Z", ""},
        {"year 9999", "9999-12-31T00:00:00Z", ""},
        {"tail", "2026-11-22T21:32:23Zjunk", ""},
        {"bare fraction point", "2026-11-22T21:32:23.Z", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto time = parse_time(row.text);
        EXPECT_EQ(time ? format_time(*time) : "", row.expected);
    }
}

TEST(Time, IsWrittenWithAllItsDigits) {
    using namespace std::chrono;
    struct Row {
        Timestamp time;
        const char* expected;
    };
    const Row rows[] = {
        {Timestamp{}, "1970-01-01T00:00:00.000Z"},
        {Timestamp{milliseconds{-1}}, "1969-12-31T23:59:59.999Z"},
        {sys_days{year{2026} / 10 / 9} + hours{1} + minutes{2} + seconds{3} + milliseconds{4},
         "2026-10-09T01:02:03.004Z"},
        {sys_days{year{9999} / 12 / 31} + hours{23} + minutes{59} + seconds{59} + milliseconds{999},
         "9999-12-31T23:59:59.999Z"},
        {sys_days{year{1} / 1 / 1}, "0001-01-01T00:00:00.000Z"},
        {sys_days{year{12026} / 1 / 1}, "12026-01-01T00:00:00.000Z"},
    };
    for (const auto& row : rows) EXPECT_EQ(format_time(row.time), row.expected);
}

TEST(Units, ReadDurationsSizesAndRates) {
    EXPECT_EQ(parse_duration("500ms").value(), Duration{500});
    EXPECT_EQ(parse_duration("1.5s").value(), Duration{1500});
    EXPECT_EQ(parse_duration("30d").value(), Duration{30LL * 86'400'000});
    EXPECT_EQ(parse_byte_size("4MiB").value().bytes, 4U << 20U);
    EXPECT_EQ(parse_byte_size("1024").value().bytes, 1024U);
    EXPECT_DOUBLE_EQ(parse_rate("60/m").value().per_second, 1.0);
    for (const auto* bad : {"", "5", "-1s", "5 parsecs", "s", "1e999s", "nan"}) {
        SCOPED_TRACE(bad);
        EXPECT_FALSE(parse_duration(bad));
        EXPECT_FALSE(parse_rate(bad));
    }
    EXPECT_FALSE(parse_byte_size("4 elephants"));
}

TEST(Text, ReplacesEachThatStandsThere) {
    EXPECT_EQ(replace_all("a-b--c", "-", "+"), "a+b++c");
    EXPECT_EQ(replace_all("aaa", "aa", "a"), "aa") << "what was put in is not looked at again";
    EXPECT_EQ(replace_all("a\nb\n", "\n", "\n  "), "a\n  b\n  ");
    EXPECT_EQ(replace_all("as it is", "", "x"), "as it is");
    EXPECT_EQ(replace_all("", "x", "y"), "");
    const std::string filling(700, 'e'); // a long text is searched in another way
    EXPECT_EQ(replace_all(filling + "evidence" + filling + "evidence", "evidence", "!"), filling + "!" + filling + "!");
    EXPECT_EQ(replace_all(filling, "evidence", "!"), filling);
    for (std::size_t before = 0; before < 40; ++before) {
        const auto words = std::string(before, 'e') + "eee" + std::string(before, 'd');
        EXPECT_EQ(replace_all(words + "edge" + words, "edge", "!"), words + "!" + words) << before;
        EXPECT_EQ(replace_all("edge" + words + "edge", "edge", "!"), "!" + words + "!") << before;
    }
    EXPECT_EQ(concat({"a", "", std::string_view("b\0", 2), "c"}), std::string("ab\0c", 4));
}

TEST(Glob, MatchesWholeTexts) {
    struct Row {
        const char* pattern;
        const char* text;
        bool matches;
    };
    const Row rows[] = {
        {"arn:aws:s3:::payments-*", "arn:aws:s3:::payments-exports", true},
        {"arn:aws:s3:::payments-*", "arn:aws:s3:::hr-payments-x", false},
        {"*", "", true},
        {"", "x", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"", "", true},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abcd", "abc", false},
        {"abc*", "abc", true},
        {"abc*", "ab", false},
        {"ab*bc", "abc", false},
        {"a*?", "a", false},
        {"a*?", "ab", true},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxcxxb", false},
        {"a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.pattern) + " on " + row.text);
        EXPECT_EQ(glob_match(row.pattern, row.text), row.matches);
    }
}

TEST(Strings, KeepUtf8Whole) {
    EXPECT_TRUE(is_valid_utf8("naïve 𝄞"));
    for (const std::string bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) {
        EXPECT_FALSE(is_valid_utf8(bad));
        EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
    }
    for (std::size_t bytes = 0; bytes < 14; ++bytes) {
        const auto cut = shorten("añ𝄞ö and more", bytes);
        EXPECT_LE(cut.size(), bytes);
        EXPECT_TRUE(is_valid_utf8(cut));
    }
    EXPECT_EQ(code_points("añ𝄞"), 3U);
}

TEST(Strings, NearestFindsMisspellingsOnly) {
    EXPECT_EQ(nearest("lisen", {"listen", "tls", "max_body"}), "listen");
    EXPECT_EQ(nearest("zzzzzz", {"listen", "tls"}), std::nullopt);
}

TEST(Strings, WhatMarksUpIsWrittenAsReferences) {
    EXPECT_EQ(escape_xml(R"(<a href="x" title='y'>R&D</a>)"),
              "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;R&amp;D&lt;/a&gt;");
    EXPECT_EQ(escape_xml("Zürich &amp;"), "Zürich &amp;amp;");
}

TEST(Strings, PercentCodingRoundTrips) {
    const std::string text = "a b/c?ü%\n";
    EXPECT_EQ(percent_decode(percent_encode(text)), text);
    EXPECT_EQ(percent_decode("%4"), std::nullopt);
    EXPECT_EQ(percent_decode("%zz"), std::nullopt);
}

TEST(Crypto, AgreesWithPublishedVectors) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    // RFC 4231, test case 2.
    EXPECT_EQ(to_hex(hmac(HashAlgorithm::sha256, "Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac(HashAlgorithm::sha512, "Jefe", "what do ya want for nothing?")).substr(0, 32),
              "164b7a7bfcf819e2e395fbe73b56e0a3");
    EXPECT_NE(hmac(HashAlgorithm::sha256, "", "x"), hmac(HashAlgorithm::sha256, "Jefe", "x"));
    for (const std::string text : {"", "f", "fo", "foo", "foob", "\xff\x00\x01"}) {
        EXPECT_EQ(base64_decode(base64_encode(text)).value(), text);
        EXPECT_EQ(from_hex(to_hex(text)).value(), text);
    }
    EXPECT_FALSE(base64_decode("a"));
    EXPECT_FALSE(base64_decode("ab=c"));
    EXPECT_TRUE(constant_time_equal("secret", "secret"));
    EXPECT_FALSE(constant_time_equal("secret", "secret "));
}

TEST(FixedTexts, AreKeptOnceHoweverManyHoldThem) {
    std::string grown;
    for (int i = 0; i < 1'000; ++i) grown += "evidence ";
    const FixedText text = grown;
    const auto copy = text; // NOLINT(performance-unnecessary-copy-initialization): what is tested
    EXPECT_EQ(text, grown);
    EXPECT_EQ(copy.view().data(), text.view().data());
    EXPECT_TRUE(FixedText(std::string()).empty());
    EXPECT_EQ(FixedText(), "");
}

TEST(Ids, AreUniqueAndSortByMaking) {
    std::set<std::string> seen;
    std::string last;
    for (int i = 0; i < 5000; ++i) {
        const auto id = new_id("fnd");
        EXPECT_TRUE(seen.insert(id).second);
        EXPECT_GT(id, last);
        last = id;
    }
    EXPECT_EQ(last.size(), 30U);
    EXPECT_EQ(last.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 4), std::string::npos);
    EXPECT_EQ(last.substr(0, 5), "fnd_0") << "two bits more than there are, and then the time";
}

} // namespace
} // namespace dossier
