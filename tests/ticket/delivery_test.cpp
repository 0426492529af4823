#include "dossier/ticket/delivery.hpp"

#include "delivery_fakes.hpp"
#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using namespace std::chrono_literals;
using store::Intent;
using test::FakeTracker;
using test::run;
using Answer = FakeTracker::Answer;

auto sample_draft() -> Draft {
    Draft draft;
    draft.id = "drf_1";
    draft.dossier_id = "dos_1";
    draft.sink = "jira";
    draft.approval = "before_assign";
    draft.title = "[high] Public bucket";
    draft.body = "## What\n\nA bucket.";
    draft.assignee = "alice@acme.example";
    return draft;
}

auto approved(Draft draft) -> Draft {
    draft.approved_hash = content_hash(draft);
    return draft;
}

struct World {
    test::StepClock clock;
    test::FakeEffectStore store;
    std::shared_ptr<FakeTracker> jira = std::make_shared<FakeTracker>(clock);
    std::shared_ptr<FakeTracker> snow = std::make_shared<FakeTracker>(clock, "snow");
    Metrics metrics;
    Delivery delivery{{{"jira", jira}, {"snow", snow}}, store, config(), clock, metrics};

    static auto config() -> TicketConfig {
        TicketConfig config;
        config.settle = 120s;
        return config;
    }
    auto step() -> Result<Delivery::Progress> { return run(delivery.ensure_ticket(sample_draft(), deadline_in(5s))); }
    /// Steps the clock along `wait_until` until there is a ticket. @return number of calls
    auto until_ticket(int most = 40) -> int {
        for (int calls = 1; calls <= most; ++calls) {
            const auto progress = step();
            if (progress && progress->ticket) return calls;
            if (progress) {
                clock.step_to(*progress->wait_until);
            } else {
                clock.step(1s);
            }
        }
        return -1;
    }
    auto sweep() -> std::size_t { return run(delivery.sweep(deadline_in(5s))).value(); }
    auto intent() -> Intent& { return store.intents.at("ticket:dos_1"); }
};

struct FailureCase {
    const char* name;
    std::deque<Answer> answers;
    Duration lag;
    std::deque<std::optional<Errc>> find_errors;
    int creates;        ///< expected
    std::size_t made;   ///< tickets in the tracker before the sweep
    std::size_t closed; ///< by the sweep
};

TEST(Delivery, EndsWithOneOpenTicketWhateverIsLost) {
    const FailureCase cases[] = {
        {"all is well", {}, 0s, {}, 1, 1, 0},
        {"answer lost", {Answer::lost}, 0s, {}, 1, 1, 0},
        {"answer lost, search lags", {Answer::lost}, 45s, {}, 1, 1, 0},
        {"answer lost, search lags to the end of the window", {Answer::lost}, 120s, {}, 1, 1, 0},
        {"answer too large to read", {Answer::unreadable}, 10s, {}, 1, 1, 0},
        {"request cut off before it was done", {Answer::nothing_done}, 0s, {}, 2, 1, 0},
        {"search lags beyond the window", {Answer::lost}, 200s, {}, 2, 2, 1},
        {"both answers lost, search lags", {Answer::lost, Answer::lost}, 130s, {}, 2, 2, 1},
        {"refused, then taken", {Answer::refused}, 0s, {}, 2, 1, 0},
        {"lost with a lag beyond the window, then refused", {Answer::lost, Answer::refused}, 121s, {}, 2, 1, 0},
        {"unreachable, then taken", {Answer::unreachable, Answer::unreachable}, 0s, {}, 3, 1, 0},
        {"lost, and the search fails for a while",
         {Answer::lost},
         0s,
         {Errc::unavailable, Errc::rate_limited, Errc::rejected},
         1,
         1,
         0},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        World world;
        world.jira->create_answers = one.answers;
        world.jira->lag = one.lag;
        world.jira->errors = one.find_errors;
        EXPECT_GT(world.until_ticket(), 0);
        EXPECT_EQ(world.jira->creates, one.creates);
        EXPECT_EQ(world.jira->tickets.size(), one.made);
        EXPECT_EQ(world.store.actions(), std::vector<std::string>{"ticket.created"});
        EXPECT_EQ(world.sweep(), 0U) << "the sweep waits for the index";
        world.clock.step(300s);
        EXPECT_EQ(world.sweep(), one.closed);
        EXPECT_EQ(world.jira->open_tickets(), 1U);
        EXPECT_EQ(world.sweep(), 0U);
        // And ever after the same ticket, without a call.
        const auto creates = world.jira->creates;
        const auto again = world.step();
        ASSERT_TRUE(again && again->ticket);
        EXPECT_FALSE(again->created_now);
        EXPECT_EQ(again->ticket->key, world.intent().ticket->key);
        EXPECT_EQ(world.jira->creates, creates);
    }
}

TEST(Delivery, SaysWhyNothingWasCreated) {
    World world;
    world.jira->create_answers = {Answer::refused};
    const auto progress = world.step();
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error().code, Errc::rejected);
    EXPECT_EQ(progress.error().message, "summary: too long");
    EXPECT_EQ(world.intent().state, Intent::State::planned);
}

TEST(Delivery, LooksInGrowingStepsOverTheWindowAndNotBefore) {
    World world;
    world.jira->create_answers = {Answer::nothing_done};
    const auto start = world.clock.now();
    std::vector<std::int64_t> waits;
    while (world.jira->creates < 2) {
        const auto progress = world.step();
        ASSERT_TRUE(progress);
        if (progress->ticket) break;
        const auto finds = world.jira->finds;
        ASSERT_TRUE(world.step()->wait_until) << "asked too early: no look, no create";
        EXPECT_EQ(world.jira->finds, finds);
        waits.push_back((*progress->wait_until - start).count());
        world.clock.step_to(*progress->wait_until);
    }
    EXPECT_EQ(waits, (std::vector<std::int64_t>{7'500, 22'500, 52'500, 112'500, 120'000}));
    EXPECT_EQ(world.jira->creates, 2);
}

TEST(Delivery, ALookThatBeganWithinTheWindowDoesNotEndItHoweverLateItsAnswer) {
    World world;
    world.jira->lag = World::config().settle;
    world.jira->create_answers = {Answer::lost};
    ASSERT_TRUE(world.step()->wait_until);
    world.clock.step(World::config().settle - 1s);
    world.jira->meanwhile = [&] { world.clock.step(5s); }; // the search was answered, and its answer is on the way
    const auto early = world.step();
    ASSERT_TRUE(early && early->wait_until);
    const auto last = world.step();
    ASSERT_TRUE(last && last->ticket);
    EXPECT_EQ(world.jira->creates, 1);
}

TEST(Delivery, TakesOverFromOneWhoIsAliveAndHearsOfItsTicket) {
    World world;
    world.jira->lag = 1h; // no look sees it
    Delivery other({{"jira", world.jira}}, world.store, World::config(), world.clock, world.metrics);
    world.jira->meanwhile = [&] { // the lease runs out while the create waits for its place
        for (int look = 0; look < 3; ++look) {
            const auto progress = run(other.ensure_ticket(sample_draft(), deadline_in(5s)));
            ASSERT_TRUE(progress && progress->wait_until);
            world.clock.step_to(*progress->wait_until);
        }
    };
    const auto made = world.step();
    ASSERT_TRUE(made && made->ticket);
    const auto known = run(other.ensure_ticket(sample_draft(), deadline_in(5s)));
    ASSERT_TRUE(known && known->ticket);
    EXPECT_EQ(known->ticket->key, made->ticket->key);
    EXPECT_EQ(world.jira->creates, 1);
}

TEST(Delivery, IsTurnedAwayWhereATicketIsSavedDuringItsLastLook) {
    World world;
    world.jira->lag = 1h;
    auto alive = run(world.store.begin_intent({.key = "ticket:dos_1", .dossier_id = "dos_1", .sink = "jira"})).value();
    alive.state = Intent::State::attempting;
    alive.attempts = 1;
    alive.attempted_at = world.clock.now();
    ASSERT_TRUE(run(world.store.save_intent(alive, {})));
    const auto end = world.clock.now() + World::config().settle;
    while (world.clock.now() < end) {
        const auto progress = world.step();
        ASSERT_TRUE(progress && progress->wait_until);
        world.clock.step_to(*progress->wait_until);
    }
    alive.state = Intent::State::done;
    alive.ticket = run(world.jira->create(sample_draft(), ticket_key("", "dos_1"), deadline_in(1s))).value();
    world.jira->meanwhile = [&] { ASSERT_TRUE(run(world.store.save_intent(alive, {}))); };
    const auto turned_away = world.step();
    ASSERT_FALSE(turned_away);
    EXPECT_EQ(turned_away.error().code, Errc::conflict);
    const auto known = world.step();
    ASSERT_TRUE(known && known->ticket);
    EXPECT_EQ(known->ticket->key, alive.ticket->key);
    EXPECT_EQ(world.jira->creates, 1);
}

TEST(Delivery, GivesACreateNoLongerThanWhoTakesOverWaits) {
    const struct {
        const char* name;
        Duration settle;
        Duration timeout;
        Duration given;
        Duration expected; ///< at most
    } cases[] = {
        {"the window", 20s, 5s, 100s, 20s},
        {"one call, where the window is shorter", 1s, 5s, 100s, 5s},
        {"what the caller has", 20s, 5s, 3s, 3s},
        {"two minutes", 600s, 5s, 900s, 120s},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        World world;
        TicketConfig config;
        config.settle = one.settle;
        config.sinks.push_back({.name = "jira", .timeout = one.timeout});
        Delivery delivery({{"jira", world.jira}}, world.store, config, world.clock, world.metrics);
        const auto begun = std::chrono::steady_clock::now();
        ASSERT_TRUE(run(delivery.ensure_ticket(sample_draft(), deadline_in(one.given))));
        const auto ended = std::chrono::steady_clock::now();
        EXPECT_GE(world.jira->create_deadline, begun + one.expected);
        EXPECT_LE(world.jira->create_deadline, ended + one.expected);
    }
}

TEST(Delivery, TakesACrashInTheMiddleOfACallForAnUnknownOutcome) {
    World world;
    Intent crashed;
    crashed.key = "ticket:dos_1";
    crashed.dossier_id = "dos_1";
    crashed.sink = "jira";
    crashed.state = Intent::State::attempting;
    crashed.attempts = 1;
    crashed.attempted_at = world.clock.now() - 60s;
    world.store.intents[crashed.key] = crashed;
    run(world.jira->create(sample_draft(), ticket_key("", "dos_1"), deadline_in(1s))).value();
    const auto progress = world.step();
    ASSERT_TRUE(progress && progress->ticket);
    EXPECT_TRUE(progress->created_now);
    EXPECT_EQ(world.jira->creates, 1);
    EXPECT_EQ(parse_json(world.store.audit.at(0).details).value()["found"], true);
}

TEST(Delivery, WaitsForATicketThatTheTrackerMadeAfterWeHadDied) {
    World world;
    Intent crashed;
    crashed.key = "ticket:dos_1";
    crashed.dossier_id = "dos_1";
    crashed.sink = "jira";
    crashed.state = Intent::State::attempting;
    crashed.attempts = 1;
    crashed.attempted_at = world.clock.now();
    world.store.intents[crashed.key] = crashed;
    world.jira->lag = 120s;
    world.clock.step(40s); // a slow tracker: the request had left us
    run(world.jira->create(sample_draft(), ticket_key("", "dos_1"), deadline_in(1s))).value();
    world.clock.step(5s);
    EXPECT_GT(world.until_ticket(), 0);
    EXPECT_EQ(world.jira->creates, 1);
    EXPECT_EQ(world.jira->tickets.size(), 1U);
}

TEST(Delivery, FindsTheTicketWhoseSavingFailed) {
    for (int failing_save = 1; failing_save <= 2; ++failing_save) {
        SCOPED_TRACE(failing_save);
        World world;
        world.store.fail_save_in = failing_save; // 1: before the call, 2: after it
        const auto progress = world.step();
        ASSERT_FALSE(progress);
        EXPECT_EQ(progress.error().code, Errc::storage);
        EXPECT_GT(world.until_ticket(), 0);
        EXPECT_EQ(world.jira->creates, 1);
        EXPECT_EQ(world.jira->tickets.size(), 1U);
    }
}

TEST(Delivery, LooksForTheTicketOfADraftThatIsOverAndMakesNone) {
    struct Row {
        const char* name;
        bool was_tried;
        bool was_made;
        Duration lag;
        int blind; ///< looks that fail
        bool is_found;
    };
    const Row rows[] = {{"never tried", false, false, 0s, 0, false},
                        {"tried in vain", true, false, 0s, 0, false},
                        {"made, answer lost", true, true, 0s, 0, true},
                        {"in a lagging index", true, true, 90s, 0, true},
                        {"while it can't be asked", true, true, 0s, 2, true}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        World world;
        world.jira->lag = row.lag;
        if (row.was_tried) {
            world.jira->create_answers = {row.was_made ? Answer::lost : Answer::nothing_done};
            ASSERT_TRUE(world.step()->wait_until);
        }
        world.jira->errors.assign(static_cast<std::size_t>(row.blind), Errc::unavailable);
        Delivery::Progress progress;
        int looks = 0;
        for (; looks < 40; ++looks) {
            progress = run(world.delivery.recall(sample_draft(), deadline_in(5s))).value();
            if (!progress.wait_until) break;
            world.clock.step_to(*progress.wait_until);
        }
        EXPECT_LT(looks, 40) << "it comes to an end";
        EXPECT_EQ(progress.ticket.has_value(), row.is_found);
        EXPECT_EQ(world.jira->creates, row.was_tried ? 1 : 0) << "none is made";
        EXPECT_EQ(world.jira->tickets.size(), row.was_made ? 1U : 0U);
        if (!row.was_tried) EXPECT_TRUE(world.store.intents.empty());
        if (row.was_tried && !row.was_made) {
            EXPECT_EQ(world.intent().state, Intent::State::failed);
            EXPECT_GT(world.until_ticket(), 0) << "wanted again, it is made";
        }
    }
}

TEST(Delivery, KeepsOneTicketWhateverSinkALaterDraftNames) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    auto other = sample_draft();
    other.id = "drf_2";
    other.sink = "snow";
    const auto progress = run(world.delivery.ensure_ticket(other, deadline_in(1s)));
    ASSERT_TRUE(progress && progress->ticket);
    EXPECT_EQ(progress->ticket->sink, "jira");
    EXPECT_EQ(world.snow->creates, 0);
}

TEST(Delivery, ClosesNothingWhileOurOwnTicketIsNotSeen) {
    World world;
    world.jira->create_answers = {Answer::lost};
    world.jira->lag = 200s;
    EXPECT_GT(world.until_ticket(), 0);
    ASSERT_EQ(world.jira->tickets.size(), 2U);
    const auto ours = world.intent().ticket->key;
    for (auto& one : world.jira->tickets) {
        if (one.ref.key == ours) one.visible_at = world.clock.now() + 500s;
    }
    world.clock.step(250s);
    EXPECT_EQ(world.sweep(), 0U);
    EXPECT_EQ(world.jira->open_tickets(), 2U);
    world.clock.step(300s);
    EXPECT_EQ(world.sweep(), 1U);
    for (const auto& one : world.jira->tickets) EXPECT_EQ(one.closed, one.ref.key != ours);
    EXPECT_EQ(world.store.actions().back(), "ticket.duplicate_closed");
}

TEST(Delivery, SweepsAgainLaterWhenTheTrackerFails) {
    World world;
    world.jira->create_answers = {Answer::lost};
    world.jira->lag = 200s;
    EXPECT_GT(world.until_ticket(), 0);
    world.clock.step(300s);
    world.jira->errors = {Errc::unavailable};
    EXPECT_EQ(world.sweep(), 0U);
    EXPECT_EQ(world.sweep(), 0U) << "not at once";
    world.clock.step(120s);
    EXPECT_EQ(world.sweep(), 1U);
}

struct ApprovalCase {
    const char* name;
    int good_calls; ///< of the tracker before one fails; -1 = none fails
    int failing_save;
};
TEST(Delivery, CarriesOutAnApprovalOnceWhereverItFailed) {
    const ApprovalCase cases[] = {
        {"all is well", -1, 0},
        {"update fails", 0, 0},
        {"comment fails", 1, 0},
        {"assignment fails", 2, 0},
        {"saving the update fails", -1, 1},
        {"planning the comment fails", -1, 2},
        {"saving the comment fails", -1, 3},
        {"saving the assignment fails", -1, 4},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        World world;
        EXPECT_EQ(world.until_ticket(), 1);
        auto draft = sample_draft();
        draft.body = "edited before the approval";
        draft = approved(draft);
        const auto ticket = *world.intent().ticket;
        const auto apply = [&] {
            return run(world.delivery.apply_approval(draft, ticket, "Approved by bob.", deadline_in(1s))).has_value();
        };
        world.jira->fail_after(one.good_calls);
        world.store.fail_save_in = one.failing_save;
        EXPECT_EQ(apply(), one.good_calls < 0 && one.failing_save == 0);
        EXPECT_TRUE(apply());
        EXPECT_TRUE(apply());
        const auto& made = world.jira->tickets.at(0);
        EXPECT_EQ(made.body, draft.body);
        EXPECT_EQ(made.events, std::set<std::string>{"drf_1"});
        EXPECT_EQ(made.assignee, "alice@acme.example");
        EXPECT_EQ(world.store.actions(), (std::vector<std::string>{"ticket.created", "ticket.updated",
                                                                   "ticket.commented", "ticket.assigned"}));
        EXPECT_EQ(world.intent().content_hash, draft.approved_hash);
    }
}

TEST(Delivery, LeavesTheDescriptionAloneWhenItIsAsApproved) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    ASSERT_TRUE(
        run(world.delivery.apply_approval(approved(sample_draft()), *world.intent().ticket, "ok", deadline_in(1s))));
    EXPECT_EQ(world.jira->updates, 0);
}

TEST(Delivery, RefusesContentThatWasNotApproved) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    auto draft = approved(sample_draft());
    draft.body += " and something nobody saw";
    for (const auto& one : {draft, sample_draft()}) {
        const auto applied = run(world.delivery.apply_approval(one, *world.intent().ticket, "ok", deadline_in(1s)));
        ASSERT_FALSE(applied);
        EXPECT_EQ(applied.error().code, Errc::conflict);
    }
    EXPECT_EQ(world.jira->updates, 0);
    EXPECT_TRUE(world.jira->tickets.at(0).events.empty());

    World other;
    draft.approval = "before_create";
    EXPECT_EQ(run(other.delivery.ensure_ticket(draft, deadline_in(1s))).error().code, Errc::conflict);
    EXPECT_EQ(other.jira->creates, 0);
    EXPECT_TRUE(run(other.delivery.ensure_ticket(approved(draft), deadline_in(1s))));
}

TEST(Delivery, NamesThePersonItCouldNotAssign) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    auto draft = sample_draft();
    draft.assignee = "nobody@acme.example";
    ASSERT_TRUE(run(world.delivery.apply_approval(approved(draft), *world.intent().ticket, "ok", deadline_in(1s))));
    const auto& made = world.jira->tickets.at(0);
    EXPECT_EQ(made.assignee, "");
    EXPECT_EQ(made.events, (std::set<std::string>{"drf_1", "drf_1:assignee"}));
    EXPECT_NE(world.metrics.render().find("outcome=\"unassigned\""), std::string::npos);
}

TEST(Delivery, CommentsOncePerEvent) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    const auto ticket = *world.intent().ticket;
    world.jira->errors = {Errc::outcome_unknown};
    EXPECT_FALSE(run(world.delivery.comment(ticket, "text", "evt_1", deadline_in(1s))));
    EXPECT_TRUE(run(world.delivery.comment(ticket, "text", "evt_1", deadline_in(1s))));
    EXPECT_TRUE(run(world.delivery.comment(ticket, "text", "evt_1", deadline_in(1s))));
    EXPECT_EQ(world.store.actions(), (std::vector<std::string>{"ticket.created", "ticket.commented"}));
    TicketRef stranger{.sink = "gone", .key = "X-1"};
    EXPECT_EQ(run(world.delivery.comment(stranger, "text", "evt_2", deadline_in(1s))).error().code,
              Errc::invalid_argument);
}

TEST(Delivery, TriesAnEnclosureAgainWhoseAnswerWasLost) {
    World world;
    EXPECT_EQ(world.until_ticket(), 1);
    const auto ticket = *world.intent().ticket;
    world.jira->keeps_files = true;
    world.jira->errors = {Errc::outcome_unknown};
    const auto enclose = [&] {
        return run(world.delivery.enclose(
            sample_draft(), ticket, {{.name = "evidence.json", .content_type = "application/json", .bytes = "{}"}}, "",
            deadline_in(1s)));
    };
    const auto put_off = enclose();
    ASSERT_TRUE(put_off) << put_off.error().describe();
    ASSERT_TRUE(*put_off) << "nothing says when to try again";
    world.clock.step_to(**put_off);
    const auto done = enclose();
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_FALSE(*done);
    EXPECT_EQ(world.jira->tickets.at(0).files.size(), 1U);
}

TEST(TicketKey, DiffersByInstanceAndDossierAndHoldsNoText) {
    const auto key = ticket_key("prod", "dos_1");
    EXPECT_TRUE(key.starts_with("dossier-"));
    EXPECT_EQ(key.size(), 40U);
    EXPECT_EQ(key, ticket_key("prod", "dos_1"));
    EXPECT_NE(key, ticket_key("test", "dos_1"));
    EXPECT_NE(key, ticket_key("prod", "dos_2"));
    EXPECT_NE(ticket_key("a", "bc"), ticket_key("ab", "c"));
}

} // namespace
} // namespace dossier::ticket
