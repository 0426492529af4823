// Looking for what no webhook brought, on a real store and a platform whose findings change meanwhile.
#include "dossier/ingest/reconciler.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/ingest/backlog.hpp"
#include "support/changing_platform.hpp"
#include "support/run_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace dossier::ingest {
namespace {

using test::ChangingPlatform;
using test::run_task;
using testing::HasSubstr;
using testing::Not;

class StepClock final : public Clock {
public:
    auto now() const -> Timestamp override { return now_; }
    void step(Duration by) { now_ += by; }

private:
    Timestamp now_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};
};

auto seal(const store::AuditEntry& entry, std::int64_t seq, const std::string&) -> store::AuditRow {
    return {.seq = seq, .action = entry.action, .finding_id = entry.finding_id, .record = "{}", .hash = "h"};
}

template <class T>
auto value_of(Task<Result<T>> task) -> T {
    auto result = run_task(std::move(task));
    if (!result) throw std::runtime_error("unexpected error: " + result.error().describe());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Polling : public testing::Test {
protected:
    ~Polling() override {
        store->close();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    static auto source() -> SourceConfig {
        SourceConfig config{.name = "wiz", .kind = "wiz"};
        config.api = ApiConfig{};
        return config;
    }
    auto open() -> std::unique_ptr<store::Store> {
        return *store::open_store({.url = "sqlite:" + (directory_ / "dossier.db").string()}, seal);
    }
    auto station(Receiver& into, store::Store& on, std::string replica = "one") -> PollStation {
        return {.api = platform,
                .config = api,
                .receiver = into,
                .store = on,
                .clock = clock,
                .metrics = metrics,
                .replica = std::move(replica)};
    }
    auto look() -> Result<bool> { return run_task(reconciler.look()); }
    /// A webhook with the same state, in the words of the default template.
    auto deliver(const std::string& id, const std::string& bucket, const std::string& status = "OPEN")
        -> store::IntakeResult {
        net::HttpRequest request;
        request.body =
            R"({"trigger":{"type":"Created"},"issue":{"id":")" + id + R"(","status":")" + status +
            R"(","severity":"HIGH"},"resource":{"id":"arn:aws:s3:::)" + bucket + R"(","name":")" + bucket +
            R"(","type":"bucket","cloudPlatform":"AWS"},"control":{"id":"wc-1","name":"Publicly exposed bucket"}})";
        return value_of(receiver.receive("wiz", std::move(request))).results.at(0);
    }
    auto findings() -> std::vector<store::FindingRow> {
        return value_of(store->list_findings({}, {.limit = 200})).items;
    }
    auto account() -> store::DeliveryDay { return value_of(store->deliveries({}, clock.now())).at(0); }

    std::filesystem::path directory_ = std::filesystem::temp_directory_path() / ("dossier-poll-" + random_hex(8));
    StepClock clock;
    Metrics metrics;
    ApiConfig api;
    std::shared_ptr<ChangingPlatform> platform = std::make_shared<ChangingPlatform>();
    std::unique_ptr<store::Store> store = [this] {
        std::filesystem::create_directories(directory_);
        return open();
    }();
    Receiver receiver{{source()}, *store, clock, metrics, 1'000};
    Reconciler reconciler{station(receiver, *store)};
};

TEST_F(Polling, FindsAllPagesOnceAndGoesOnFromItsCursor) {
    for (int i = 0; i < 25; ++i) platform->put("i" + std::to_string(i), "b" + std::to_string(i), clock.now());
    EXPECT_TRUE(*look());
    EXPECT_EQ(findings().size(), 25U);
    EXPECT_EQ(platform->looks, 3);
    EXPECT_EQ(platform->since, clock.now() - api.lookback);

    clock.step(Duration{60'000});
    platform->put("i3", "b3", clock.now(), "RESOLVED");
    platform->put("new", "b-new", clock.now());
    EXPECT_TRUE(*look());
    EXPECT_EQ(platform->looks, 4);
    EXPECT_EQ(findings().size(), 26U);
    EXPECT_EQ(value_of(store->list_findings({.status = Status::resolved}, {})).items.size(), 1U);
    const auto trail = value_of(store->audit_after(0, 100));
    EXPECT_EQ(trail.size(), 27U) << "the overlap leaves no trace";
    EXPECT_THAT(metrics.render(), HasSubstr("dossier_reconcile_lag_seconds{source=\"wiz\"} 0"));
}

TEST_F(Polling, WhatAWebhookBroughtIsNotNew) {
    const auto delivered = deliver("i1", "b1");
    platform->put("i1", "b1", clock.now());
    EXPECT_TRUE(*look());
    ASSERT_EQ(findings().size(), 1U);
    EXPECT_EQ(findings()[0].version, 1);
    platform->put("i2", "b2", clock.now());
    EXPECT_TRUE(*look());
    EXPECT_EQ(deliver("i2", "b2").outcome, Outcome::duplicate) << "the webhook came late";
    EXPECT_EQ(account().late, 1);
    platform->put("i1", "b1", clock.now() + Duration{1'000}, "RESOLVED");
    EXPECT_TRUE(*look());
    const auto row = value_of(store->get_finding(delivered.id));
    EXPECT_EQ(row.status, Status::resolved);
    EXPECT_EQ(row.version, 2);
}

TEST_F(Polling, WhatNeverCameIsCountedOnceAfterTheGrace) {
    EXPECT_TRUE(*look()) << "the first look, while there is nothing";
    platform->put("i1", "b1", clock.now(), "OPEN", "HIGH", "no rule sends it");
    platform->put("i2", "b2", clock.now());
    EXPECT_TRUE(*look());
    EXPECT_EQ(value_of(store->deliveries({}, clock.now())).size(), 0U) << "it may still come";
    clock.step(api.delivery_grace);
    EXPECT_TRUE(*look());
    EXPECT_TRUE(*look());
    EXPECT_EQ(account().never, 2);
    const auto text = metrics.render();
    EXPECT_THAT(text, HasSubstr("dossier_deliveries_never_total{reason=\"said_by_platform\",source=\"wiz\"} 1"));
    EXPECT_THAT(text, HasSubstr("dossier_deliveries_never_total{reason=\"not_said\",source=\"wiz\"} 1"));
    EXPECT_THAT(text, Not(HasSubstr("no rule sends it")));
}

TEST_F(Polling, OneOfTwoReplicasLooks) {
    const auto other_store = open();
    Receiver other_receiver({source()}, *other_store, clock, metrics, 1'000);
    Reconciler other(station(other_receiver, *other_store, "two"));
    platform->put("i1", "b1", clock.now());
    EXPECT_TRUE(*look());
    EXPECT_FALSE(value_of(other.look()));
    EXPECT_EQ(platform->looks, 1);
    clock.step(std::chrono::minutes(5)); // the first has died
    EXPECT_TRUE(value_of(other.look()));
    EXPECT_EQ(platform->looks, 2);
    EXPECT_FALSE(*look());
    value_of(other_store->release_singletons("two"));
    EXPECT_TRUE(*look()) << "at once where the other has ended in order";
    other_store->close();
}

TEST_F(Polling, WhatAStalePollerFoundIsNotKeptAndIsFoundAgain) {
    platform->put("i1", "b1", clock.now());
    platform->while_asked = [this]() -> Task<void> {
        clock.step(std::chrono::minutes(5)); // asking took longer than its turn lasts
        auto taken = co_await store->acquire_singleton("reconcile:wiz", "two", clock.now(), std::chrono::minutes(1));
        if (!taken || !*taken) throw std::runtime_error("the turn was not free");
    };
    const auto looked = look();
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code, Errc::conflict);
    EXPECT_EQ(findings().size(), 0U);
    EXPECT_FALSE(value_of(store->get_cursor("reconcile:wiz")));
    value_of(store->release_singletons("two"));
    EXPECT_TRUE(*look());
    EXPECT_EQ(findings().size(), 1U);
}

TEST_F(Polling, AFailureLosesNothingAndShowsAsLag) {
    EXPECT_TRUE(*look());
    for (int i = 0; i < 15; ++i) platform->put("i" + std::to_string(i), "b", clock.now());
    clock.step(Duration{30'000});
    platform->while_asked = [this]() -> Task<void> {
        platform->errors = {Errc::unavailable}; // the second page
        co_return;
    };
    EXPECT_EQ(look().error().code, Errc::unavailable);
    EXPECT_EQ(findings().size(), 10U);
    EXPECT_THAT(metrics.render(), HasSubstr("dossier_reconcile_lag_seconds{source=\"wiz\"} 30"));
    EXPECT_TRUE(*look());
    EXPECT_EQ(findings().size(), 15U);
}

TEST_F(Polling, WhatCannotBeReadIsQuarantined) {
    platform->put_raw(R"({"neither":"id","nor":"title"})");
    platform->put_raw("no JSON");
    platform->put("i1", "b1", clock.now());
    EXPECT_TRUE(*look());
    EXPECT_EQ(findings().size(), 1U);
    EXPECT_EQ(value_of(store->list_quarantine({})).items.size(), 2U);
    EXPECT_EQ(account().quarantined, 2);
}

TEST_F(Polling, APlatformThatLeadsNowhereIsAnErrorAndNoLoop) {
    platform->never_ends = true;
    platform->put("i1", "b1", clock.now());
    EXPECT_EQ(look().error().code, Errc::malformed);
    EXPECT_EQ(platform->looks, 1);
}

TEST_F(Polling, ReopensWhatIsThereAgainAsBefore) {
    for (const auto* status : {"OPEN", "RESOLVED", "OPEN"}) {
        clock.step(Duration{1'000});
        platform->put("i1", "b1", clock.now(), status);
        EXPECT_TRUE(*look());
    }
    EXPECT_EQ(findings().at(0).status, Status::open);
    EXPECT_EQ(findings().at(0).version, 3);
}

TEST_F(Polling, WaitsForRoomInTheQueue) {
    constexpr int buckets = 100;
    constexpr int each = 100;
    platform->page_size = 500;
    for (int i = 0; i < buckets * each; ++i)
        platform->put("i" + std::to_string(i), "b" + std::to_string(i / each), clock.now());
    constexpr std::size_t capacity = 100;
    Receiver narrow({source()}, *store, clock, metrics, capacity);
    Reconciler polling(station(narrow, *store));

    bool done = false;
    std::size_t deepest = 0;
    // A worker: whatever is claimed is done at once.
    const auto work = [&]() -> Task<void> {
        while (!done) {
            deepest = std::max(deepest, store->backlog());
            auto claims = co_await store->claim_ready("worker", clock.now(), std::chrono::minutes(10), 10);
            for (const auto& claim : *claims) {
                auto row = co_await store->load_work(claim.dossier_id);
                store::StageCommit commit{.claim = claim, .at = clock.now(), .stage = Stage::digested};
                for (const auto& finding : row->findings)
                    if (finding.stage == Stage::received) commit.findings.push_back({.id = finding.id, .doc = "{}"});
                if (!co_await store->commit_stage(std::move(commit))) throw std::runtime_error("commit");
                if (!co_await store->release({.claim = claim, .at = clock.now()})) throw std::runtime_error("release");
            }
            if (claims->empty()) co_await sleep_for(std::chrono::milliseconds(1));
        }
    };
    Result<bool> looked = false;
    static asio::io_context loop; // outlives the store, whose threads post to it
    loop.restart();
    asio::co_spawn(loop, work, [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
    asio::co_spawn(
        loop,
        [&]() -> Task<void> {
            looked = co_await polling.look();
            done = true;
        },
        [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    loop.run();
    ASSERT_TRUE(looked);
    EXPECT_TRUE(*looked);
    EXPECT_LE(deepest, capacity / 2) << "webhooks have the other half";
    EXPECT_GT(deepest, 0U);
    const auto all = value_of(store->list_dossiers({.limit = 200}));
    ASSERT_EQ(all.items.size(), static_cast<std::size_t>(buckets));
    for (const auto& dossier : all.items) EXPECT_EQ(dossier.findings.size(), static_cast<std::size_t>(each));
}

TEST_F(Polling, TheLoopLooksAtOnceAgainAndEndsWhenToldTo) {
    api.poll = Duration{5};
    Reconciler polling(station(receiver, *store));
    platform->errors = {Errc::unavailable};
    static asio::io_context loop;
    loop.restart();
    asio::cancellation_signal stop;
    bool ended = false;
    asio::co_spawn(loop, polling.run(),
                   asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&) { ended = true; }));
    asio::co_spawn(
        loop,
        [&]() -> Task<void> {
            while (platform->looks < 4) co_await sleep_for(std::chrono::milliseconds(1));
            while (!ended) {
                stop.emit(asio::cancellation_type::terminal);
                co_await sleep_for(std::chrono::milliseconds(1));
            }
        },
        [](const std::exception_ptr&) {});
    loop.run();
    EXPECT_TRUE(ended);
    const auto text = metrics.render();
    EXPECT_THAT(text, HasSubstr("dossier_polls_total{outcome=\"failed\",poller=\"reconcile:wiz\"} 1"));
    EXPECT_THAT(text, HasSubstr("dossier_polls_total{outcome=\"done\",poller=\"reconcile:wiz\"}"));
}

// Unclassified stores ------------------------------------------------------------------------------------------------

auto lake(const std::string& id) -> UnclassifiedStore {
    UnclassifiedStore found;
    found.source_id = id;
    found.resource = {.id = "arn:aws:s3:::" + id, .name = id, .type = "bucket", .cloud = "aws"};
    found.store_kind = "s3";
    found.fields = {{.container = "people.csv", .name = "email", .type = "string"}};
    found.objects = {"people.csv"};
    found.rows = {{{"email", "ada@secret.example"}, {"note", "raw words"}}};
    found.current_tags = {"internal"};
    return found;
}

auto shape_only(std::string_view field, std::string_view value) -> std::string {
    return "<" + std::string(field) + " " + std::to_string(value.size()) + ">";
}

class Backlog : public Polling {
protected:
    BacklogPoller poller{station(receiver, *store), "wiz", shape_only};
    auto ask() -> bool { return value_of(poller.look()); }
    auto whole(const std::string& id) -> Finding {
        const auto dossier = value_of(store->load_work(value_of(store->get_finding(id)).dossier_id));
        return *receiver.normalise(dossier.findings.at(0));
    }
};

TEST_F(Backlog, AStoreBecomesAFindingWhoseSamplesAreMasked) {
    platform->stores = {lake("lake")};
    EXPECT_TRUE(ask());
    ASSERT_EQ(findings().size(), 1U);
    const auto finding = whole(findings()[0].id);
    EXPECT_EQ(finding.finding_type, FindingType::unclassified_data);
    EXPECT_EQ(finding.control, ControlFamily::classification);
    EXPECT_EQ(finding.title, "Sensitivity unknown: lake");
    EXPECT_EQ(finding.resource.id, "arn:aws:s3:::lake");
    ASSERT_EQ(finding.data.fields.size(), 1U);
    EXPECT_EQ(finding.data.fields[0].name, "email");
    EXPECT_THAT(finding.data.objects, testing::ElementsAre("people.csv"));
    EXPECT_THAT(finding.data.samples, testing::ElementsAre("email=<email 18>, note=<note 9>"));
    const auto stored = value_of(store->get_finding(findings()[0].id)).raw;
    EXPECT_THAT(stored, Not(HasSubstr("ada@secret")));
    EXPECT_THAT(stored, Not(HasSubstr("raw words")));
    EXPECT_TRUE(value_of(store->deliveries({}, clock.now() + std::chrono::days(1))).empty()) << "nobody delivers these";
}

TEST_F(Backlog, OnlyAChangedSchemaIsNews) {
    struct Row {
        const char* name;
        std::function<void(UnclassifiedStore&)> change;
        int version;
    };
    const Row rows[] = {
        {"first", [](auto&) {}, 1},
        {"the same", [](auto&) {}, 1},
        {"other samples", [](auto& s) { s.rows = {{{"email", "x@y.example"}}}; }, 1},
        {"other objects", [](auto& s) { s.objects = {"more.csv"}; }, 1},
        {"scanned", [this](auto& s) { s.last_scanned = clock.now(); }, 1},
        {"a new column", [](auto& s) { s.fields.push_back({.container = "people.csv", .name = "ssn"}); }, 2},
    };
    auto found = lake("lake");
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        row.change(found);
        clock.step(Duration{1'000});
        platform->stores = {found};
        EXPECT_TRUE(ask());
        ASSERT_EQ(findings().size(), 1U);
        EXPECT_EQ(findings()[0].version, row.version);
    }
}

TEST_F(Backlog, WhatIsNoLongerThereIsResolvedAndMayComeBack) {
    for (int i = 0; i < 25; ++i) platform->stores.push_back(lake("lake" + std::to_string(i)));
    EXPECT_TRUE(ask());
    EXPECT_EQ(findings().size(), 25U);
    const auto gone = platform->stores.back();
    platform->stores.pop_back();
    platform->errors = {Errc::timeout};
    EXPECT_FALSE(run_task(poller.look())) << "a look that failed says nothing of what is gone";
    EXPECT_TRUE(value_of(store->list_findings({.status = Status::resolved}, {})).items.empty());
    EXPECT_TRUE(ask());
    const auto resolved = value_of(store->list_findings({.status = Status::resolved}, {})).items;
    ASSERT_EQ(resolved.size(), 1U);
    EXPECT_EQ(resolved[0].title, "Sensitivity unknown: lake24");
    EXPECT_TRUE(ask());
    EXPECT_EQ(value_of(store->get_finding(resolved[0].id)).version, 2);
    platform->stores.push_back(gone);
    EXPECT_TRUE(ask());
    EXPECT_EQ(value_of(store->get_finding(resolved[0].id)).status, Status::open);
}

TEST(UnclassifiedFinding, BoundsWhatAStoreMayPutIntoIt) {
    auto found = lake("lake");
    found.rows.assign(1'000, std::vector<std::pair<std::string, std::string>>(200, {std::string(5'000, 'f'), "v"}));
    found.fields.assign(5'000, {.container = "c", .name = std::string(5'000, 'n'), .type = "t"});
    found.objects.assign(5'000, "o");
    const auto finding = unclassified_finding("wiz", "wiz", found, shape_only, Timestamp{});
    EXPECT_EQ(finding.data.samples.size(), 100U);
    EXPECT_LT(finding.data.samples[0].size(), 50U * 6'000);
    EXPECT_EQ(finding.data.fields.size(), 500U);
    EXPECT_LE(finding.data.fields[0].name.size(), 300U);
    EXPECT_EQ(finding.data.objects.size(), 200U);
}

} // namespace
} // namespace dossier::ingest
