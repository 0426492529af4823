// Shapes of national ids and of providers' keys. Values are made up; check digits are right unless a row says so.

#include "dossier/redact/redactor.hpp"
#include "shapes.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <string>

namespace dossier::redact {
namespace {

auto found_in(const std::string& text) -> std::string {
    static const auto shared = Redactor::make({}).value();
    std::string kinds;
    for (const auto& span : shared->find(text))
        kinds += std::string(kinds.empty() ? "" : " ") + std::string(span.kind) + "=" +
                 text.substr(span.begin, span.end - span.begin);
    return kinds;
}

// Assembled, so that no scanner takes this file for a leak.
auto key(std::string head, std::size_t length, std::string_view letters = "k3J9xQ7mZ2pL5vR8tB4nW6cY1dF0gH")
    -> std::string {
    for (std::size_t i = 0; i < length; ++i) head += letters[(i * 7 + i / letters.size()) % letters.size()];
    return head;
}
constexpr std::string_view hex = "3f9a07c5e1b84d62";

/// The service compiles each when it is called for first.
TEST(Shapes, AreAllExpressionsOfTheirEngine) {
    EXPECT_GT(shapes().size(), 100U);
    for (const auto& shape : shapes()) EXPECT_TRUE(RE2(shape.pattern, RE2::Quiet).ok()) << shape.pattern;
}

TEST(NationalIds, StandAloneByShapeAndCheckDigit) {
    struct Row {
        const char* name;
        const char* id;
        const char* wrong; ///< stays
    };
    const Row rows[] = {
        {"Canada, SIN", "541 773 206", "541 773 207"},
        {"UK, NHS", "485 777 3457", nullptr},
        {"UK, national insurance", "JG 10 37 59 A", "JG 10 37 59 Z"},
        {"India, Aadhaar", "5483 2017 9469", "5483 2017 9468"},
        {"India, PAN", "BKQPM4812K", "BKQXM4812K"},
        {"Italy, fiscal code", "RSSMRA85T10A562S", "RSSMRA85Z10A562S"},
        {"Sweden", "850412-2386", "851312-2386"},
        {"Sweden, with its century", "198504122386", "198504122387"},
        {"Korea", "850412-1234567", "851312-1234567"},
        {"Thailand", "3-1005-01234-56-3", "3-1005-01234-56-4"},
        {"Germany, health", "M481209368", "M481209367"},
        {"Germany, pension", "65120485N036", "65130485N036"},
        {"Spain", "48120936Z", "48120936A"},
        {"Spain, residents", "X4812093X", "X4812093A"},
        {"Finland", "120485-481D", "120485-481E"},
        {"Singapore", "S4812093F", nullptr},
        {"US, taxpayer without SSN", "948-72-3051", "948-42-3051"},
        {"US, Medicare", "4TK7-RE9-MK31", "4SK7-RE9-MK31"},
        {"US, drug registration", "BK4812093", "BK4812094"},
        {"Brazil", "481.209.365-15", "481.209.365-16"},
        {"Brazil, nobody's", "481.209.365-15", "111.111.111-11"},
        {"France", "1 85 04 75 481 209 40", "1 85 04 75 481 209 41"},
        {"France, Corsica", "2 85 04 2A 481 209 47", "2 85 04 2B 481 209 47"},
        {"Belgium", "85.04.12-481.02", "85.04.12-481.03"},
        {"Belgium, born since 2000", "05.04.12-481.97", "05.04.12-481.96"},
        {"Switzerland", "756.4812.0936.10", "756.4812.0936.11"},
        {"Australia, Medicare", "4812 09365 1", "4812 09366 1"},
        {"China", "110105198504124816", "110105198504124817"},
        {"Mexico", "GOMC850412HDFRRL09", "GOMC851312HDFRRL09"},
        {"Hong Kong", "K481209(3)", nullptr},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto kinds = found_in(std::string("seen ") + row.id + " in it");
        EXPECT_TRUE(kinds.ends_with(std::string("=") + row.id)) << kinds;
        if (row.wrong != nullptr) EXPECT_EQ(found_in(std::string("seen ") + row.wrong + " in it"), "");
    }
}

TEST(NationalIds, NeedTheirNameWhereTheyAreBareDigits) {
    struct Row {
        const char* name;
        const char* said;
        const char* id;
    };
    const Row rows[] = {
        {"Poland", "pesel", "85041204695"},
        {"Turkey", "TC kimlik no", "48501237662"},
        {"Germany, tax", "Steuer-ID", "48129053673"},
        {"South Africa", "RSA ID", "8504125009087"},
        {"India", "aadhaar", "548320179469"},
        {"Thailand", "Thai citizen id", "3100501234563"},
        {"UK", "NHS no", "4857773457"},
        {"Canada", "canadian SIN", "541773206"},
        {"The Netherlands", "BSN", "481209360"},
        {"Norway", "fødselsnummer", "12048510092"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(found_in(std::string("the ") + row.said + ": " + row.id + " was read"),
                  std::string("NATIONAL_ID=") + row.id);
        EXPECT_EQ(found_in(std::string("the object has ") + row.id + " bytes"), "") << "a size";
        EXPECT_EQ(found_in(std::string("account ") + row.id + " in eu-west-1"), "") << "an account";
    }
}

TEST(ProviderKeys, AreKnownByTheirPrefixWhereverTheyStand) {
    for (const auto& secret : {key("ghp_", 36),
                               key("glpat-", 20),
                               key("glptt-", 40, hex),
                               key("npm_", 36),
                               key("rubygems_", 48, hex),
                               key("dop_v1_", 64, hex),
                               key("dapi", 32, hex),
                               key("shpat_", 32, hex),
                               key("lin_api_", 40),
                               key("pul-", 40, hex),
                               key("hvs.", 30),
                               key("gsk_", 52),
                               key("xoxb-", 24, "0123456789"),
                               key("sk-proj-", 48),
                               key("sntryu_", 64, hex),
                               key("rdme_", 70, "abc3f9x7q2"),
                               key("pscale_tkn_", 40),
                               key("tskey-auth-", 30),
                               key("", 32, hex) + "-us7",
                               key("AKC", 40)}) {
        SCOPED_TRACE(secret);
        EXPECT_EQ(found_in("left in the object " + secret + " by the build"), "SECRET=" + secret);
        EXPECT_EQ(found_in("{\"note\":\"" + secret + "\"}"), "SECRET=" + secret);
    }
}

TEST(ProviderKeys, LeaveWhatIsTooShortOrStandsForOne) {
    for (const auto& harmless : {std::string("ghp_short"), std::string("glpat-xxxxxxxxxxxxxxxxxxxxxxxx"),
                                 key("dapi", 12, hex), std::string("npm_EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE"),
                                 std::string("npm_config_registry"), std::string("sk-based-routing")})
        EXPECT_EQ(found_in("left in the object " + harmless + " by the build"), "") << harmless;
}

TEST(ServiceKeys, AreToldByTheServiceInTheirName) {
    const auto secret = key("", 32);
    for (const auto* name : {"adafruit_io", "DATADOG_APP", "okta.client", "twilioAuth", "zendesk-x"}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(found_in(std::string(name) + " = \"" + secret + "\";"), "SECRET=" + secret);
        EXPECT_EQ(found_in(std::string(name) + ": " + secret + "\n"), "SECRET=" + secret);
    }
    for (const auto* harmless :
         {"okta_group = \"payments-admins-eu-west\"", "datadog_site: datadoghq.eu",
          "snowflake_account = analytics-prod-eu-central", "sumOfBuckets = 3Kof2VffNQ0QgYIhXUPJosVl;",
          "jira: https://acme.atlassian.example/browse/SEC-1"})
        EXPECT_EQ(found_in(harmless), "") << harmless;
}

} // namespace
} // namespace dossier::redact
