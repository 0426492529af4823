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
