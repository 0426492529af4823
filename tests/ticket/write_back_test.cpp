#include "dossier/ticket/write_back.hpp"

#include "delivery_fakes.hpp"
#include "dossier/base/json.hpp"
#include "dossier/ticket/classification_draft.hpp"
#include "dossier/ticket/write_back_text.hpp"
#include "support/fake_platform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using namespace std::chrono_literals;
using store::Intent;
using test::run;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Platform = dossier::test::FakePlatform;
using Answer = Platform::Answer;

struct Desk {
    test::StepClock clock;
    test::FakeEffectStore store;
    Metrics metrics;
    std::shared_ptr<Platform> wiz = std::make_shared<Platform>("wiz");
    ingest::WriteBackConfig config;

    auto order(const std::string& draft = "drf_1") const -> WriteBackOrder {
        Finding finding;
        finding.id = "fnd_1";
        finding.source = "wiz";
        finding.source_id = "issue-1";
        finding.resource = {.id = "arn:aws:s3:::payments", .name = "payments"};
        WriteBackOrder order;
        order.draft.id = draft;
        order.draft.dossier_id = "dos_1";
        order.draft.decided_by = "bob";
        order.draft.decided_at = clock.now();
        order.draft.payload = payload_of({.data_classification = "PII", .confidence = 0.92});
        order.findings = {finding};
        order.ticket = {.sink = "jira", .key = "SEC-1", .url = "https://jira.example/browse/SEC-1", .id = "1"};
        order.text = "the approved words";
        order.author = "written by main / gpt";
        return order;
    }
    auto desk() -> WriteBack {
        return {{{.api = wiz, .config = config}}, store, {.base = 1s, .max = 60s}, clock, metrics};
    }
    auto report(const WriteBackOrder& order) -> Result<WriteBackProgress> {
        return run(desk().report(order, deadline_in(5s)));
    }
    /// As the worker does: comes back when there is something to be done, each time as a new process.
    auto report_to_the_end(const WriteBackOrder& order) -> WriteBackProgress {
        for (int round = 0; round < 200; ++round) {
            auto progress = report(order);
            if (progress && !progress->again_at) return *progress;
            if (progress) clock.step_to(*progress->again_at);
        }
        ADD_FAILURE() << "no end";
        return {};
    }
    auto states() const -> std::map<std::string, std::string> {
        std::map<std::string, std::string> all;
        for (const auto& [key, intent] : store.intents) all[key] = to_string(intent.state);
        return all;
    }
};

TEST(WriteBack, TellsThePlatformOnceHoweverOftenItIsAsked) {
    Desk desk;
    for (int i = 0; i < 3; ++i) {
        const auto progress = desk.report(desk.order());
        ASSERT_TRUE(progress);
        EXPECT_EQ(progress->again_at, std::nullopt);
        EXPECT_EQ(progress->done, 3U);
    }
    EXPECT_EQ(desk.wiz->calls, 3);
    ASSERT_THAT(desk.wiz->written("comment"), SizeIs(1));
    EXPECT_EQ(desk.wiz->written("comment")[0].what, "the approved words");
    EXPECT_EQ(desk.wiz->written("comment")[0].key, "writeback:comment:fnd_1:drf_1");
    EXPECT_EQ(desk.wiz->written("ticket_link").at(0).what, "SEC-1");
    EXPECT_EQ(desk.wiz->written("status").at(0).what, "in_progress");
    EXPECT_THAT(desk.store.actions(), ElementsAre("writeback.done", "writeback.done", "writeback.done"));
    EXPECT_THAT(desk.store.audit[0].details,
                AllOf(HasSubstr("\"remote_id\":\"r1\""), HasSubstr("written by main / gpt")));
    EXPECT_EQ(desk.store.audit[0].finding_id, "fnd_1");
}

TEST(WriteBack, WritesOnceWhateverBecomesOfTheAnswer) {
    const std::vector<std::pair<std::string, std::deque<Answer>>> rows = {
        {"the first answer is lost", {Answer::lost}},
        {"the second is lost", {Answer::ok, Answer::lost}},
        {"the third is lost", {Answer::ok, Answer::ok, Answer::lost}},
        {"lost twice", {Answer::lost, Answer::lost}},
        {"cut off before anything was done", {Answer::cut_off, Answer::cut_off}},
        {"down for a while", {Answer::unreachable, Answer::unreachable, Answer::unreachable}},
        {"too fast", {Answer::rate_limited}},
    };
    for (const auto& [name, answers] : rows) {
        SCOPED_TRACE(name);
        Desk desk;
        desk.wiz->answers = answers;
        const auto progress = desk.report_to_the_end(desk.order());
        EXPECT_EQ(progress.done, 3U);
        EXPECT_EQ(progress.failed, 0U);
        EXPECT_THAT(desk.wiz->writes, SizeIs(3));
    }
}

TEST(WriteBack, WritesOnceWhenTheProcessDiesAnywhere) {
    for (int at = 1; at <= 6; ++at) { // two saves an effect: before its call and after it
        SCOPED_TRACE(at);
        Desk desk;
        desk.store.fail_save_in = at;
        EXPECT_FALSE(desk.report(desk.order())) << "the store went away";
        EXPECT_EQ(desk.report_to_the_end(desk.order()).done, 3U);
        EXPECT_THAT(desk.wiz->writes, SizeIs(3));
    }
}

TEST(WriteBack, WaitsAsLongAsThePlatformSaysAndAsksItNothingElseMeanwhile) {
    Desk desk;
    desk.wiz->answers = {Answer::rate_limited};
    const auto before = desk.clock.now();
    const auto progress = desk.report(desk.order());
    ASSERT_TRUE(progress && progress->again_at);
    EXPECT_GE(*progress->again_at - before, 30s);
    EXPECT_EQ(desk.wiz->calls, 1) << "a platform that says no is not asked for the next effect at once";
    EXPECT_EQ(desk.report(desk.order())->done, 0U);
    EXPECT_EQ(desk.wiz->calls, 1) << "before its time";
}

TEST(WriteBack, SaysWhyItCouldNot) {
    struct Row {
        const char* name;
        void (*arrange)(Desk&, WriteBackOrder&);
        std::map<std::string, std::string> states; ///< by kind
        const char* reason;
    };
    const Row rows[] = {
        {"the platform refuses",
         [](Desk& d, WriteBackOrder&) { d.wiz->answers = {Answer::refused}; },
         {{"comment", "failed"}, {"status", "done"}, {"ticket_link", "done"}},
         "archived"},
        {"a right is missing",
         [](Desk& d, WriteBackOrder&) { d.wiz->answers = {Answer::forbidden}; },
         {{"comment", "failed"}, {"status", "done"}, {"ticket_link", "done"}},
         "update:issues"},
        {"no comments there",
         [](Desk& d, WriteBackOrder&) { d.wiz->can.comment = false; },
         {{"comment", "skipped"}, {"status", "done"}, {"ticket_link", "done"}},
         "takes no comment"},
        {"no links there",
         [](Desk& d, WriteBackOrder&) { d.wiz->can.ticket_link = false; },
         {{"comment", "done"}, {"status", "done"}, {"ticket_link", "skipped"}},
         "no links"},
        {"no status there",
         [](Desk& d, WriteBackOrder&) { d.wiz->can.status = false; },
         {{"comment", "done"}, {"status", "skipped"}, {"ticket_link", "done"}},
         "set a status"},
        {"in progress already",
         [](Desk&, WriteBackOrder& o) { o.findings[0].status = Status::in_progress; },
         {{"comment", "done"}, {"status", "skipped"}, {"ticket_link", "done"}},
         "in_progress already"},
        {"an outbox ticket has no address",
         [](Desk&, WriteBackOrder& o) { o.ticket.url = "/v1/drafts/drf_1"; },
         {{"comment", "done"}, {"status", "done"}, {"ticket_link", "skipped"}},
         "no address"},
        {"no id to write to",
         [](Desk&, WriteBackOrder& o) { o.findings[0].source_id = ""; },
         {{"comment", "skipped"}, {"status", "skipped"}, {"ticket_link", "skipped"}},
         "no id"},
        {"not wanted",
         [](Desk& d, WriteBackOrder&) { d.config = {.comment = false, .ticket_link = false}; },
         {{"status", "done"}},
         ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Desk desk;
        auto order = desk.order();
        row.arrange(desk, order);
        desk.report_to_the_end(order);
        std::map<std::string, std::string> states;
        std::string reasons;
        for (const auto& [key, intent] : desk.store.intents) {
            states[key.substr(10, key.find(':', 10) - 10)] = to_string(intent.state);
            reasons += intent.reason + "\n";
        }
        EXPECT_EQ(states, row.states);
        EXPECT_THAT(reasons, HasSubstr(row.reason));
    }
}

TEST(WriteBack, GivesUpAfterADayAndSaysSo) {
    Desk desk;
    desk.wiz->answers.assign(5'000, Answer::unreachable);
    const auto order = desk.order();
    ASSERT_TRUE(desk.report(order)->again_at);
    desk.clock.step(25h);
    const auto progress = desk.report(order);
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->failed, 3U);
    EXPECT_EQ(progress->again_at, std::nullopt);
    const auto calls = desk.wiz->calls;
    EXPECT_EQ(desk.report(order)->failed, 3U);
    EXPECT_EQ(desk.wiz->calls, calls) << "over is over";
    EXPECT_THAT(desk.store.actions(), ElementsAre("writeback.failed", "writeback.failed", "writeback.failed"));
}

TEST(WriteBack, ALaterRevisionCommentsAgainAndLinksTheSameTicketNoMore) {
    Desk desk;
    desk.report_to_the_end(desk.order("drf_1"));
    desk.report_to_the_end(desk.order("drf_2"));
    EXPECT_THAT(desk.wiz->written("comment"), SizeIs(2));
    EXPECT_THAT(desk.wiz->written("ticket_link"), SizeIs(1));
}

TEST(WriteBack, NamesWhatNoPersonDecided) {
    Desk desk;
    auto order = desk.order();
    order.is_automatic = true;
    desk.report_to_the_end(order);
    EXPECT_THAT(desk.store.actions(), testing::Each("writeback.done_automatically"));
}

TEST(WriteBack, WritesTheApprovedTagsAndNoOthers) {
    Desk desk;
    auto order = desk.order();
    auto tagged = run(desk.desk().tag(order, deadline_in(5s)));
    ASSERT_TRUE(tagged);
    EXPECT_EQ(tagged->done, 1U);
    run(desk.desk().tag(order, deadline_in(5s)));
    ASSERT_THAT(desk.wiz->written("tags"), SizeIs(1));
    EXPECT_EQ(desk.wiz->written("tags")[0].what,
              R"({"data_classification":"PII","classification_confidence":"0.92","classified_by":"dossier"})");
    order.draft.id = "drf_2";
    order.draft.payload.insert(order.draft.payload.find("0.92"), "9");
    const auto refused = run(desk.desk().tag(order, deadline_in(5s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::malformed);
    EXPECT_THAT(desk.wiz->written("tags"), SizeIs(1));
}

auto posted_draft() -> Draft {
    Draft draft;
    draft.id = "drf_1";
    draft.revision = 1;
    draft.body =
        "## What is exposed\n\n*public* bucket `payments` holds cards.\n\n- **Resource:** x\n\n## Why it matters\n\n"
        "Anyone can read it. [E3]\n\n## Regulations\n\n| a | b |\n| --- | --- |\n| GDPR | Art. 32 |\n\n---\n\n"
        "**AI-Generated Guidance** – written by the built-in template. Dossier dos_1, revision 1.\n";
    draft.assignee = "alice@acme.example";
    draft.decided_by = "bob";
    return draft;
}

TEST(WriteBackText, IsTheBeginningOfWhatWasApprovedAndWhoHasIt) {
    Narrative narrative;
    narrative.author = "llm";
    narrative.provider = "main";
    narrative.model = "gpt-4o";
    narrative.prompt = {.id = "narrative", .version = "1.0.0", .hash = {}};
    narrative.grounding_score = 0.93;
    const TicketRef ticket{.sink = "jira", .key = "SEC-1", .url = "https://jira.example/browse/SEC-1", .id = {}};
    EXPECT_EQ(write_back_comment(posted_draft(), nullptr, narrative, ticket),
              "public bucket payments holds cards.\n\nAnyone can read it. [E3]\n\n"
              "Owner: alice@acme.example\nTicket: SEC-1 https://jira.example/browse/SEC-1\n"
              "AI-Generated Guidance: written by main / gpt-4o, prompt narrative 1.0.0, grounding score 0.93; approved "
              "by bob.");
}

TEST(WriteBackText, TellsWhatALaterRevisionChanged) {
    auto later = posted_draft();
    later.revision = 3;
    later.severity = Severity::critical;
    later.assignee = "carol@acme.example";
    later.body.replace(later.body.find("Art. 32"), 7, "Art. 33");
    later.body.replace(later.body.find("revision 1"), 10, "revision 3");
    const auto earlier = posted_draft();
    EXPECT_THAT(write_back_comment(later, &earlier, {}, {}),
                HasSubstr("revised (revision 3). Changed: severity medium → critical; owner alice@acme.example → "
                          "carol@acme.example; Regulations.\n"));
}

TEST(WriteBackText, StaysShortAndNamesItsAuthorWhateverTheBody) {
    for (const auto& body :
         {std::string(200'000, 'x'), std::string("- a\n- b"), std::string(), std::string("```\ncode")}) {
        auto draft = posted_draft();
        draft.body = body;
        draft.assignee = std::string(9'000, 'a');
        const auto text = write_back_comment(draft, nullptr, {}, {});
        EXPECT_LE(text.size(), 2'500U);
        EXPECT_THAT(text, HasSubstr("AI-Generated Guidance"));
    }
}

} // namespace
} // namespace dossier::ticket
