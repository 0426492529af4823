#include "cmdb_sources.hpp"
#include "remote_fixture.hpp"
#include "url_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using net::test::answer;
using net::test::ScriptedServer;
using testing::HasSubstr;

auto bucket() -> Resource {
    Resource resource;
    resource.id = "arn:aws:s3:::acme-phi";
    resource.name = "acme-phi";
    resource.account = "111122223333";
    return resource;
}

TEST(UrlTemplate, PutsInWhatIsKnownAndNothingElse) {
    struct Row {
        const char* name;
        const char* text;
        std::string id;
        std::string resource_name;
        std::optional<std::string> url;
    };
    const Row rows[] = {
        {"id", "https://c/items?r={resource.id}", "arn:aws:s3:::a", "", "https://c/items?r=arn%3Aaws%3As3%3A%3A%3Aa"},
        {"two places", "https://c/{resource.name}?r={resource.id}", "i", "n", "https://c/n?r=i"},
        {"no place", "https://c/all", "i", "n", "https://c/all"},
        {"unknown value", "https://c/{resource.name}", "i", "", std::nullopt},
        {"another query", "https://c/?r={resource.id}", "x&all=1#", "", "https://c/?r=x%26all%3D1%23"},
        {"another path", "https://c/{resource.name}", "", "../admin", "https://c/..%2Fadmin"},
        {"the path above", "https://c/a/{resource.name}", "", "..", std::nullopt},
        {"a place in a name", "https://c/?r={resource.name}", "i", "{resource.id}", "https://c/?r=%7Bresource.id%7D"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Resource resource;
        resource.id = row.id;
        resource.name = row.resource_name;
        EXPECT_EQ(expand_template(row.text, resource), row.url);
    }
    EXPECT_EQ(fault_in_template("https://c/{resource.id}?a={resource.cloud}"), "");
    EXPECT_THAT(fault_in_template("https://c/{resource.nam}"), HasSubstr("did you mean `{resource.name}`?"));
    EXPECT_THAT(fault_in_template("https://{resource.name}.example/"), HasSubstr("not in the host"));
    EXPECT_THAT(fault_in_template("https://c/{resource.id"), HasSubstr("no partner"));
}

class HttpCmdbTest : public RemoteSourceTest {
protected:
    auto source(const ScriptedServer& server) -> std::unique_ptr<CmdbSource> {
        ProviderConfig provider;
        provider.kind = "http";
        provider.name = "assets";
        provider.url = server.url("/items?resource={resource.id}");
        provider.headers = {{"X-Api-Key", "key"}};
        provider.user = "reader";
        provider.password = Secret("word");
        provider.map = {{"business_unit", "/item/bu"},  {"application", "/item/app"},
                        {"environment", "/item/env"},   {"criticality", "/item/tier"},
                        {"owner", "/item/owner/email"}, {"support_group", "/item/groups"}};
        return make_http_cmdb(provider, config(), makings());
    }
};

TEST_F(HttpCmdbTest, ReadsWhatTheMapPointsAtWhateverElseIsThere) {
    struct Row {
        const char* name;
        net::test::Answer says;
        const char* expected; ///< "unit|application|environment|criticality|owner|group", "none" or an error's name
    };
    const std::string whole =
        R"({"item":{"bu":" Payments ","app":"Ledger","env":"Production","tier":"1 - most critical",)"
        R"("owner":{"email":"a@acme.example"},"groups":["oncall","others"]}})";
    const Row rows[] = {
        {"whole", answer(200, whole), "Payments|Ledger|prod|critical|a@acme.example|oncall"},
        {"list", answer(200, "[" + whole + "," + whole + "]"), "Payments|Ledger|prod|critical|a@acme.example|oncall"},
        {"part", answer(200, R"({"item":{"tier":2}})"), "||unknown|high||"},
        {"wrong types", answer(200, R"({"item":{"bu":{"a":1},"app":[[]],"owner":"x","env":null}})"), "none"},
        {"empty list", answer(200, "[]"), "none"},
        {"null", answer(200, "null"), "none"},
        {"not found", answer(404, "no"), "none"},
        {"no content", answer(204), "none"},
        {"no JSON", answer(200, "<html>"), "malformed"},
        {"deep", answer(200, std::string(300, '[') + std::string(300, ']')), "malformed"},
        {"huge", answer(200, std::string(5U << 20U, ' ')), "too_large"},
        {"cut off", {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", .closes = true}, "outcome_unknown"},
        {"credentials", answer(401), "unauthenticated"},
        {"rights", answer(403), "forbidden"},
        {"moved", answer(302, "", "Location: http://127.0.0.1:1/\r\n"), "rejected"},
        {"down", answer(500), "unavailable"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const ScriptedServer server([&](const auto&, const auto&, int) { return row.says; });
        const auto cmdb = source(server);
        const auto known = wait(cmdb->ask(bucket(), deadline_in(2s)));
        std::string text = known ? "none" : std::string(name_of(known.error().code));
        if (known && *known)
            text = (*known)->business_unit + "|" + (*known)->application + "|" +
                   std::string(to_string((*known)->environment)) + "|" + std::string(to_string((*known)->criticality)) +
                   "|" + (*known)->owner + "|" + (*known)->support_group;
        EXPECT_EQ(text, row.expected);
        if (known && *known) EXPECT_EQ((*known)->origin, "cmdb:assets");
        EXPECT_EQ(targets(server).front(), "GET /items?resource=arn:aws:s3:::acme-phi");
        EXPECT_THAT(server.heads().front(), HasSubstr("X-Api-Key: key"));
        EXPECT_THAT(server.heads().front(), HasSubstr("Authorization: Basic cmVhZGVyOndvcmQ="));
    }
}

TEST_F(HttpCmdbTest, AsksWhetherAnAnswerStillHolds) {
    const ScriptedServer server([](const std::string& head, const auto&, int number) {
        if (head.find("If-None-Match: \"v1\"") != std::string::npos && number < 3) return answer(304);
        return answer(200, number < 3 ? R"({"item":{"bu":"Payments"}})" : R"({"item":{"bu":"Ledger"}})",
                      number < 3 ? "ETag: \"v1\"\r\n" : "");
    });
    const auto cmdb = source(server);
    for (const auto* unit : {"Payments", "Payments", "Ledger"}) {
        const auto known = wait(cmdb->ask(bucket(), deadline_in(2s)));
        ASSERT_TRUE(known && *known);
        EXPECT_EQ((*known)->business_unit, unit);
    }
    EXPECT_THAT(server.heads()[0], Not(HasSubstr("If-None-Match")));
    EXPECT_THAT(server.heads()[1], HasSubstr("If-None-Match"));
}

TEST_F(HttpCmdbTest, DoesNotAskAboutNothing) {
    const ScriptedServer server([](const auto&, const auto&, int) { return answer(200, R"({"item":{"bu":"All"}})"); });
    const auto cmdb = source(server);
    const auto known = wait(cmdb->ask(Resource{}, deadline_in(2s)));
    ASSERT_TRUE(known.has_value());
    EXPECT_FALSE(known->has_value());
    EXPECT_EQ(server.requests(), 0);
    EXPECT_EQ(cmdb->cache_key(Resource{}), "");
    EXPECT_THAT(cmdb->cache_key(bucket()), HasSubstr("acme-phi"));
}

TEST_F(HttpCmdbTest, CheckTellsCredentialsFromReach) {
    using Verdict = net::ConnectCheck::Verdict;
    struct Row {
        int status;
        Verdict verdict;
    };
    for (const auto& row : {Row{404, Verdict::ok}, Row{200, Verdict::ok}, Row{401, Verdict::credentials},
                            Row{403, Verdict::permission}, Row{500, Verdict::unreachable}}) {
        const ScriptedServer server([&](const auto&, const auto&, int) { return answer(row.status, "{}"); });
        EXPECT_EQ(wait(source(server)->check(deadline_in(2s))).verdict, row.verdict) << row.status;
    }
}

} // namespace
} // namespace dossier::context
