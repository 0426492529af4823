#include "dossier/ticket/enclosures.hpp"

#include "dossier/base/json.hpp"
#include "sink_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using test::Reply;
using test::Seen;
using test::SinkFixture;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(Enclosures, HoldTheEvidenceUnderANameThatIsItsContent) {
    Finding finding;
    finding.id = "fnd_1";
    finding.title = "Public bucket";
    Narrative narrative;
    narrative.evidence = {
        {.id = "E1", .kind = "severity", .statement = "It is high.", .value = "high", .origin = "wiz"}};
    narrative.sentences = {{.text = "It is high.", .evidence = {"E1"}}};
    const auto file = evidence_file("dos_1", 2, {finding}, narrative);
    EXPECT_THAT(file.name, MatchesRegex("dossier-evidence-[0-9a-f]+\\.json"));
    EXPECT_EQ(file.content_type, "application/json");
    const auto document = parse_json(file.bytes).value();
    EXPECT_EQ(document["dossier"], "dos_1");
    EXPECT_EQ(document["revision"], 2);
    EXPECT_EQ(document["findings"][0]["title"], "Public bucket");
    EXPECT_EQ(document["evidence"][0]["statement"], "It is high.");
    EXPECT_EQ(document["sentences"][0]["evidence"], Json({"E1"}));

    EXPECT_EQ(evidence_file("dos_1", 2, {finding}, narrative).name, file.name);
    narrative.evidence[0].statement = "It is low.";
    EXPECT_NE(evidence_file("dos_1", 2, {finding}, narrative).name, file.name);
}

TEST(Enclosures, ListAGroupsMembersWithoutFormulas) {
    const store::GroupMember members[] = {
        {.dossier_id = "dos_1", .finding_id = "fnd_1", .title = "Public, \"open\"", .resource = "=cmd|' /C calc'!A0"},
        {.dossier_id = "dos_2",
         .finding_id = "fnd_2",
         .title = "two\nlines",
         .resource = "acme",
         .owner = "@alice",
         .severity = Severity::high,
         .is_open = false,
         .own_ticket = "SEC-1",
         .url = "https://wiz.example/2"}};
    const auto file = members_file({std::begin(members), std::end(members)});
    EXPECT_THAT(file.name, MatchesRegex("dossier-findings-[0-9a-f]+\\.csv"));
    EXPECT_EQ(file.content_type, "text/csv");
    EXPECT_EQ(file.bytes, "state,severity,resource,finding,owner,own_ticket,url,finding_id,dossier_id\r\n"
                          "open,medium,'=cmd|' /C calc'!A0,\"Public, \"\"open\"\"\",,,,fnd_1,dos_1\r\n"
                          "over,high,acme,\"two\nlines\",'@alice,SEC-1,https://wiz.example/2,fnd_2,dos_2\r\n");
}

TEST(Enclosures, HoldThePictureAndTheWholeText) {
    BlastRadius radius;
    radius.nodes = {{.id = "a", .name = "acme-payments", .kind = "data_store"},
                    {.id = "b", .name = "<script>", .kind = "identity", .hops = 1}};
    radius.edges = {{.from = "b", .to = "a", .relation = "can_access"}};
    const auto picture = picture_file(radius);
    EXPECT_THAT(picture.name, MatchesRegex("blast-radius-[0-9a-f]+\\.svg"));
    EXPECT_EQ(picture.content_type, "image/svg+xml");
    EXPECT_THAT(picture.bytes, HasSubstr("acme-payments"));
    EXPECT_THAT(picture.bytes, Not(HasSubstr("<script>")));

    Draft draft;
    draft.title = "A *title*";
    draft.body = "## Body";
    const auto text = text_file(draft);
    EXPECT_THAT(text.name, MatchesRegex("dossier-text-[0-9a-f]+\\.md"));
    EXPECT_EQ(text.bytes, "# A \\*title\\*\n\n## Body\n");
}

auto sink_config(const char* kind) -> SinkConfig {
    SinkConfig config;
    config.name = "tracker";
    config.kind = kind;
    config.user = "bot";
    config.token = Secret("s3cret");
    config.project = "SEC";
    return config;
}

const Attachment file{.name = "dossier-evidence-0a.json", .content_type = "application/json", .bytes = "{\"a\":1}"};

TEST(Enclosures, JiraGetsAFileOnceAndALinkByItsId) {
    int uploads = 0;
    std::vector<std::string> names;
    SinkFixture fixture(sink_config("jira"), [&](const Seen& seen) -> std::optional<Reply> {
        if (seen.path.ends_with("/remotelink")) return Reply{201, {{"id", 1}}, {}};
        if (seen.path.ends_with("/attachments")) {
            ++uploads;
            EXPECT_EQ(seen.headers.get("X-Atlassian-Token"), "no-check");
            EXPECT_THAT(std::string(seen.headers.get("Content-Type").value_or("")),
                        HasSubstr("multipart/form-data; boundary=dossier-"));
            names.push_back(file.name);
            return uploads == 1 ? std::nullopt : std::optional<Reply>(Reply{200, Json::array(), {}});
        }
        Json files = Json::array({7, {{"filename", 7}}});
        for (const auto& name : names) files.push_back({{"filename", name}});
        return Reply{200, {{"fields", {{"attachment", files}}}}, {}};
    });
    const TicketRef ticket{.sink = "tracker", .key = "SEC-1", .url = "", .id = "1"};
    const auto deadline = deadline_in(std::chrono::seconds{20});
    auto& sink = *fixture.sink;
    EXPECT_EQ(fixture.run(sink.attach(ticket, file, false, deadline)).error().code, Errc::outcome_unknown);
    EXPECT_TRUE(fixture.run(sink.attach(ticket, file, true, deadline)));
    EXPECT_EQ(uploads, 1) << "found by its name";
    const Attachment odd{.name = "a\"\r\nX: y", .content_type = "text/plain", .bytes = ""};
    EXPECT_EQ(fixture.run(sink.attach(ticket, odd, false, deadline)).error().code, Errc::invalid_argument);

    const WebLink link{
        .id = "dossier:fnd_1", .url = "https://app.wiz.io/1", .title = "Wiz: \n" + std::string(400, 'x')};
    ASSERT_TRUE(fixture.run(sink.refer(ticket, link, deadline)));
    const auto body = fixture.server.bodies("POST", "/remotelink").at(0);
    EXPECT_EQ(body["globalId"], "dossier:fnd_1");
    EXPECT_EQ(body["object"]["url"], "https://app.wiz.io/1");
    EXPECT_EQ(body["object"]["title"].get<std::string>().find('\n'), std::string::npos);
}

TEST(Enclosures, ServiceNowGetsAFileOnceAlsoWhereQueriesAreIgnored) {
    const std::string id = "0123456789abcdef0123456789abcdef";
    int uploads = 0;
    bool may_look = true;
    Json rows = Json::array({{{"table_sys_id", std::string(32, 'f')}, {"file_name", file.name}}}); // another's
    auto config = sink_config("servicenow");
    config.password = Secret("s3cret");
    config.token = {};
    SinkFixture fixture(config, [&](const Seen& seen) -> std::optional<Reply> {
        if (seen.method == "GET") return may_look ? Reply{200, {{"result", rows}}, {}} : Reply{403, {}, {}};
        ++uploads;
        EXPECT_EQ(seen.query("file_name"), file.name);
        EXPECT_EQ(seen.query("table_sys_id"), id);
        rows.push_back({{"table_sys_id", id}, {"file_name", file.name}});
        return Reply{201, {{"result", {{"sys_id", id}}}}, {}};
    });
    const TicketRef ticket{.sink = "tracker", .key = "INC1", .url = "", .id = id};
    const auto deadline = deadline_in(std::chrono::seconds{20});
    EXPECT_TRUE(fixture.run(fixture.sink->attach(ticket, file, true, deadline)));
    EXPECT_EQ(uploads, 1) << "another record's file is not ours";
    EXPECT_TRUE(fixture.run(fixture.sink->attach(ticket, file, true, deadline)));
    EXPECT_EQ(uploads, 1);
    may_look = false;
    EXPECT_TRUE(fixture.run(fixture.sink->attach(ticket, file, true, deadline)));
    EXPECT_EQ(uploads, 2) << "rather twice than never";
}

TEST(Enclosures, ATextIsShortenedWhereTheTrackersFieldEnds) {
    Draft draft;
    for (int n = 0; n < 600; ++n) draft.body += "A paragraph of some length that says something.\n\n";
    for (const auto* kind : {"jira", "servicenow"}) {
        SinkFixture fixture(sink_config(kind), [](const Seen&) { return Reply{500, {}, {}}; });
        EXPECT_TRUE(fixture.sink->is_shortened(draft)) << kind;
        Draft brief = draft;
        brief.body = "Short.";
        EXPECT_FALSE(fixture.sink->is_shortened(brief)) << kind;
        EXPECT_TRUE(fixture.sink->takes_files());
    }
}

} // namespace
} // namespace dossier::ticket
