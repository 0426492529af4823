#include "policy_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using testing::HasSubstr;

TEST(PolicyFiles, FactsBecomeOneHarmlessPartOfAPath) {
    struct Row {
        const char* name;
        const char* expected;
    };
    const Row rows[] = {
        {"acme-payments_eu", "p/acme-payments_eu/README.md"},
        {"../../etc/passwd", "p/etc-passwd/README.md"},
        {".git", "p/git/README.md"},
        {"..", "p/none/README.md"},
        {"a/b\\c", "p/a-b-c/README.md"},
        {"-rf x", "p/rf-x/README.md"},
        {"\xc3\xa9t\xc3\xa9\n{{draft.id}}", "p/t-draft.id/README.md"},
        {"", "p/none/README.md"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Draft draft;
        draft.facts = {{"resource.name", row.name}};
        EXPECT_EQ(policy_files(draft, "p/{{resource.name|none}}").front().path, row.expected);
    }
    Draft draft;
    draft.facts = {{"resource.name", std::string(500, 'a')}};
    EXPECT_LT(policy_files(draft, "{{resource.name}}").front().path.size(), 100U);
}

TEST(PolicyFiles, HoldTheCodeOfTheApprovedText) {
    Draft draft;
    draft.title = "Policy";
    draft.body = "Terraform:\n\n```hcl\nx = 1\n```\n\n```json\n{}\n```\n\n```json\n[]\n```\n";
    const auto files = policy_files(draft, "f");
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].content, "# Policy\n\n" + draft.body);
    EXPECT_EQ(files[1].path, "f/policy.tf");
    EXPECT_EQ(files[1].content, "x = 1\n");
    EXPECT_EQ(files[2].path, "f/policy.json");
    EXPECT_EQ(files[3].path, "f/policy-2.json");
}

TEST(PolicyFiles, ARequestSaysWhoApprovedAndWhetherAnLlmWrote) {
    Action action;
    action.draft.decided_by = "ada [x](http://evil.example)";
    action.draft.links = {{.id = "1", .url = "https://wiz.example/1", .title = "Wiz: open"}};
    const auto text = request_text(action);
    EXPECT_THAT(text, HasSubstr("https://wiz.example/1"));
    EXPECT_THAT(text, HasSubstr("Approved by ada"));
    EXPECT_THAT(text, testing::Not(HasSubstr("[x](http://evil.example)")));
    EXPECT_THAT(text, HasSubstr("no LLM wrote any of it"));
    action.draft.body = "AI-Generated Guidance\n\nclose it";
    EXPECT_THAT(request_text(action), HasSubstr("parts of this text were written by an LLM"));
}

} // namespace
} // namespace dossier::ticket
