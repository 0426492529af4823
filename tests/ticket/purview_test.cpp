#include "support/run_task.hpp"

#include "dossier/ticket/purview.hpp"

#include "local_server.hpp"

#include "dossier/base/runtime.hpp"

#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using test::LocalServer;
using test::Reply;
using test::Seen;

constexpr auto runs_path = "/scan/datasources/Storage-Payments/scans/Weekly/runs";
constexpr auto start_path = "/scan/datasources/Storage-Payments/scans/Weekly:run";

/// A target with a real client in front of a server that plays Purview.
class PurviewFixture {
public:
    explicit PurviewFixture(std::function<std::optional<Reply>(const Seen&)> scanning)
        : server([scanning = std::move(scanning)](const Seen& seen) -> std::optional<Reply> {
              if (seen.path == "/token")
                  return Reply{200, {{"access_token", "t"}, {"token_type", "Bearer"}, {"expires_in", 3600}}, {}};
              return scanning(seen);
          }) {
        runtime.start();
        PurviewConfig config;
        config.name = "purview";
        config.url = server.url();
        config.auth_url = server.url() + "/token";
        config.client_id = "id";
        config.client_secret = Secret("s");
        config.poll = Duration{7'000};
        config.timeout = Duration{2'000};
        config.scans = {{.resource = {}, .account = {}, .data_source = "Storage-Payments", .scan = "Weekly"}};
        client = std::make_unique<net::HttpClient>(runtime, 1);
        target = make_purview_target(config, *client, metrics);
    }
    ~PurviewFixture() {
        target.reset();
        client.reset();
        runtime.stop();
    }
    PurviewFixture(const PurviewFixture&) = delete;
    auto operator=(const PurviewFixture&) -> PurviewFixture& = delete;

    template <class T>
    auto run(Task<T> task) -> T {
        return dossier::test::start_task(runtime.lane(0), std::move(task)).get();
    }
    auto count(const std::string& path) const -> std::size_t {
        std::size_t found = 0;
        for (const auto& one : server.seen()) found += one.path == path ? 1U : 0U;
        return found;
    }

    LocalServer server;
    Metrics metrics;
    Runtime runtime{1};
    std::unique_ptr<net::HttpClient> client;
    std::shared_ptr<ActionTarget> target;
};

auto action_of(const char* payload = R"({"data_source":"Storage-Payments","scan":"Weekly","level":"Full"})") -> Action {
    Action action;
    action.key = "dossier-0123456789abcdef0123456789abcdef";
    action.draft.kind = "scan";
    action.draft.payload = payload;
    return action;
}

auto history(Json runs) -> Reply { return {200, {{"value", std::move(runs)}}, {}}; }

TEST(Purview, ARunsIdIsThatOfItsAction) {
    const auto id = run_id_of("dossier-1");
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(id, run_id_of("dossier-1"));
    EXPECT_NE(id, run_id_of("dossier-2"));
    EXPECT_EQ(id[14], '8');
    EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
}

TEST(Purview, JudgesARunByWhatTheHistoryTells) {
    const auto id = run_id_of(action_of().key);
    const struct {
        const char* name;
        Json run;
        std::optional<Errc> error;
        const char* words;
    } rows[] = {
        {"under way", {{"id", id}, {"status", "InProgress"}, {"endTime", nullptr}}, Errc::unavailable, "InProgress"},
        {"a state that nobody documented", {{"id", id}, {"status", "Throttled"}}, Errc::unavailable, "Throttled"},
        {"no state at all", {{"id", id}}, Errc::unavailable, "under way"},
        {"wrong types", {{"id", id}, {"status", 7}, {"endTime", 7}}, Errc::unavailable, "the scan is 7"},
        {"done",
         {{"id", id}, {"status", "Succeeded"}, {"assetsDiscovered", 8}, {"assetsClassified", 3}},
         {},
         "8 assets discovered, 3 classified"},
        {"done in part",
         {{"id", id}, {"status", "CompletedWithExceptions"}, {"endTime", "2026-11-26T07:06:00Z"}},
         {},
         "ended as CompletedWithExceptions"},
        {"failed",
         {{"id", id}, {"status", "Failed"}, {"errorMessage", "no\ncredential"}},
         Errc::rejected,
         "no credential"},
        {"cancelled by a person", {{"id", id}, {"status", "Canceled"}}, Errc::rejected, "ended as Canceled"},
    };
    for (const auto& row : rows) {
        PurviewFixture purview([&](const Seen&) { return history(Json::array({row.run})); });
        const auto done = purview.run(purview.target->perform(action_of(), deadline_in(Duration{10'000})));
        EXPECT_EQ(done.has_value(), !row.error) << row.name;
        if (done) EXPECT_NE(done->detail.find(row.words), std::string::npos) << row.name << ": " << done->detail;
        if (!done) EXPECT_EQ(done.error().code, *row.error) << row.name;
        if (!done) EXPECT_NE(done.error().message.find(row.words), std::string::npos) << done.error().message;
        EXPECT_EQ(purview.count(start_path), 0U) << row.name;
    }
}

TEST(Purview, StartsARunThatIsNotThereAndAsksAgainLater) {
    PurviewFixture purview([](const Seen& seen) {
        return seen.path == runs_path ? history(Json::array({{{"id", "another"}, {"status", "Succeeded"}}}))
                                      : Reply{202, {{"status", "Accepted"}}, {}};
    });
    const auto found = purview.run(purview.target->find(action_of(), deadline_in(Duration{10'000})));
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
    const auto done = purview.run(purview.target->perform(action_of(), deadline_in(Duration{10'000})));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::unavailable);
    EXPECT_EQ(done.error().retry_after, Duration{7'000});
    const auto calls = purview.server.seen();
    const auto& start = calls.back();
    EXPECT_EQ(start.method, "POST");
    EXPECT_EQ(start.query("runId"), run_id_of(action_of().key));
    EXPECT_EQ(start.query("scanLevel"), "Full");
    EXPECT_EQ(start.query("api-version"), "2023-09-01");
    EXPECT_EQ(start.headers.get("Authorization"), "Bearer t");
}

TEST(Purview, NeverStartsBlindly) {
    const struct {
        const char* name;
        std::optional<Reply> history;
        std::optional<Reply> start;
        Errc expected;
        std::size_t starts;
    } rows[] = {
        {"the history can't be had", Reply{403, {{"error", {{"message", "no role"}}}}, {}}, {}, Errc::forbidden, 0},
        {"the history is none", Reply{200, {{"value", 4}}, {}}, {}, Errc::malformed, 0},
        {"the next page is elsewhere",
         Reply{200, {{"value", Json::array()}, {"nextLink", "https://evil.example/scan/x"}}, {}},
         {},
         Errc::malformed,
         0},
        {"no such scan", Reply{404, {{"error", {{"message", "ScanNotFound"}}}}, {}}, {}, Errc::not_found, 0},
        {"another run is under way", history(Json::array()), Reply{409, {}, {}}, Errc::unavailable, 1},
        {"the start was refused", history(Json::array()), Reply{400, {}, {}}, Errc::rejected, 1},
        {"its answer was lost", history(Json::array()), {}, Errc::outcome_unknown, 1},
    };
    for (const auto& row : rows) {
        PurviewFixture purview([&](const Seen& seen) { return seen.path == runs_path ? row.history : row.start; });
        const auto done = purview.run(purview.target->perform(action_of(), deadline_in(Duration{10'000})));
        ASSERT_FALSE(done) << row.name;
        EXPECT_EQ(done.error().code, row.expected) << row.name << ": " << done.error().message;
        EXPECT_EQ(purview.count(start_path), row.starts) << row.name;
    }
}

TEST(Purview, TakesNoOrderThatItCantRead) {
    for (const auto* payload :
         {"", "[]", R"({"data_source":"a/../b","scan":"s","level":"Full"})",
          R"({"data_source":"a","scan":"","level":"Full"})", R"({"data_source":"a","scan":"s","level":"full"})",
          R"({"data_source":1,"scan":"s","level":"Full"})"}) {
        EXPECT_FALSE(scan_order_from(payload)) << payload;
        PurviewFixture purview([](const Seen&) { return history(Json::array()); });
        const auto done = purview.run(purview.target->perform(action_of(payload), deadline_in(Duration{5'000})));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, Errc::invalid_argument);
        EXPECT_TRUE(purview.server.seen().empty());
    }
}

TEST(Purview, AStoreHasTheFirstScanThatCoversIt) {
    PurviewConfig config;
    config.level = "full";
    config.scans = {{.resource = {"payments-*"}, .account = {"111"}, .data_source = "A", .scan = "a"},
                    {.resource = {"*:::payments-*"}, .account = {}, .data_source = "B", .scan = "b"}};
    Resource resource;
    resource.id = "arn:aws:s3:::payments-eu";
    resource.name = "payments-eu";
    resource.account = "111";
    EXPECT_EQ(scan_for(config, resource).value().scan, "a");
    resource.account = "222";
    EXPECT_EQ(scan_for(config, resource).value().scan, "b");
    EXPECT_EQ(scan_for(config, resource).value().level, "Full");
    resource.id = resource.name = "hr";
    EXPECT_FALSE(scan_for(config, resource));
}

} // namespace
} // namespace dossier::ticket
