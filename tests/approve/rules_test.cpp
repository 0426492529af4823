#include "dossier/approve/rules.hpp"

#include <gtest/gtest.h>

namespace dossier::approve {
namespace {

auto reviewed_draft() -> Draft {
    Draft draft;
    draft.kind = "ticket";
    draft.sink = "jira";
    draft.route = "critical";
    draft.owner = "owner@acme.example";
    draft.severity = Severity::high;
    return draft;
}

struct RuleRow {
    const char* name;
    std::vector<ApprovalRule> rules;
    Reviewer reviewer;
    bool may;
};

TEST(ApprovalRules, TheFirstMatchSaysWhoMayDecide) {
    const ApprovalRule legal_for_high{.when = {.severity = {"high"}}, .roles = {"legal"}};
    const ApprovalRule steward_for_tags{.when = {.kind = {"tags"}}, .roles = {"steward"}};
    const ApprovalRule owner_alone{.when = {}, .roles = {}, .owner = true};
    const ApprovalRule owner_too{.when = {}, .roles = {"approver"}, .owner = true};
    const ApprovalRule their_route{.when = {.route = {"critical"}}, .roles = {"steward"}};
    const ApprovalRule their_owner{.when = {.owner = {"*@ACME.example"}}, .roles = {"legal"}};
    const ApprovalRule other_owner{.when = {.owner = {"*@else.example"}}, .roles = {"legal"}};
    const ApprovalRule only_four_eyes{.when = {}, .four_eyes = true};
    const Reviewer owner{.id = "t", .email = "Owner@acme.example", .role = "viewer"};
    const RuleRow rows[] = {
        {"without rules an approver", {}, {.id = "a"}, true},
        {"without rules no steward", {}, {.id = "a", .role = "steward"}, false},
        {"without rules no owner", {}, owner, false},
        {"an admin always", {legal_for_high}, {.id = "a", .role = "admin"}, true},
        {"by severity, whom it names", {legal_for_high}, {.id = "a", .role = "legal"}, true},
        {"by severity, no approver", {legal_for_high}, {.id = "a"}, false},
        {"another kind is not meant", {steward_for_tags}, {.id = "a", .role = "steward"}, false},
        {"another kind leaves the default", {steward_for_tags}, {.id = "a"}, true},
        {"the owner alone", {owner_alone}, owner, true},
        {"the owner alone, no approver", {owner_alone}, {.id = "a"}, false},
        {"the owner too", {owner_too}, owner, true},
        {"the approver beside the owner", {owner_too}, {.id = "a"}, true},
        {"by route", {their_route}, {.id = "a", .role = "steward"}, true},
        {"by owner, without case", {their_owner}, {.id = "a", .role = "legal"}, true},
        {"by another owner", {other_owner}, {.id = "a", .role = "legal"}, false},
        {"the first of two", {their_route, legal_for_high}, {.id = "a", .role = "legal"}, false},
        {"a rule without roles keeps approvers", {only_four_eyes}, {.id = "a"}, true},
    };
    for (const auto& row : rows) {
        const ApprovalRules rules({.rules = row.rules});
        const auto verdict = rules.may_decide(reviewed_draft(), row.reviewer);
        EXPECT_EQ(verdict.has_value(), row.may) << row.name;
        if (!verdict) EXPECT_EQ(verdict.error().code, Errc::forbidden) << row.name;
    }
}

TEST(ApprovalRules, ADraftWithoutOwnerIsNobodys) {
    auto draft = reviewed_draft();
    draft.owner.clear();
    const ApprovalRules rules({.rules = {{.when = {}, .roles = {}, .owner = true}}});
    EXPECT_FALSE(rules.may_decide(draft, {.id = "", .email = "", .role = "viewer"}));
}

TEST(ApprovalRules, ReassigningDoesNotMakeSomebodyTheOwner) {
    auto draft = reviewed_draft();
    draft.assignee = "mallory@acme.example";
    const ApprovalRules rules({.rules = {{.when = {}, .roles = {}, .owner = true}}});
    EXPECT_FALSE(rules.may_decide(draft, {.id = "mallory@acme.example", .role = "viewer"}));
}

TEST(ApprovalRules, ARuleMayBeStricterOrLaxerThanTheDefault) {
    const ApprovalRules rules({.four_eyes = true,
                               .wants_reason = false,
                               .rules = {{.when = {.kind = {"ticket"}}, .four_eyes = false, .wants_reason = true}}});
    auto draft = reviewed_draft();
    EXPECT_FALSE(rules.terms_of(draft).four_eyes);
    EXPECT_TRUE(rules.terms_of(draft).wants_reason);
    EXPECT_EQ(rules.terms_of(draft).rule, 1U);
    draft.kind = "policy";
    EXPECT_EQ(rules.terms_of(draft).rule, 0U);
    EXPECT_TRUE(rules.terms_of(draft).four_eyes);
    EXPECT_FALSE(rules.terms_of(draft).wants_reason);
}

} // namespace
} // namespace dossier::approve
