#include "dossier/approve/rules.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::approve {
namespace {

auto holds(const std::vector<std::string>& list, std::string_view value) -> bool {
    return list.empty() || std::ranges::find(list, value) != list.end();
}

auto applies(const ApprovalRule::When& when, const Draft& draft) -> bool {
    const bool owner = when.owner.empty() || std::ranges::any_of(when.owner, [&](const auto& pattern) {
                           return !draft.owner.empty() && glob_match(lower(pattern), lower(draft.owner));
                       });
    return owner && holds(when.route, draft.route) && holds(when.kind, draft.kind) &&
           holds(when.severity, to_string(draft.severity)) && holds(when.sink, draft.sink);
}

auto has_role(const Reviewer& reviewer, const std::vector<std::string>& roles) -> bool {
    return reviewer.role == "admin" || std::ranges::find(roles, reviewer.role) != roles.end();
}

} // namespace

auto Reviewer::is(std::string_view name) const -> bool {
    return !name.empty() && (iequals(id, name) || (!email.empty() && iequals(email, name)));
}

auto ApprovalRules::terms_of(const Draft& draft) const -> Terms {
    Terms terms{
        .roles = {"approver"}, .owner = false, .four_eyes = config_.four_eyes, .wants_reason = config_.wants_reason};
    const auto rule =
        std::ranges::find_if(config_.rules, [&](const ApprovalRule& one) { return applies(one.when, draft); });
    if (rule == config_.rules.end()) return terms;
    terms.rule = static_cast<std::size_t>(rule - config_.rules.begin()) + 1;
    if (!rule->roles.empty() || rule->owner) terms.roles = rule->roles;
    terms.owner = rule->owner;
    terms.four_eyes = rule->four_eyes.value_or(terms.four_eyes);
    terms.wants_reason = rule->wants_reason.value_or(terms.wants_reason);
    return terms;
}

auto ApprovalRules::may_decide(const Draft& draft, const Reviewer& reviewer) const -> Result<void> {
    const auto terms = terms_of(draft);
    if (has_role(reviewer, terms.roles)) return {};
    if (terms.owner && reviewer.is(draft.owner)) return {};
    std::vector<std::string> who;
    for (const auto& role : terms.roles) who.push_back("the role " + role);
    if (terms.owner)
        who.emplace_back(draft.owner.empty() ? "the owner, whom nobody knows" : "the owner " + draft.owner);
    return fail(Errc::forbidden,
                fmt::format("this draft is decided by {}; your role is {}", join(who, " or "), reviewer.role));
}

auto ApprovalRules::may_edit(const Draft& draft, const Reviewer& reviewer) const -> Result<void> {
    if (reviewer.role == "approver") return {};
    return may_decide(draft, reviewer);
}

auto ApprovalRules::names_role(std::string_view role) const -> bool {
    return std::ranges::any_of(
        config_.rules, [&](const ApprovalRule& one) { return std::ranges::find(one.roles, role) != one.roles.end(); });
}

auto ApprovalRules::names_owners() const -> bool {
    return std::ranges::any_of(config_.rules, [](const ApprovalRule& one) { return one.owner; });
}

} // namespace dossier::approve
