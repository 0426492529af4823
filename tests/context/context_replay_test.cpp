#include "dossier/context/context_replay.hpp"

#include "support.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace dossier::context {
namespace {

/// A file of one test, gone with it.
class ReplayFile {
public:
    ReplayFile(const std::string& name, const std::string& text)
        : path_(std::filesystem::temp_directory_path() / ("dossier-replay-" + std::to_string(::getpid()) + name)) {
        std::ofstream(path_) << text;
    }
    ~ReplayFile() { std::filesystem::remove(path_); }
    ReplayFile(const ReplayFile&) = delete;
    auto operator=(const ReplayFile&) -> ReplayFile& = delete;
    [[nodiscard]] auto path() const -> std::string { return path_.string(); }

private:
    std::filesystem::path path_;
};

auto bucket_finding() -> Finding {
    Finding finding;
    finding.source = "wiz";
    finding.resource = {.id = "arn:aws:s3:::lab-x", .name = "lab-x", .type = "bucket", .cloud = "aws"};
    finding.resource.tags = {{"owner", "tagged@acme.example"}};
    return finding;
}

auto signal(std::string email, std::string origin, double confidence) -> OwnerSignal {
    return {.person = {.name = "Somebody", .email = std::move(email)},
            .rule = "said by " + origin,
            .origin = std::move(origin),
            .confidence = confidence};
}

auto replayed(const ContextConfig& config, const Context& stored) -> Result<Context> {
    Metrics metrics;
    ContextReplay replay(config, metrics);
    return test::run_task(replay.context_of({bucket_finding()}, stored));
}

struct ReplayRow {
    std::string name;
    ContextConfig config;
    Context stored;
    std::string owner;
    Environment environment = Environment::unknown;
};

TEST(ContextReplay, RemembersRemoteSourcesThatStillAreConfiguredAndReadsFilesAnew) {
    const ReplayFile people("people.yaml", "owners:\n  - { match: { name: \"lab-*\" }, owner: file@acme.example }\n");
    const ReplayFile assets("assets.yaml", "items:\n  - { match: { name: \"lab-*\" }, environment: prod }\n");
    const ProviderConfig file{.kind = "file", .name = "file", .path = people.path()};
    const ProviderConfig cmdb_file{.kind = "file", .name = "file", .path = assets.path()};
    const ProviderConfig okta{.kind = "okta", .name = "okta", .url = "https://nobody.invalid"};
    const ProviderConfig snow{.kind = "servicenow", .name = "snow", .url = "https://nobody.invalid"};
    const ProviderConfig aws{.kind = "aws_iam", .name = "aws"};

    Context from_okta;
    from_okta.owner.signals = {signal("okta@acme.example", "identity:okta", 0.85)};
    Context from_file;
    from_file.owner.signals = {signal("before@acme.example", "identity:file", 0.85)};
    Context from_snow;
    from_snow.asset = Asset{.environment = Environment::dev, .owner = "snow@acme.example", .origin = "cmdb:snow"};
    from_snow.owner.signals = {signal("snow@acme.example", "cmdb:snow", 0.9)};
    Context from_tags; // of the account, which only AWS can read
    from_tags.owner.signals = {signal("account@acme.example", "account:owner", 0.95)};
    from_tags.environment = Environment::staging;
    from_tags.environment_origin = "identity:aws tag:env";

    const ReplayRow rows[] = {
        {"nothing but the finding's own tag", {}, from_okta, "tagged@acme.example"},
        {"okta still is there", {.identity = {okta}}, from_okta, "okta@acme.example"},
        {"another one has its place", {.identity = {file}}, from_okta, "file@acme.example"},
        {"the file says something else now", {.identity = {file}}, from_file, "file@acme.example"},
        {"the file is gone", {.identity = {okta}}, from_file, "tagged@acme.example"},
        {"a CMDB is remembered", {.cmdb = {snow}}, from_snow, "snow@acme.example", Environment::dev},
        {"a CMDB is gone", {.cmdb = {cmdb_file}}, from_snow, "tagged@acme.example", Environment::prod},
        {"a file before it describes the asset",
         {.cmdb = {cmdb_file, snow}},
         from_snow,
         "snow@acme.example",
         Environment::prod},
        {"the account's tags", {.identity = {aws}}, from_tags, "tagged@acme.example", Environment::staging},
        {"a source that was never asked says nothing", {.identity = {okta}}, from_tags, "tagged@acme.example"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto context = replayed(row.config, row.stored);
        ASSERT_TRUE(context) << context.error().describe();
        EXPECT_EQ(context->owner.email, row.owner);
        EXPECT_EQ(context->environment, row.environment);
    }
}

TEST(ContextReplay, AgreementAndDisputeAreWeighedAsBefore) {
    Context stored;
    stored.owner.signals = {signal("okta@acme.example", "identity:okta", 0.85),
                            signal("aws@acme.example", "account:owner", 0.60)};
    const ContextConfig config{.identity = {{.kind = "okta", .name = "okta"}, {.kind = "aws_iam", .name = "aws"}}};
    const auto context = replayed(config, stored);
    ASSERT_TRUE(context);
    EXPECT_EQ(context->owner.email, "okta@acme.example");
    EXPECT_TRUE(context->owner.disputed);
    EXPECT_EQ(context->owner.signals.size(), 3U);
    // A replay of the replay is the same: nothing is counted twice.
    const auto again = replayed(config, *context);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->owner.confidence, context->owner.confidence);
    EXPECT_EQ(again->owner.signals.size(), 3U);
}

TEST(ContextReplay, KeepsWhatOnlyPlatformsCanTell) {
    Context stored;
    stored.access = {{.id = "*", .kind = "anyone", .level = "read", .origin = "wiz", .how = {}},
                     {.id = "role/old", .kind = "role", .level = "read", .origin = "identity:file", .how = {}}};
    stored.exposure_path = {"internet → bucket"};
    stored.gaps = {{.source = "cmdb:snow", .reason = "timed out"}};
    const auto context = replayed({}, stored);
    ASSERT_TRUE(context);
    ASSERT_EQ(context->access.size(), 1U);
    EXPECT_EQ(context->access.front().origin, "wiz");
    EXPECT_EQ(context->exposure_path, stored.exposure_path);
    EXPECT_EQ(context->gaps.size(), 1U);
}

TEST(ContextReplay, AFileThatCanNotBeReadIsNoAnswer) {
    const ContextConfig config{.identity = {{.kind = "file", .name = "people", .path = "/nowhere/people.yaml"}}};
    const auto context = replayed(config, {});
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, Errc::unavailable);
    EXPECT_NE(context.error().message.find("identity:people"), std::string::npos);
}

} // namespace
} // namespace dossier::context
