#include "dossier/base/canonical_json.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_text.hpp"
#include "dossier/base/json_view.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace dossier {
namespace {

TEST(CanonicalJson, FollowsRfc8785) {
    // RFC 8785 §3.2.2 and §3.2.3.
    const auto json = parse_json(R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
        "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
    ASSERT_TRUE(json);
    EXPECT_EQ(canonical_json(*json),
              "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
              "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    EXPECT_EQ(canonical_json(Json{{"\xEF\xAC\xB3", 1}, {"\xF0\x9F\x98\x80", 2}, {"1", 3}}),
              "{\"1\":3,\"\xF0\x9F\x98\x80\":2,\"\xEF\xAC\xB3\":1}");
}

TEST(DumpJson, WritesWhatTheLibraryWould) {
    std::string every_byte;
    for (int c = 0; c < 0x80; ++c) every_byte += static_cast<char>(c);
    const Json values[] = {nullptr,
                           true,
                           -7,
                           18446744073709551615U,
                           0.1,
                           1e300,
                           -0.0,
                           std::numeric_limits<double>::infinity(),
                           Json::array(),
                           Json::object(),
                           "",
                           every_byte,
                           std::string(100, 'x') + "\"" + std::string(31, 'y') + "\n",
                           "€ 😀 \xEF\xBF\xBD",
                           "broken \xFF, \xE2\x82, \xF0\x9F\x98 and \xED\xA0\x80",
                           {{"b", {1, "two", {{"deep", nullptr}}}}, {"a\"\n", 1.5}, {"", false}, {"\xC3", "\xC3\xA9"}}};
    for (const auto& value : values) {
        const auto expected = value.dump(-1, ' ', false, Json::error_handler_t::replace);
        EXPECT_EQ(dump_json(value), expected);
        if (!value.is_string()) continue;
        std::string text = "before";
        append_json_text(text, value.get_ref<const std::string&>());
        EXPECT_EQ(text, "before" + expected);
    }
}

TEST(DumpJson, EscapesWhereverItStandsInABlock) {
    for (const std::string escaped : {"\"", "\n", "\x01"}) {
        for (std::size_t before = 0; before < 160; ++before) {
            for (const std::size_t after : {0U, 1U, 15U, 16U, 17U, 128U}) {
                const Json value = std::string(before, 'x') + escaped + std::string(after, 'y') + escaped;
                ASSERT_EQ(dump_json(value), value.dump()) << before << " before, " << after << " after";
            }
        }
    }
    for (std::size_t size = 0; size < 80; ++size) {
        const Json plain = std::string(size, 'x');
        ASSERT_EQ(dump_json(plain), plain.dump());
        const Json object = {{std::string(size, 'x') + "é\x7F!#[]", size}};
        ASSERT_EQ(dump_json(object), object.dump());
        ASSERT_EQ(canonical_json(object), object.dump());
        const Json escaped = {{std::string(size, 'x') + "\"", size}};
        ASSERT_EQ(canonical_json(escaped), escaped.dump());
    }
    for (std::size_t size = 1; size < 700; size += 7) {
        std::string dense; // of three letters two need an escape, and whole blocks need none
        for (std::size_t i = 0; i < size; ++i) dense += i % 97 < 60 ? "\"a\x02"[i % 3] : 'x';
        const Json value = dense;
        ASSERT_EQ(dump_json(value), value.dump()) << size;
    }
    const Json nothing_else = std::string(1'000, '\x02');
    EXPECT_EQ(dump_json(nothing_else), nothing_else.dump());
}

TEST(CanonicalJson, OfAViewIsThatOfTheDocument) {
    const std::string rows[] = {
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        "[0,-0,0.0,-0.0,1,-1,1.0,1.50,1e21,1e20,123456789012345680000,1e-6,1e-7,5e-324,1.7976931348623157e308]",
        "[9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551615]",
        "[18446744073709551616,-9223372036854775809,12345678901234567890123]",
        R"({"b":1,"a":2,"b":{"x":1},"a":[3],"B":0,"":4,"b":"last"})",
        R"({"twice":{"x":1,"y":2},"twice":{"y":3}})",
        R"(["\u0000\u001f\u007f\u0080","\"\\\/\b\f\n\r\t","\u20ac\ud83d\ude00","é€😀"])",
        "{\"\xEF\xAC\xB3\":1,\"\xF0\x9F\x98\x80\":2,\"1\":3,\"\\u00e9\":4,\"e\":5}",
        " { \"a\" : [ 1 , { \"c\" : null , \"b\" : false } ] } ",
        std::string(100, '[') + "{\"a\":[]}" + std::string(100, ']'),
    };
    for (const auto& text : rows) {
        SCOPED_TRACE(text);
        const auto document = parse_json(text);
        const auto view = JsonDocument::parse(text);
        ASSERT_TRUE(document && view);
        EXPECT_EQ(canonical::text_of(view->root()), canonical_json(*document));
    }
    EXPECT_EQ(canonical::text_of(JsonView()), "null");
    // What one of the readers refuses the other does, too: no half of a surrogate pair gets into a record.
    for (const auto* text :
         {R"(["\ud800"])", R"(["\udc00"])", R"(["\ud800\u0041"])", "[\"\xff\"]", "[1e400]", "[01]"}) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(parse_json(text));
        EXPECT_FALSE(JsonDocument::parse(text));
    }
}

TEST(CanonicalJson, MembersOfAnyOrderAreSortedAndTheLastOfANameCounts) {
    canonical::Members members;
    EXPECT_TRUE(members.empty());
    EXPECT_EQ(members.text(), "{}");
    members.set("b", "1");
    members.set("a", canonical::text_of("x\n"));
    members.set("b", "[2]");
    members.set("\xEF\xAC\xB3", "3");
    members.set("\xF0\x9F\x98\x80", "4");
    EXPECT_EQ(members.text(), "{\"a\":\"x\\n\",\"b\":[2],\"\xF0\x9F\x98\x80\":4,\"\xEF\xAC\xB3\":3}");
}

TEST(ParseJson, RefusesWhatWouldHurt) {
    EXPECT_FALSE(parse_json(std::string(200, '[')));
    EXPECT_FALSE(parse_json(std::string(200, '[') + std::string(200, ']')));
    EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']')));
    EXPECT_FALSE(parse_json("{"));
    EXPECT_FALSE(parse_json(""));
}

TEST(JsonView, GivesNothingRatherThanFailing) {
    auto document = JsonDocument::parse(R"({"a":{"b":[10,"x",null,{"c":"v"}]},"n":"N/A","s":" text ","t":true,
        "big":12345678901234567890123,"f":1.5,"d":"42","esc":{"a/b":1,"m~n":2}})");
    ASSERT_TRUE(document) << document.error().message;
    const auto root = document->root();
    EXPECT_EQ(root.at("/a/b/3/c").text(), "v");
    EXPECT_EQ(root.at("/a/b/0").integer(), 10);
    EXPECT_EQ(root.at("/esc/a~1b").integer(), 1);
    EXPECT_EQ(root.at("/esc/m~0n").integer(), 2);
    for (const auto* pointer : {"/nope", "/a/b/9", "/a/b/x", "/s/0", "nonsense", "/a/b/-1"}) {
        SCOPED_TRACE(pointer);
        EXPECT_TRUE(root.at(pointer).is_null());
        EXPECT_EQ(root.at(pointer).text(), std::nullopt);
    }
    EXPECT_EQ(root["n"].text(), std::nullopt);
    EXPECT_EQ(root["s"].text(), "text");
    EXPECT_EQ(root["t"].text(), "true");
    EXPECT_EQ(root["d"].integer(), 42);
    EXPECT_EQ(root["f"].integer(), std::nullopt);
    EXPECT_TRUE(root["big"].number());
    EXPECT_EQ(root["a"]["b"].size(), 4U);
    EXPECT_EQ(root["a"].dump(), R"({"b":[10,"x",null,{"c":"v"}]})");
    EXPECT_TRUE(JsonView{}["x"].at("/y").elements().empty());
}

TEST(JsonDocument, StandsBesideOthersOfItsThread) {
    const auto first = JsonDocument::parse(R"({"a":"first"})");
    const auto large = JsonDocument::parse("[\"" + std::string(100'000, 'x') + "\"]");
    EXPECT_FALSE(JsonDocument::parse("[[[[1]]]]", 3));
    EXPECT_TRUE(JsonDocument::parse("[[[[1]]]]"));
    const auto second = JsonDocument::parse(R"({"a":"second, which is longer"})");
    ASSERT_TRUE(first && large && second);
    EXPECT_EQ(first->root()["a"].text(), "first");
    EXPECT_EQ(large->root()[std::size_t{0}].string()->size(), 100'000U);
    EXPECT_EQ(second->root()["a"].text(), "second, which is longer");
    EXPECT_TRUE(first->root()["a"] == first->root().at("/a"));
    EXPECT_FALSE(first->root()["a"] == second->root()["a"]);
}

TEST(JsonDocument, RefusesBrokenBytes) {
    for (const std::string text : {"", "{", "nul", "[1,]", "{\"a\":}", "\"\xFF\"", "{\"a\":1} x", "[1e400]"}) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(JsonDocument::parse(text));
    }
    EXPECT_FALSE(JsonDocument::parse(std::string(100'000, '[')));
    EXPECT_FALSE(JsonDocument::parse(std::string(300, '[') + std::string(300, ']')));
    EXPECT_TRUE(JsonDocument::parse(R"({"a":1,"a":2})"));
}

} // namespace
} // namespace dossier
