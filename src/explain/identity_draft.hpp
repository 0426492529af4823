#pragma once
// Policies that stand on principals and keys instead of a bucket: what a principal used, and who may use a key. Judged
// by our own evaluation of the drafted document.

#include "bucket_draft.hpp"

#include <optional>

namespace dossier::explain {

struct IdentityDraft {
    std::string principal;
    Json document;
    Judgement judgement;
    std::vector<std::string> assumptions;
};
/// The policy of the one who may do most of what nobody saw being used; nullopt where no principal of the resource's
/// account is known, or the service's actions aren't.
[[nodiscard]] auto draft_identity_policy(const Finding& finding, const Context& context)
    -> std::optional<IdentityDraft>;

struct KeyDraft {
    Json document;
    Judgement judgement;
};
/// nullopt where the account is not known.
[[nodiscard]] auto draft_key_policy(const Finding& finding, const Context& context) -> std::optional<KeyDraft>;

} // namespace dossier::explain
