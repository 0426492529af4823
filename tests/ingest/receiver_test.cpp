#include "support/run_task.hpp"

#include "dossier/ingest/receiver.hpp"

#include "dossier/base/json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace dossier::ingest {
namespace {

class StillClock final : public Clock {
public:
    auto now() const -> Timestamp override { return Timestamp{std::chrono::seconds(1'772'611'200)}; }
};

/// Keeps what is committed, recognises repeats by fingerprint, and fails or is full on demand.
class MemoryIntake final : public store::IntakeStore {
public:
    std::size_t waiting = 0;
    std::map<std::string, std::int64_t, std::less<>> held; ///< of these, by source
    bool broken = false;
    std::vector<store::Intake> committed;
    std::vector<store::AuditEntry> audit;
    std::map<std::string, store::QuarantineRow> quarantine;

    auto commit_intake(store::Intake intake, std::vector<store::AuditEntry> entries)
        -> Task<Result<std::vector<store::IntakeResult>>> override {
        // Durability takes a while: others get their turn before it is done.
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (broken) co_return fail(Errc::storage, "disk full");
        std::vector<store::IntakeResult> results;
        for (const auto& item : intake.items) {
            store::IntakeResult result;
            if (item.finding) {
                result.fingerprint = item.finding->fingerprint;
                result.id = "fnd_" + result.fingerprint;
                result.outcome = known_.insert(result.fingerprint).second ? Outcome::created : Outcome::duplicate;
                ++waiting;
            } else {
                result.id = "qrn_" + std::to_string(quarantine.size());
                result.outcome = Outcome::quarantined;
                quarantine[result.id] = {
                    .id = result.id, .source = intake.source, .reason = item.quarantine_reason, .raw = item.raw};
            }
            results.push_back(std::move(result));
        }
        committed.push_back(std::move(intake));
        for (auto& entry : entries) audit.push_back(std::move(entry));
        co_return results;
    }
    auto backlog() const -> std::size_t override { return waiting; }
    auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override { return held; }
    auto list_quarantine(store::Page) -> Task<Result<store::Listing<store::QuarantineRow>>> override {
        co_return store::Listing<store::QuarantineRow>{};
    }
    auto get_quarantine(std::string id) -> Task<Result<store::QuarantineRow>> override {
        const auto found = quarantine.find(id);
        if (found == quarantine.end()) co_return fail(Errc::not_found, "no such item");
        co_return found->second;
    }
    auto accept_quarantined(std::string id, store::IntakeItem item, Timestamp, std::vector<store::AuditEntry> entries)
        -> Task<Result<store::IntakeResult>> override {
        for (auto& entry : entries) audit.push_back(std::move(entry));
        store::IntakeResult result;
        result.id = "fnd_" + item.finding->fingerprint;
        result.fingerprint = item.finding->fingerprint;
        quarantine[id].finding_id = result.id;
        co_return result;
    }

private:
    std::set<std::string> known_;
};

template <class T>
auto run(Task<T> task) -> T {
    asio::io_context context;
    return dossier::test::run_on(context, std::move(task));
}

auto source(std::string name, std::string kind, SourceAuthConfig auth = {}, double rate = 0) -> SourceConfig {
    return {.name = std::move(name), .kind = std::move(kind), .auth = std::move(auth), .rate = Rate{rate}};
}

auto orca_alert(int number) -> std::string {
    return R"({"state":{"alert_id":"orca-)" + std::to_string(number) +
           R"(","status":"open","risk_level":"high"},"type_string":"Open bucket","asset_name":"b"})";
}

auto request(std::string body) -> net::HttpRequest {
    net::HttpRequest made;
    made.method = "POST";
    made.body = std::move(body);
    made.request_id = "req-1";
    return made;
}

class ReceiverTest : public testing::Test {
protected:
    MemoryIntake store;
    StillClock clock;
    Metrics metrics;
    SourceAuthConfig bearer{.type = SourceAuthConfig::Type::bearer, .token = Secret("s3cret")};
    SourceAuthConfig hmac_auth{.type = SourceAuthConfig::Type::hmac, .header = "X-Sig", .secret = Secret("key")};
    Receiver receiver{{source("orca-eu", "orca"), source("wiz", "wiz", bearer, 2), source("signed", "orca", hmac_auth)},
                      store,
                      clock,
                      metrics,
                      10};

    auto receive(std::string body, std::string name = "orca-eu") -> Result<std::vector<store::IntakeResult>> {
        auto delivered = run(receiver.receive(std::move(name), request(std::move(body))));
        if (!delivered) return fail(std::move(delivered.error()));
        return std::move(delivered->results);
    }
};

TEST_F(ReceiverTest, AdmitsKnownSourcesWithTheirCredentialsWithinTheirRate) {
    auto head = request("");
    EXPECT_TRUE(receiver.admit("orca-eu", head));
    EXPECT_EQ(receiver.admit("nobody", head).error().code, Errc::not_found);
    EXPECT_EQ(receiver.admit("orca", head).error().code, Errc::not_found) << "a kind is no source";
    EXPECT_EQ(receiver.admit("wiz", head).error().code, Errc::unauthenticated);
    head.headers.set("Authorization", "Bearer s3cret");
    EXPECT_TRUE(receiver.admit("wiz", head));
    EXPECT_TRUE(receiver.admit("wiz", head));
    const auto refused = receiver.admit("wiz", head);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::rate_limited);
    EXPECT_TRUE(refused.error().retry_after);
}

TEST_F(ReceiverTest, CommitsAFindingWithItsBytesAndOneAuditEntry) {
    const auto body = "  " + orca_alert(1) + "\n";
    const auto results = receive(body);
    ASSERT_TRUE(results);
    ASSERT_EQ(results->size(), 1U);
    EXPECT_EQ((*results)[0].outcome, Outcome::created);
    ASSERT_EQ(store.committed.size(), 1U);
    EXPECT_EQ(store.committed[0].items[0].raw, body) << "as received, byte for byte";
    EXPECT_EQ(store.committed[0].request_id, "req-1");
    EXPECT_EQ(store.committed[0].items[0].finding->source, "orca-eu");
    ASSERT_EQ(store.audit.size(), 1U);
    EXPECT_EQ(store.audit[0].action, "finding.received");
    const auto& members = store.audit[0].members;
    EXPECT_EQ(members,
              (std::vector<std::pair<std::string, std::string>>{{"fingerprint", '"' + (*results)[0].fingerprint + '"'},
                                                                {"request_id", "\"req-1\""},
                                                                {"source", "\"orca-eu\""}}))
        << "as they are sealed";
}

TEST_F(ReceiverTest, RecordsEachItemOfADeliveryByItself) {
    ASSERT_TRUE(receive("[" + orca_alert(1) + ",{\"no\":\"finding\"}," + orca_alert(2) + "]"));
    ASSERT_EQ(store.audit.size(), 3U);
    EXPECT_EQ(store.audit[0].action, "finding.received");
    EXPECT_EQ(store.audit[1].action, "item.quarantined");
    EXPECT_EQ(store.audit[2].action, "finding.received");
}

TEST_F(ReceiverTest, AnswersBadBodiesAsThePagesSay) {
    struct Case {
        const char* name;
        std::string body;
        std::optional<Errc> error;
        std::size_t results;
        std::size_t quarantined;
    };
    const Case cases[] = {
        {"not JSON", "{", Errc::malformed, 0, 0},
        {"nothing", "", Errc::malformed, 0, 0},
        {"two values", "{} {}", Errc::malformed, 0, 0},
        {"invalid UTF-8", "{\"a\":\"\xFF\"}", Errc::malformed, 0, 0},
        {"too deep", std::string(5'000, '[') + std::string(5'000, ']'), Errc::malformed, 0, 0},
        {"empty array", "[]", std::nullopt, 0, 0},
        {"no finding", R"({"hello":"world"})", std::nullopt, 1, 1},
        {"a scalar", "42", std::nullopt, 1, 1},
        {"duplicate keys and huge numbers", R"({"a":1,"a":123456789012345678901234567890})", std::nullopt, 1, 1},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        const auto before = store.quarantine.size();
        const auto results = receive(row.body);
        EXPECT_EQ(results.has_value(), !row.error);
        if (!results) {
            EXPECT_EQ(results.error().code, *row.error);
        } else {
            EXPECT_EQ(results->size(), row.results);
        }
        EXPECT_EQ(store.quarantine.size() - before, row.quarantined);
    }
}

TEST_F(ReceiverTest, OneBadItemLeavesTheOtherNine) {
    std::string body = "[";
    for (int i = 0; i < 9; ++i) body += orca_alert(i) + ",";
    body += R"({"broken":[1,2]}])";
    const auto results = receive(body);
    ASSERT_TRUE(results);
    ASSERT_EQ(results->size(), 10U);
    for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ((*results)[i].outcome, Outcome::created);
    EXPECT_EQ((*results)[9].outcome, Outcome::quarantined);
    ASSERT_EQ(store.quarantine.size(), 1U);
    const auto& row = store.quarantine.begin()->second;
    EXPECT_EQ(row.raw, R"({"broken":[1,2]})");
    EXPECT_TRUE(row.reason.contains("no alert of Orca")) << row.reason;
    EXPECT_TRUE(receiver.normalise("orca-eu", store.committed[0].items[3].raw)) << "an item's bytes stand alone";
    EXPECT_TRUE(metrics.render().contains("dossier_quarantined_total"));
}

TEST_F(ReceiverTest, ARepeatedDeliveryIsADuplicate) {
    EXPECT_EQ(receive(orca_alert(1))->front().outcome, Outcome::created);
    EXPECT_EQ(receive(orca_alert(1))->front().outcome, Outcome::duplicate);
}

TEST_F(ReceiverTest, RefusesAtCapacityAndSaysWhenToComeBack) {
    store.waiting = 9;
    EXPECT_TRUE(receive(orca_alert(1)));
    const auto refused = receive(orca_alert(2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_TRUE(refused.error().retry_after);
    EXPECT_TRUE(receive("[]")) << "nothing to take in needs no room";
    store.waiting = 0;
    EXPECT_TRUE(receive(orca_alert(2))) << "what is in flight ends with its commit";
}

TEST_F(ReceiverTest, TakesABatchLargerThanItsCapacityOnlyWhenIdle) {
    std::string body = "[" + orca_alert(0);
    for (int i = 1; i < 12; ++i) body += "," + orca_alert(i);
    body += "]";
    store.waiting = 1;
    EXPECT_EQ(receive(body).error().code, Errc::overloaded);
    store.waiting = 0;
    EXPECT_EQ(receive(body)->size(), 12U);
}

TEST_F(ReceiverTest, AFullQueueRefusesByTheHeadAlone) {
    store.waiting = 10;
    const auto refused = receiver.admit("orca-eu", request(""));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_GE(refused.error().retry_after.value(), Duration{1'000});
    EXPECT_EQ(receiver.admit("wiz", request("")).error().code, Errc::unauthenticated) << "who it is comes first";
    EXPECT_TRUE(metrics.render().contains(R"(dossier_refusals_total{reason="queue_full",source="orca-eu"} 1)"))
        << metrics.render();
    store.waiting = 9;
    EXPECT_TRUE(receiver.admit("orca-eu", request("")));
}

TEST_F(ReceiverTest, ANoisySourceLeavesRoomToOthersThatWantIn) {
    store.waiting = 10;
    store.held = {{"orca-eu", 10}};
    EXPECT_EQ(receive(orca_alert(1), "signed-not").error().code, Errc::not_found);
    EXPECT_FALSE(receiver.admit("orca-eu", request("")));
    EXPECT_FALSE(receiver.admit("signed", request(""))) << "full is full";
    store.waiting = 9;
    store.held = {{"orca-eu", 9}};
    const auto noisy = receiver.admit("orca-eu", request(""));
    ASSERT_FALSE(noisy) << "the place that came free is kept for who asked meanwhile";
    EXPECT_TRUE(noisy.error().message.contains("share")) << noisy.error().message;
    EXPECT_TRUE(receiver.admit("signed", request("")));
    store.waiting = 7;
    store.held = {{"orca-eu", 7}};
    EXPECT_TRUE(receiver.admit("orca-eu", request(""))) << "under its share it gets in again";
}

TEST_F(ReceiverTest, WhatIsPulledHasHalfOfTheQueue) {
    auto queue = source("queue", "sqs");
    Receiver pulling({std::move(queue)}, store, clock, metrics, 10);
    store.waiting = 4;
    EXPECT_TRUE(pulling.has_room("queue", 1));
    EXPECT_FALSE(pulling.has_room("queue", 2));
    EXPECT_FALSE(pulling.has_room("nobody", 1));
    store.waiting = 5;
    EXPECT_FALSE(pulling.has_room("queue", 1));
}

TEST_F(ReceiverTest, DeliveriesAtTheSameTimeShareTheCapacity) {
    asio::io_context context;
    int accepted = 0;
    int refused = 0;
    for (int i = 0; i < 30; ++i) {
        asio::co_spawn(context, receiver.receive("orca-eu", request(orca_alert(i))),
                       [&](const std::exception_ptr& failure, const Result<Delivered>& result) {
                           if (failure) std::rethrow_exception(failure);
                           ++(result ? accepted : refused);
                       });
    }
    context.run();
    EXPECT_EQ(accepted, 10);
    EXPECT_EQ(refused, 20);
}

TEST_F(ReceiverTest, PassesOnThatTheStoreCannotWrite) {
    store.broken = true;
    EXPECT_EQ(receive(orca_alert(1)).error().code, Errc::storage);
    EXPECT_TRUE(store.committed.empty());
    store.broken = false;
    EXPECT_TRUE(receive(orca_alert(1)));
}

TEST_F(ReceiverTest, ChecksTheSignatureOnceTheBodyIsThere) {
    EXPECT_TRUE(receiver.admit("signed", request("")));
    EXPECT_EQ(receive(orca_alert(1), "signed").error().code, Errc::unauthenticated);
    auto signed_request = request(orca_alert(1));
    signed_request.headers.set("X-Sig", to_hex(hmac(HashAlgorithm::sha256, "key", signed_request.body)));
    EXPECT_TRUE(run(receiver.receive("signed", signed_request)));
}

TEST_F(ReceiverTest, TriesAQuarantinedItemAgain) {
    store.quarantine["qrn_1"] = {.id = "qrn_1", .source = "orca-eu", .raw = orca_alert(7)};
    store.quarantine["qrn_2"] = {.id = "qrn_2", .source = "orca-eu", .raw = "{\"still\":\"nothing\"}"};
    store.quarantine["qrn_3"] = {.id = "qrn_3", .source = "gone", .raw = orca_alert(8)};
    EXPECT_TRUE(run(receiver.retry_quarantined("qrn_1", {})));
    EXPECT_EQ(run(receiver.retry_quarantined("qrn_1", {})).error().code, Errc::conflict);
    EXPECT_EQ(run(receiver.retry_quarantined("qrn_2", {})).error().code, Errc::malformed);
    EXPECT_EQ(run(receiver.retry_quarantined("qrn_3", {})).error().code, Errc::not_found);
    EXPECT_EQ(run(receiver.retry_quarantined("qrn_9", {})).error().code, Errc::not_found);
}

TEST_F(ReceiverTest, NormalisesForSourcesAndForKinds) {
    EXPECT_EQ(receiver.normalise("orca-eu", orca_alert(1))->source, "orca-eu");
    EXPECT_EQ(receiver.normalise("orca", orca_alert(1))->source, "orca-eu") << "the first source of that kind";
    EXPECT_EQ(receiver.normalise("prisma", R"([{"alertId":"P-1","policyName":"x","severity":"low"}])")->source,
              "prisma");
    EXPECT_EQ(receiver.normalise("", orca_alert(1)).error().code, Errc::not_found);
    EXPECT_EQ(receiver.normalise("nobody", orca_alert(1)).error().code, Errc::not_found);
    EXPECT_EQ(receiver.normalise("orca", "[]").error().code, Errc::malformed);
    const auto all = receiver.normalise_all("orca", "[" + orca_alert(1) + ",{}," + orca_alert(2) + "]");
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 3U);
    EXPECT_TRUE((*all)[0]);
    EXPECT_FALSE((*all)[1]);
    EXPECT_TRUE((*all)[2]);
    EXPECT_EQ(receiver.normalise_all("orca", "{").error().code, Errc::malformed);
    EXPECT_EQ(receiver.source_names(), (std::vector<std::string>{"orca-eu", "signed", "wiz"}));
}

} // namespace
} // namespace dossier::ingest
