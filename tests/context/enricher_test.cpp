#include "dossier/context/enricher.hpp"

#include "dossier/context/file_sources.hpp"
#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

auto finding() -> Finding {
    Finding finding;
    finding.resource = {.id = "arn:aws:s3:::acme-payments-exports", .name = "acme-payments-exports"};
    finding.resource.tags = {{"owner", "alice"}};
    return finding;
}

struct Sources {
    std::vector<std::unique_ptr<IdentitySource>> identity;
    std::vector<std::unique_ptr<CmdbSource>> cmdb;
};

auto enrich(Sources sources, Metrics& metrics, std::chrono::milliseconds timeout = 5s) -> Context {
    ContextConfig config;
    config.timeout = timeout;
    Enricher enricher({.identity = std::move(sources.identity), .cmdb = std::move(sources.cmdb)}, config, metrics);
    return run(enricher.enrich({finding()}, deadline_in(30s)));
}

auto good_identity() -> std::unique_ptr<IdentitySource> {
    const Person alice{
        .id = "alice", .name = "Alice Ngo", .email = "alice@acme.example", .department = "Payments", .manager = "bob"};
    IdentityAnswer answer;
    answer.access = {{.id = "etl", .kind = "role", .level = "read"}, {.id = "etl", .kind = "role", .level = "read"}};
    return std::make_unique<FakeIdentity>("good", Behaviour::answers, answer, std::vector{alice});
}

TEST(Enricher, CompletesTheOwnerFromIdentity) {
    Metrics metrics;
    Sources sources;
    sources.identity.push_back(good_identity());
    sources.cmdb.push_back(std::make_unique<FakeCmdb>("good", Behaviour::answers,
                                                      Asset{.environment = Environment::prod,
                                                            .owner = "alice@acme.example",
                                                            .support_group = "payments-oncall",
                                                            .origin = "cmdb:good"}));
    const auto context = enrich(std::move(sources), metrics);
    EXPECT_EQ(context.owner.id, "alice");
    EXPECT_EQ(context.owner.department, "Payments");
    EXPECT_EQ(context.owner.manager, "bob");
    EXPECT_EQ(context.owner.team, "payments-oncall");
    EXPECT_FALSE(context.owner.disputed) << "tag and CMDB name the same person in two spellings";
    EXPECT_GT(context.owner.confidence, 0.9);
    EXPECT_EQ(context.environment, Environment::prod);
    EXPECT_EQ(context.environment_origin, "cmdb:good");
    EXPECT_EQ(context.access.size(), 1U);
    EXPECT_TRUE(context.gaps.empty());
    EXPECT_THAT(metrics.render(), HasSubstr("dossier_context_seconds"));
}

TEST(Enricher, ASourceThatDoesNotAnswerIsAGapAndNothingElse) {
    struct Row {
        const char* name;
        Behaviour behaviour;
        const char* reason;
        const char* outcome;
    };
    const Row rows[] = {
        {"silent", Behaviour::is_silent, "timed out after", "timeout"},
        {"failing", Behaviour::fails, "the directory refused the connection", "error"},
        {"throwing", Behaviour::throws, "failed unexpectedly", "error"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Metrics metrics;
        int ended = 0;
        Sources sources;
        sources.identity.push_back(
            std::make_unique<FakeIdentity>("bad", row.behaviour, IdentityAnswer{}, std::vector<Person>{}, &ended));
        sources.identity.push_back(good_identity());
        sources.cmdb.push_back(std::make_unique<FakeCmdb>("bad", row.behaviour, std::nullopt, &ended));
        const auto context = enrich(std::move(sources), metrics, 30ms);
        EXPECT_EQ(context.owner.name, "Alice Ngo") << "the others still count";
        ASSERT_EQ(context.gaps.size(), 2U);
        EXPECT_EQ(context.gaps[0].source, "cmdb:bad");
        EXPECT_EQ(context.gaps[1].source, "identity:bad");
        for (const auto& gap : context.gaps) {
            EXPECT_THAT(gap.reason, HasSubstr(row.reason));
            EXPECT_THAT(gap.reason, Not(HasSubstr("secret detail")));
        }
        EXPECT_EQ(ended, row.behaviour == Behaviour::is_silent ? 2 : 0) << "what was started has ended";
        EXPECT_THAT(metrics.render(), HasSubstr(row.outcome));
    }
}

TEST(Enricher, WaitsForSilentSourcesSideBySide) {
    Metrics metrics;
    Sources sources;
    for (int i = 0; i < 20; ++i)
        sources.cmdb.push_back(std::make_unique<FakeCmdb>("slow" + std::to_string(i), Behaviour::is_silent));
    const auto start = std::chrono::steady_clock::now();
    const auto context = enrich(std::move(sources), metrics, 100ms);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1s) << "one after the other would take 2 s";
    EXPECT_EQ(context.gaps.size(), 20U);
}

TEST(Enricher, AsksNobodyOnceTheDeadlineHasPassed) {
    Metrics metrics;
    Sources sources;
    sources.identity.push_back(good_identity());
    Enricher enricher({.identity = std::move(sources.identity)}, ContextConfig{}, metrics);
    const auto context = run(enricher.enrich({finding()}, deadline_in(-1s)));
    ASSERT_EQ(context.gaps.size(), 1U);
    EXPECT_THAT(context.gaps.front().reason, HasSubstr("no time was left"));
    EXPECT_EQ(context.owner.id, "alice") << "the finding's own tag needs no source";
}

TEST(Enricher, CancellationReachesEverySource) {
    Metrics metrics;
    int ended = 0;
    Sources sources;
    for (int i = 0; i < 3; ++i)
        sources.cmdb.push_back(std::make_unique<FakeCmdb>("slow", Behaviour::is_silent, std::nullopt, &ended));
    ContextConfig config;
    config.timeout = 1h;
    Enricher enricher({.cmdb = std::move(sources.cmdb)}, config, metrics);
    asio::io_context io;
    asio::cancellation_signal cancel;
    bool finished = false;
    asio::co_spawn(
        io, enricher.enrich({finding()}, deadline_in(1h)),
        asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&, Context) { finished = true; }));
    io.run_for(20ms);
    EXPECT_FALSE(finished);
    cancel.emit(asio::cancellation_type::terminal);
    io.run_for(5s);
    EXPECT_TRUE(finished);
    EXPECT_EQ(ended, 3);
}

/// Says what it is asked about.
class EchoCmdb final : public CmdbSource {
public:
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource resource, Deadline) -> Task<Result<std::optional<Asset>>> override {
        ++calls;
        co_return Asset{.application = resource.id + "|" + resource.name + "|" + resource.account};
    }
    int calls = 0;

private:
    std::string name_ = "echo";
};

TEST(Enricher, AsksAboutTheResourceAsAllItsFindingsDescribeIt) {
    Metrics metrics;
    auto echo = std::make_unique<EchoCmdb>();
    auto& asked = *echo;
    std::vector<std::unique_ptr<CmdbSource>> cmdb;
    cmdb.push_back(std::move(echo));
    Enricher enricher({.cmdb = std::move(cmdb)}, ContextConfig{}, metrics);
    Finding by_platform;
    by_platform.resource = {.id = "b1946ac9-2492-4a9b", .account = "111122223333"};
    const auto both = run(enricher.enrich({by_platform, finding()}, deadline_in(5s)));
    ASSERT_TRUE(both.asset.has_value());
    EXPECT_EQ(both.asset->application, "arn:aws:s3:::acme-payments-exports|acme-payments-exports|111122223333");
    const auto again = run(enricher.enrich({by_platform, finding()}, deadline_in(5s)));
    EXPECT_EQ(asked.calls, 1) << "the same question is asked once";
    const auto alone = run(enricher.enrich({by_platform}, deadline_in(5s)));
    EXPECT_EQ(alone.asset->application, "b1946ac9-2492-4a9b||111122223333");
    EXPECT_EQ(asked.calls, 2) << "a poorer description is another question";
}

TEST(Enricher, KnowsThePeopleOfTheExamples) {
    struct Row {
        const char* name;
        Resource resource;
        const char* owner;
        const char* department;
    };
    const Row rows[] = {
        {"bucket", {.id = "arn:aws:s3:::acme-payments-exports", .name = "acme-payments-exports"}, "alice", "Payments"},
        {"database", {.id = "/subscriptions/s/x", .name = "sqldb-hr-prod"}, "dmitri", "People"},
        {"archive",
         {.id = "//storage/acme-clinical-archive", .name = "acme-clinical-archive"},
         "efua",
         "Clinical Research"},
        {"account", {.id = "x", .name = "other", .account = "111122223333"}, "bob", "Payments"},
    };
    Metrics metrics;
    ContextConfig config;
    config.identity = {{.kind = "file", .name = "file", .path = DOSSIER_SOURCE_DIR "/config/identity.yaml"}};
    config.cmdb = {{.kind = "file", .name = "", .path = DOSSIER_SOURCE_DIR "/config/cmdb.yaml"}};
    Runtime runtime(1);
    net::HttpClient client(runtime);
    const SourceMakings makings{.client = client, .metrics = metrics, .platforms = {}, .graph_limits = {}};
    auto made = make_enricher(config, makings);
    ASSERT_TRUE(made.has_value()) << made.error().describe();
    const auto& enricher = *made;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Finding finding;
        finding.resource = row.resource;
        const auto context = run(enricher->enrich({finding}, deadline_in(5s)));
        EXPECT_TRUE(context.gaps.empty());
        EXPECT_EQ(context.owner.id, row.owner);
        EXPECT_EQ(context.owner.department, row.department);
        EXPECT_FALSE(context.owner.disputed);
    }
    config.identity.front().kind = "telepathy";
    EXPECT_EQ(make_enricher(config, makings).error().code, Errc::invalid_argument);
}

} // namespace
} // namespace dossier::context
