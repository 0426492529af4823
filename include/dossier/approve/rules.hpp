#pragma once
// Who may decide on a draft: by role, by owner, by what the draft is. Decided from the draft's own facts, which code
// made and no edit can move, and from who asks.

#include "dossier/approve/config.hpp"
#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::approve {

struct Reviewer {
    std::string id;                ///< token name or e-mail
    std::string email{};           ///< where it is known and isn't the id
    std::string role = "approver"; ///< as the API names it
    /// The same person, by whatever name is known of them.
    [[nodiscard]] auto is(std::string_view name) const -> bool;
};

/// What holds for one draft.
struct Terms {
    std::vector<std::string> roles; ///< any of these; an admin always
    bool owner = false;
    bool four_eyes = false;
    bool wants_reason = false;
    std::size_t rule = 0; ///< that says so: its number in `approval.rules`, from 1; 0 = none matches
};

class ApprovalRules {
public:
    explicit ApprovalRules(ApprovalConfig config = {}) : config_(std::move(config)) {}

    [[nodiscard]] auto terms_of(const Draft& draft) const -> Terms;
    /// `forbidden` names who may.
    [[nodiscard]] auto may_decide(const Draft& draft, const Reviewer& reviewer) const -> Result<void>;
    /// Who may decide may also edit; so may every approver, whose edit somebody else then approves.
    [[nodiscard]] auto may_edit(const Draft& draft, const Reviewer& reviewer) const -> Result<void>;
    /// Whether there is anything at all that somebody of this role, or an owner, may decide.
    [[nodiscard]] auto names_role(std::string_view role) const -> bool;
    [[nodiscard]] auto names_owners() const -> bool;
    [[nodiscard]] auto expire_after() const -> Duration { return config_.expire_after; }

private:
    ApprovalConfig config_;
};

} // namespace dossier::approve
