#include "dossier/base/xml_view.hpp"

#include <gtest/gtest.h>

namespace dossier {
namespace {

TEST(XmlView, ReadsWhatAwsSends) {
    const auto document = XmlDocument::parse(
        R"(<?xml version="1.0"?><AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID> me </ID>
        </Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission>
        </Grant><Grant><Permission>a &amp; <![CDATA[<b>]]></Permission></Grant></AccessControlList></AccessControlPolicy>)");
    ASSERT_TRUE(document);
    const auto root = document->root();
    EXPECT_EQ(root.name(), "AccessControlPolicy");
    EXPECT_EQ(root["Owner"].text_at("ID"), "me");
    const auto grants = root["AccessControlList"].all("Grant");
    ASSERT_EQ(grants.size(), 2U);
    EXPECT_EQ(grants[0]["Grantee"].attribute("type"), "Group");
    EXPECT_EQ(grants[1].text_at("Permission"), "a & <b>");
    EXPECT_TRUE(root["Nothing"]["at"]["all"].is_null());
    EXPECT_EQ(root["Nothing"].text_at("x"), "");
    EXPECT_TRUE(root["Nothing"].all("x").empty());
    EXPECT_EQ(XmlView().attribute("x"), "");
}

TEST(XmlView, DropsNamespacePrefixes) {
    const auto document = XmlDocument::parse("<s:Error xmlns:s='urn:x'><s:Code>Denied</s:Code></s:Error>");
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root().name(), "Error");
    EXPECT_EQ(document->root().text_at("Code"), "Denied");
}

TEST(XmlView, RefusesWhatIsHostileOrNoXml) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += "<a>";
    std::string closed = deep;
    for (int i = 0; i < 200'000; ++i) closed += "</a>";
    const std::pair<const char*, std::string> rows[] = {
        {"empty", ""},
        {"text", "no XML"},
        {"JSON", "{\"a\":1}"},
        {"cut", "<a><b>"},
        {"crossed", "<a><b></a></b>"},
        {"two roots", "<a/><b/>"},
        {"only a comment", "<!-- x -->"},
        {"entities", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"},
        {"external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"},
        {"a billion laughs",
         "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;\">]><a>&d;</a>"},
        {"invalid UTF-8", "<a>\xff</a>"},
        {"a NUL and more", std::string("<a/>\0<b/>", 9)},
        {"deep and cut", deep},
        {"deep", closed},
    };
    for (const auto& [name, text] : rows) {
        SCOPED_TRACE(name);
        const auto document = XmlDocument::parse(text);
        ASSERT_FALSE(document);
        EXPECT_EQ(document.error().code, Errc::malformed);
    }
}

TEST(XmlView, LeavesUnknownEntitiesAsText) {
    const auto document = XmlDocument::parse("<a>&unknown; &#65; &lt;</a>");
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root().text(), "&unknown; A <");
}

TEST(XmlView, TakesTheDepthItAllows) {
    EXPECT_TRUE(XmlDocument::parse("<a><b><c/></b><b/></a>", 3));
    EXPECT_FALSE(XmlDocument::parse("<a><b/><b><c/></b></a>", 2));
}

} // namespace
} // namespace dossier
