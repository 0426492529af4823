#include "cmdb_sources.hpp"
#include "dossier/base/json.hpp"
#include "remote_fixture.hpp"
#include "servicenow_match.hpp"
#include "servicenow_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using net::test::answer;
using net::test::ScriptedServer;
using testing::HasSubstr;

const std::string alice = "62826bf03710200044e0bfc8bcbe5df1";
const std::string ci = "0123456789abcdef0123456789abcdef";

auto field(std::string value, std::string shown = "") -> Json {
    return {{"display_value", shown.empty() ? value : shown}, {"value", value}};
}

auto row(std::string object_id, std::string name, Json more = Json::object()) -> Json {
    Json row{{"sys_id", field(ci)}, {"object_id", field(std::move(object_id))}, {"name", field(std::move(name))}};
    row.update(more);
    return row;
}

auto bucket() -> Resource {
    Resource resource;
    resource.id = "arn:aws:s3:::acme-phi";
    resource.name = "acme-phi";
    resource.type = "bucket";
    return resource;
}

TEST(ServiceNowQuery, NoValueBecomesAnotherCondition) {
    struct Row {
        const char* name;
        std::vector<std::string> values;
        std::string query;
    };
    const Row rows[] = {
        {"one", {"arn:aws:s3:::a"}, "object_id=arn:aws:s3:::a"},
        {"several", {"a", "b", "a"}, "object_id=a^ORobject_id=b"},
        {"many", {"a", "b", "c", "d"}, "object_idINa,b,c,d"},
        {"a comma", {"a,b"}, "object_id=a,b"},
        {"a comma among many", {"a,b", "c", "d", "e"}, "object_id=a,b^ORobject_idINc,d,e"},
        {"a caret", {"x^NQsys_idISNOTEMPTY", "b"}, "object_id=b"},
        {"only carets", {"^", "a^ORb=c"}, ""},
        {"line breaks", {"a\nb"}, ""},
        {"blanks around", {" a"}, ""},
        {"nothing", {""}, ""},
        {"endless", {std::string(401, 'a')}, ""},
    };
    for (const auto& each : rows) EXPECT_EQ(any_of("object_id", each.values), each.query) << each.name;
    EXPECT_EQ(either({"", "a=1", "", "b=2"}), "a=1^ORb=2");
}

TEST(ServiceNowMatch, TakesTheRowThatWasAskedFor) {
    const auto other = "arn:aws:s3:::other";
    struct Row {
        const char* name;
        std::vector<Json> rows;
        std::optional<std::size_t> chosen;
        const char* how;
        const char* preferred;
    };
    const auto status = [](const char* operational, const char* changed) {
        return Json{{"operational_status", field(operational)}, {"sys_updated_on", field(changed)}};
    };
    const Row rows[] = {
        {"the id", {row("arn:aws:s3:::acme-phi", "x")}, 0, "object_id=arn:aws:s3:::acme-phi", ""},
        {"the last part of the id", {row("ACME-PHI", "x")}, 0, "object_id=ACME-PHI", ""},
        {"the link", {row("", "x", {{"correlation_id", field("arn:aws:s3:::acme-phi")}})}, 0, "correlation_id=", ""},
        {"the name", {row("", "Acme-PHI")}, 0, "name=", ""},
        {"the id before the name", {row("", "acme-phi"), row("arn:aws:s3:::acme-phi", "x")}, 1, "object_id=", ""},
        {"every row of the table", {row(other, "a"), row(other, "b")}, std::nullopt, "", ""},
        {"the name of another resource", {row(other, "acme-phi")}, std::nullopt, "", ""},
        {"nothing readable", {Json{{"sys_id", field(ci)}}, Json("text"), Json()}, std::nullopt, "", ""},
        {"in operation",
         {row("acme-phi", "x", status("6", "2026-02-02")), row("acme-phi", "x", status("1", "2020-01-01"))},
         1,
         "object_id=",
         "in operation"},
        {"changed last",
         {row("acme-phi", "x", status("1", "2026-02-02")), row("acme-phi", "x", status("1", "2020-01-01"))},
         0,
         "object_id=",
         "changed last"},
        {"the fitting class",
         {row("", "acme-phi", {{"sys_class_name", field("cmdb_ci_service")}}),
          row("", "acme-phi", {{"sys_class_name", field("cmdb_ci_cloud_object_storage")}})},
         1,
         "name=",
         "of the fitting class"},
    };
    for (const auto& each : rows) {
        SCOPED_TRACE(each.name);
        const auto match = match_ci(each.rows, bucket());
        ASSERT_EQ(match.has_value(), each.chosen.has_value());
        if (!match) continue;
        EXPECT_EQ(match->row, *each.chosen);
        EXPECT_THAT(match->how, HasSubstr(each.how));
        EXPECT_EQ(match->preferred, each.preferred);
        EXPECT_EQ(match->rivals > 0, *each.preferred != '\0');
    }
}

/// Tables with canned answers, by name; a table that is not there is forbidden.
class ServiceNowCmdbTest : public RemoteSourceTest {
protected:
    std::map<std::string, Json> tables{{"cmdb_ci", Json::array()}};

    auto serve(const std::string& head) -> net::test::Answer {
        const auto begin = head.find("/table/") + 7;
        const auto table = tables.find(head.substr(begin, head.find('?') - begin));
        if (table == tables.end()) return answer(403, R"({"error":{"message":"ACL"},"status":"failure"})");
        return answer(200, dump_json(Json{{"result", table->second}}));
    }
    auto source(const ScriptedServer& server, std::vector<std::pair<std::string, std::string>> map = {})
        -> std::unique_ptr<CmdbSource> {
        ProviderConfig provider;
        provider.kind = "servicenow";
        provider.name = "snow";
        provider.url = server.url("/");
        provider.user = "svc";
        provider.password = Secret("word");
        provider.map = std::move(map);
        return make_servicenow_cmdb(provider, config(), makings());
    }
    auto ask(CmdbSource& cmdb, Resource resource = bucket()) -> Result<std::optional<Asset>> {
        return wait(cmdb.ask(std::move(resource), deadline_in(2s)));
    }
};

TEST_F(ServiceNowCmdbTest, FollowsTheRowToPeopleAndServices) {
    const std::string service = "fedcba9876543210fedcba9876543210";
    tables["cmdb_ci"].push_back(row("arn:aws:s3:::acme-phi", "acme-phi",
                                    {{"owned_by", field(alice, "Alice A")},
                                     {"support_group", field("", "")},
                                     {"managed_by_group", field(service, "Payments Ops")},
                                     {"environment", field("production", "Production")},
                                     {"department", field(service, "Payments")}}));
    tables["sys_user"] = Json::array({Json{{"sys_id", field(alice)},
                                           {"name", field("Alice Ngo")},
                                           {"email", field("alice@acme.example")},
                                           {"active", field("true")}}});
    tables["svc_ci_assoc"] = Json::array({Json{{"ci_id", field(ci)}, {"service_id", field(service)}}});
    tables["cmdb_ci_service"] = Json::array({Json{
        {"sys_id", field(service)}, {"name", field("Ledger")}, {"busines_criticality", field("1 - most critical")}}});
    const ScriptedServer server([&](const auto& head, const auto&, int) { return serve(head); });
    const auto cmdb = source(server);
    const auto known = ask(*cmdb);
    ASSERT_TRUE(known && *known) << (known ? "nothing" : known.error().describe());
    const auto& asset = **known;
    EXPECT_EQ(asset.owner, "alice@acme.example");
    EXPECT_EQ(asset.owner_name, "Alice Ngo");
    EXPECT_EQ(asset.support_group, "Payments Ops");
    EXPECT_EQ(asset.business_unit, "Payments");
    EXPECT_EQ(asset.application, "Ledger");
    EXPECT_EQ(asset.criticality, Criticality::critical);
    EXPECT_EQ(asset.environment, Environment::prod);
    EXPECT_EQ(asset.origin, "cmdb:snow");
    EXPECT_EQ(asset.rule, "cmdb.snow:object_id=arn:aws:s3:::acme-phi, owned_by");
    const auto first = targets(server).front();
    EXPECT_THAT(first,
                HasSubstr("sysparm_query=object_id=arn:aws:s3:::acme-phi^ORobject_id=acme-phi^ORcorrelation_id"));
    for (const auto* needed : {"sysparm_display_value=all", "sysparm_exclude_reference_link=true", "sysparm_limit=10",
                               "sysparm_fields=sys_id,name"})
        EXPECT_THAT(first, HasSubstr(needed));
    const auto calls = server.requests();
    ASSERT_TRUE(ask(*cmdb).has_value());
    EXPECT_EQ(server.requests(), calls + 2) << "the person and the service are known";
}

TEST_F(ServiceNowCmdbTest, AnOwnerWhoLeftIsPassedOverAndOneWhoMayNotBeReadKeepsTheName) {
    const std::string bob = "72826bf03710200044e0bfc8bcbe5df1";
    tables["cmdb_ci"].push_back(
        row("acme-phi", "x", {{"owned_by", field(alice, "Alice A")}, {"assigned_to", field(bob, "Bob B")}}));
    const ScriptedServer server([&](const auto& head, const auto&, int) { return serve(head); });
    const auto unreadable = ask(*source(server));
    ASSERT_TRUE(unreadable && *unreadable);
    EXPECT_EQ((*unreadable)->owner, "Alice A") << "sys_user is forbidden: the display name is all there is";
    tables["sys_user"] =
        Json::array({Json{{"sys_id", field(alice)}, {"email", field("a@acme.example")}, {"active", field("false")}},
                     Json{{"sys_id", field(bob)}, {"email", field("b@acme.example")}, {"active", field("true")}},
                     Json{{"sys_id", field(ci)}, {"email", field("nobody@asked.example")}}});
    const auto known = ask(*source(server));
    ASSERT_TRUE(known && *known);
    EXPECT_EQ((*known)->owner, "b@acme.example");
    EXPECT_THAT((*known)->rule, HasSubstr("assigned_to, owned_by is inactive"));
}

TEST_F(ServiceNowCmdbTest, ATableFullOfOtherRowsIsNoAnswer) {
    for (int i = 0; i < 20; ++i) tables["cmdb_ci"].push_back(row("arn:aws:s3:::other", "other"));
    const ScriptedServer server([&](const auto& head, const auto&, int) { return serve(head); });
    const auto known = ask(*source(server));
    ASSERT_FALSE(known.has_value());
    EXPECT_EQ(known.error().code, Errc::rejected);
    EXPECT_THAT(known.error().message, HasSubstr("ignored the look-up"));
}

TEST_F(ServiceNowCmdbTest, DoesNotAskAboutNothingAndCarriesErrorsOn) {
    const ScriptedServer server([&](const auto& head, const auto&, int) { return serve(head); });
    const auto cmdb = source(server);
    Resource hostile;
    hostile.id = "x^NQsys_idISNOTEMPTY";
    for (const auto& resource : {Resource{}, hostile}) {
        const auto known = ask(*cmdb, resource);
        ASSERT_TRUE(known.has_value());
        EXPECT_FALSE(known->has_value());
    }
    EXPECT_EQ(server.requests(), 0);
    tables.clear();
    const auto forbidden = ask(*cmdb);
    ASSERT_FALSE(forbidden.has_value());
    EXPECT_EQ(forbidden.error().code, Errc::forbidden);
    EXPECT_THAT(forbidden.error().message, HasSubstr("table cmdb_ci"));
    const auto check = wait(cmdb->check(deadline_in(2s)));
    EXPECT_EQ(check.verdict, net::ConnectCheck::Verdict::permission);
    EXPECT_THAT(check.missing, testing::Contains("read on sys_user"));
}

TEST_F(ServiceNowCmdbTest, ReadsColumnsOfOnesOwn) {
    tables["cmdb_ci"].push_back(
        row("acme-phi", "x", {{"u_steward", field("steward@acme.example")}, {"u_app", field("1", "Ledger")}}));
    const ScriptedServer server([&](const auto& head, const auto&, int) { return serve(head); });
    const auto known = ask(*source(server, {{"owner", "u_steward"}, {"application", "u_app"}}));
    ASSERT_TRUE(known && *known);
    EXPECT_EQ((*known)->owner, "steward@acme.example");
    EXPECT_EQ((*known)->application, "Ledger");
    EXPECT_THAT(targets(server).front(), HasSubstr("u_steward"));
}

} // namespace
} // namespace dossier::context
