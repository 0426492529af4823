#include "dossier/approve/config.hpp"

namespace dossier::approve {
namespace {

constexpr Duration shortest_expiry{1'000};

auto read_rule(config::Section& section, const ApprovalConfig& defaults) -> ApprovalRule {
    ApprovalRule rule;
    auto when = section.child("when");
    when.read("route", rule.when.route);
    when.read_words("kind", rule.when.kind, {"ticket", "tags", "policy", "scan", "report"});
    when.read_words("severity", rule.when.severity, {"informational", "low", "medium", "high", "critical"});
    when.read("sink", rule.when.sink);
    when.read("owner", rule.when.owner);
    section.read_words("roles", rule.roles, {"viewer", "analyst", "approver", "auditor", "steward", "legal", "admin"});
    section.read("owner", rule.owner);
    bool four_eyes = defaults.four_eyes;
    section.read("four_eyes", four_eyes);
    if (section.has("four_eyes")) rule.four_eyes = four_eyes;
    bool wants_reason = defaults.wants_reason;
    section.read("reject_reason", wants_reason);
    if (section.has("reject_reason")) rule.wants_reason = wants_reason;
    if (rule.roles.empty() && !rule.owner && !rule.four_eyes && !rule.wants_reason)
        section.problem("", "changes nothing; give `roles`, `owner`, `four_eyes` or `reject_reason`");
    return rule;
}

} // namespace

auto read_approval(config::Section section) -> ApprovalConfig {
    ApprovalConfig approval;
    section.read("four_eyes", approval.four_eyes);
    section.read("reject_reason", approval.wants_reason);
    section.read("expire_after", approval.expire_after);
    if (approval.expire_after.count() > 0 && approval.expire_after < shortest_expiry)
        section.problem("expire_after", "must be at least 1s, or 0 for never");
    for (auto& rule : section.items("rules")) approval.rules.push_back(read_rule(rule, approval));
    return approval;
}

} // namespace dossier::approve
