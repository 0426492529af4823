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

/// A directory of people and one group.
class Directory final : public IdentitySource {
public:
    Directory(std::vector<Person> people, std::optional<Team> group)
        : people_(std::move(people)), group_(std::move(group)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto cache_key(const Resource&) const -> std::string override { return {}; }
    auto ask(Resource, Deadline) -> Task<Result<IdentityAnswer>> override { co_return IdentityAnswer{}; }
    auto person(std::string name, Deadline) -> Task<Result<std::optional<Person>>> override {
        ++asked;
        if (is_down) co_return fail(Errc::rate_limited, "come back in an hour");
        for (const auto& person : people_)
            if (person.id == name || person.email == name || std::ranges::count(person.aliases, name) > 0)
                co_return std::optional<Person>(person);
        co_return std::optional<Person>();
    }
    auto groups_of(Person person, Deadline) -> Task<Result<std::vector<std::string>>> override {
        ++asked;
        if (person.id == "u-1") co_return std::vector<std::string>{"Payments"};
        co_return std::vector<std::string>{};
    }
    auto team(std::string name, Deadline) -> Task<Result<std::optional<Team>>> override {
        ++asked;
        if (group_ && group_->name == name) co_return group_;
        co_return std::optional<Team>();
    }

    int asked = 0;
    bool is_down = false;

private:
    std::string name_ = "directory";
    std::vector<Person> people_;
    std::optional<Team> group_;
};

const Person bob{.id = "u-2", .name = "Bob A", .email = "bob@acme.example", .department = "Payments"};
const Person alice_there{.id = "u-1",
                         .name = "Alice Ngo",
                         .email = "alice.ngo@acme.example",
                         .department = "Payments",
                         .manager = "u-2",
                         .cost_center = "CC-1",
                         .aliases = {"alice", "alice@acme.example"}};

TEST(Enricher, FindsPeopleTeamsAndManagersBehindTheTags) {
    Person gone = alice_there;
    gone.inactive = "deactivated in identity:directory";
    Person hidden = alice_there;
    hidden.unseen = {"groups: Group.Read is missing"};
    const Team payments{.id = "g-1", .name = "payments", .owners = {bob}};
    struct Row {
        const char* name;
        std::vector<Person> people;
        Tags tags;
        const char* email;
        const char* manager;
        const char* escalation;
        const char* team;
        std::size_t gaps;
    };
    const Row rows[] = {
        {"a login, and the manager by e-mail",
         {alice_there, bob},
         {{"owner", "alice"}},
         "alice.ngo@acme.example",
         "bob@acme.example",
         "",
         "",
         0},
        {"a manager whom nobody knows",
         {alice_there},
         {{"owner", "alice"}},
         "alice.ngo@acme.example",
         "u-2",
         "",
         "",
         0},
        {"whoever has left, with the manager to ask instead",
         {gone, bob},
         {{"owner", "alice"}},
         "alice.ngo@acme.example",
         "bob@acme.example",
         "bob@acme.example",
         "",
         0},
        {"the owner of a group", {}, {{"team", "payments"}}, "bob@acme.example", "", "", "payments", 0},
        {"a group in an owner tag", {}, {{"owner", "payments"}}, "bob@acme.example", "", "", "payments", 0},
        {"what the directory may not show is a gap",
         {hidden, bob},
         {{"owner", "alice@acme.example"}},
         "alice.ngo@acme.example",
         "bob@acme.example",
         "",
         "",
         1},
        {"nobody", {bob}, {{"owner", "mallory"}}, "", "", "", "", 0},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Metrics metrics;
        ContextSources sources;
        sources.identity.push_back(std::make_unique<Directory>(row.people, payments));
        Enricher enricher(std::move(sources), ContextConfig{}, metrics);
        auto one = finding();
        one.resource.tags = row.tags;
        const auto context = run(enricher.enrich({one}, deadline_in(30s)));
        EXPECT_EQ(context.owner.email, row.email);
        EXPECT_EQ(context.owner.manager, row.manager);
        EXPECT_EQ(context.owner.escalation, row.escalation);
        EXPECT_EQ(context.owner.team, row.team);
        EXPECT_FALSE(context.owner.disputed);
        EXPECT_EQ(context.gaps.size(), row.gaps);
    }
}

TEST(Enricher, AsksForGroupsWhereATeamIsNamedBesideAPerson) {
    for (const auto* owner : {"alice", "bob@acme.example"}) {
        SCOPED_TRACE(owner);
        Metrics metrics;
        ContextSources sources;
        sources.identity.push_back(std::make_unique<Directory>(std::vector{alice_there, bob}, std::nullopt));
        Enricher enricher(std::move(sources), ContextConfig{}, metrics);
        auto one = finding();
        one.resource.tags = {{"owner", owner}, {"team", "payments"}};
        const auto context = run(enricher.enrich({one}, deadline_in(30s)));
        EXPECT_FALSE(context.owner.disputed);
        const bool is_member = std::string_view(owner) == "alice";
        EXPECT_EQ(context.owner.confidence > 0.71, is_member) << "her team agrees with her";
        EXPECT_EQ(context.owner.signals.back().agrees, is_member);
    }
}

TEST(Enricher, AsksADirectoryOnceForManyFindingsAndNotAgainWhenItFailed) {
    Metrics metrics;
    auto directory = std::make_unique<Directory>(std::vector{alice_there, bob}, std::nullopt);
    auto* seen = directory.get();
    ContextSources sources;
    sources.identity.push_back(std::move(directory));
    Enricher enricher(std::move(sources), ContextConfig{}, metrics);
    for (const auto* spelling : {"alice", "alice@acme.example", "alice.ngo@acme.example", "ALICE"}) {
        auto one = finding();
        one.resource.tags = {{"owner", spelling}};
        EXPECT_EQ(run(enricher.enrich({one}, deadline_in(30s))).owner.id, "u-1") << spelling;
    }
    EXPECT_EQ(seen->asked, 2) << "Alice by whatever name, and her manager";
    seen->is_down = true;
    seen->asked = 0;
    auto unknown = finding();
    unknown.resource.tags = {{"owner", "carl@acme.example"}};
    const auto context = run(enricher.enrich({unknown}, deadline_in(30s)));
    EXPECT_EQ(context.owner.email, "carl@acme.example");
    EXPECT_EQ(context.gaps.size(), 1U);
    EXPECT_EQ(seen->asked, 1) << "neither for a team nor for a manager";
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
