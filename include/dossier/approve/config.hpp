#pragma once
// Section `approval`: who may decide on which draft, and what a decision needs.

#include "dossier/base/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::approve {

struct ApprovalRule {
    struct When { ///< every given list must contain the draft's value; an empty list matches anything
        std::vector<std::string> route;
        std::vector<std::string> kind; ///< ticket | tags | policy | report
        std::vector<std::string> severity;
        std::vector<std::string> sink;
        std::vector<std::string> owner; ///< globs over the owner's e-mail or id, without case
    } when;
    std::vector<std::string> roles;   ///< any of these; empty = `approver`, unless the owner decides alone
    bool owner = false;               ///< whoever owns the resource may decide, whatever their role
    std::optional<bool> four_eyes;    ///< "" = approval.four_eyes
    std::optional<bool> wants_reason; ///< `reject_reason`; "" = approval.reject_reason
};

struct ApprovalConfig {
    bool four_eyes = false;          ///< nobody approves what they have edited
    bool wants_reason = false;       ///< `reject_reason`: a rejection says why
    Duration expire_after{0};        ///< a draft that nobody decides on ends by itself; 0 = never
    std::vector<ApprovalRule> rules; ///< first match wins; none matches = approvers decide
};
[[nodiscard]] auto read_approval(config::Section section) -> ApprovalConfig;

} // namespace dossier::approve
