#include "dossier/context/file_sources.hpp"

#include "support.hpp"
#include "watched_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto identity_yaml = R"(
people:
  - { id: alice, name: Alice Ngo, email: alice@acme.example, manager: bob, department: Payments, groups: [payments-admins] }
  - { id: bob, name: Bob, email: bob@acme.example }
owners:
  - { match: { resource: "arn:aws:s3:::payments-*" }, owner: alice }
  - { match: { resource: "arn:aws:s3:::*" }, owner: bob }
  - { match: { tag: { team: hr } }, owner: outside@partner.example }
access:
  - match: { resource: "arn:aws:s3:::payments-*" }
    principals: [ { id: "role/payments-etl", kind: role, level: write }, { id: "*", kind: anyone, level: read } ]
)";

auto soon() -> Deadline { return deadline_in(std::chrono::seconds(5)); }

TEST(IdentityFile, TheFirstRuleThatMatchesWins) {
    const TemporaryFile file(identity_yaml);
    const auto source = open_identity_file("file", file.path());
    const auto answer = run(source->ask({.id = "arn:aws:s3:::payments-eu"}, soon()));
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->owners.size(), 1U);
    const auto& signal = answer->owners.front();
    EXPECT_EQ(signal.person.id, "alice");
    EXPECT_EQ(signal.person.manager, "bob");
    EXPECT_EQ(signal.origin, "identity:file");
    EXPECT_EQ(signal.rule, "identity.file:resource=arn:aws:s3:::payments-*");
    ASSERT_EQ(answer->access.size(), 2U);
    EXPECT_EQ(answer->access[1].kind, "anyone");
    EXPECT_EQ(answer->access[1].origin, "identity:file");
}

TEST(IdentityFile, AnOwnerMayBeAnEmailThatNobodyListed) {
    const TemporaryFile file(identity_yaml);
    const auto source = open_identity_file("file", file.path());
    const auto answer = run(source->ask({.id = "x", .tags = {{"team", "hr"}}}, soon()));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->owners.size(), 1U);
    EXPECT_EQ(answer->owners.front().person.email, "outside@partner.example");
    EXPECT_EQ(answer->owners.front().person.id, "");
}

TEST(IdentityFile, FindsPeopleByIdAndByEmail) {
    const TemporaryFile file(identity_yaml);
    const auto source = open_identity_file("file", file.path());
    for (const auto* key : {"alice", "ALICE", "alice@acme.example", "Alice@Acme.example"}) {
        SCOPED_TRACE(key);
        const auto person = run(source->person(key, soon()));
        ASSERT_TRUE(person && person->has_value());
        EXPECT_EQ((*person)->department, "Payments");
    }
    const auto nobody = run(source->person("", soon()));
    ASSERT_TRUE(nobody);
    EXPECT_FALSE(nobody->has_value());
}

TEST(IdentityFile, AMissingFileFailsTheQuestionWithTheReason) {
    const auto source = open_identity_file("file", "no/such/identity.yaml");
    const auto answer = run(source->ask({.id = "x"}, soon()));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("no/such/identity.yaml"));
    EXPECT_THAT(check_identity_file("no/such/identity.yaml"), Not(IsEmpty()));
}

TEST(IdentityFile, EveryMistakeIsReportedWithItsLine) {
    struct Row {
        const char* name;
        const char* yaml;
        const char* line;
        const char* words;
    };
    const Row rows[] = {
        {"unknown owner", "people:\n  - { id: a }\nowners:\n  - { match: { name: x }, owner: b }\n", ":4:", "'b'"},
        {"no condition", "owners:\n  - { match: {}, owner: a@b.example }\n", ":2:", "at least one condition"},
        {"no match", "owners:\n  - { owner: a@b.example }\n", ":2:", "at least one condition"},
        {"unknown condition", "owners:\n  - { match: { nme: x, name: y }, owner: a@b.example }\n", ":2:", "nme"},
        {"twice", "people:\n  - { id: a }\n  - { id: a }\n", ":3:", "twice"},
        {"bad e-mail", "people:\n  - { id: a, email: nope }\n", ":2:", "no e-mail"},
        {"unknown kind", "access:\n  - match: { name: x }\n    principals: [ { id: x, kind: wizard } ]\n",
         ":3:", "wizard"},
        {"nobody has access", "access:\n  - match: { name: x }\n    principals: []\n", "", "at least one principal"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const TemporaryFile file(row.yaml);
        EXPECT_THAT(check_identity_file(file.path()), Contains(AllOf(HasSubstr(row.line), HasSubstr(row.words))));
    }
}

TEST(IdentityFile, TheExamplesHaveNoMistake) {
    EXPECT_THAT(check_identity_file(DOSSIER_SOURCE_DIR "/config/identity.yaml"), IsEmpty());
    EXPECT_THAT(check_cmdb_file(DOSSIER_SOURCE_DIR "/config/cmdb.yaml"), IsEmpty());
}

TEST(CmdbFile, SaysWhatTheResourceIsForTheBusiness) {
    const auto source = open_cmdb_file("file", DOSSIER_SOURCE_DIR "/config/cmdb.yaml");
    const auto asset = run(source->ask({.name = "sqldb-hr-prod"}, soon()));
    ASSERT_TRUE(asset && asset->has_value());
    EXPECT_EQ((*asset)->application, "HR core");
    EXPECT_EQ((*asset)->environment, Environment::prod);
    EXPECT_EQ((*asset)->criticality, Criticality::high);
    EXPECT_EQ((*asset)->origin, "cmdb:file");
    const auto unknown = run(source->ask({.name = "something-else"}, soon()));
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(unknown->has_value());
}

TEST(CmdbFile, RefusesWordsOutsideTheVocabulary) {
    const TemporaryFile file("items:\n  - { match: { name: x }, environment: moon }\n"
                             "  - { match: { name: y }, criticality: huge }\n");
    const auto problems = check_cmdb_file(file.path());
    EXPECT_THAT(problems, Contains(AllOf(HasSubstr(":2:"), HasSubstr("moon"))));
    EXPECT_THAT(problems, Contains(AllOf(HasSubstr(":3:"), HasSubstr("huge"))));
}

using Length = WatchedFile<std::string>;

auto read_all(const std::string& path) -> Result<std::string> {
    std::ifstream in(path);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (text.starts_with("bad")) return fail(Errc::malformed, "bad file");
    return text;
}

TEST(WatchedFile, IsReadAgainWhenItChanged) {
    const TemporaryFile file("one");
    int reads = 0;
    Length watched(
        file.path(),
        [&](const std::string& path) {
            ++reads;
            return read_all(path);
        },
        std::chrono::milliseconds(0));
    EXPECT_EQ(**watched.get(), "one");
    EXPECT_EQ(**watched.get(), "one");
    EXPECT_EQ(reads, 1);
    const auto before = *watched.get();
    file.write("second");
    EXPECT_EQ(**watched.get(), "second");
    EXPECT_EQ(*before, "one") << "a snapshot stays whole";
}

TEST(WatchedFile, LooksAtTheDiskNoMoreThanOncePerInterval) {
    const TemporaryFile file("one");
    Length watched(file.path(), read_all, std::chrono::hours(1));
    EXPECT_EQ(**watched.get(), "one");
    file.write("second");
    EXPECT_EQ(**watched.get(), "one");
}

TEST(WatchedFile, KeepsTheLastGoodVersionThroughABadEdit) {
    const TemporaryFile file("one");
    Length watched(file.path(), read_all, std::chrono::milliseconds(0));
    EXPECT_EQ(**watched.get(), "one");
    for (const auto* content : {"bad edit", ""}) {
        SCOPED_TRACE(content);
        file.write(content);
        ASSERT_TRUE(watched.get());
        EXPECT_EQ(**watched.get(), "one");
    }
    file.write("good again");
    EXPECT_EQ(**watched.get(), "good again");
}

TEST(WatchedFile, ComesBackAfterTheFileWasGone) {
    const TemporaryFile file("bad from the start");
    Length watched(file.path(), read_all, std::chrono::milliseconds(0));
    EXPECT_FALSE(watched.get());
    std::filesystem::remove(file.path());
    EXPECT_FALSE(watched.get());
    file.write("here");
    ASSERT_TRUE(watched.get());
    EXPECT_EQ(**watched.get(), "here");
}

} // namespace
} // namespace dossier::context
