#pragma once
// Drafted policies as Markdown: in the ticket of a dossier, the first whole and the others by name; alone, as the body
// of a draft of kind `policy`. Always says that it is a draft, what the table rests on and what it assumes.

#include "dossier/finding/dossier.hpp"

#include <string>
#include <vector>

namespace dossier::ticket {

/// The part of a ticket; "" where nothing is drafted.
[[nodiscard]] auto policy_section(const std::vector<PolicyProposal>& policies) -> std::string;

struct RenderedPolicy {
    std::string title;
    std::string body;
};
/// @param subject what it is for: a resource's name, or a group of stores in words
[[nodiscard]] auto render_policy(const PolicyProposal& policy, const std::string& subject) -> RenderedPolicy;

/// Stores as a table: name, where, environment, owner.
[[nodiscard]] auto store_table(const std::vector<std::vector<std::string>>& rows) -> std::string;

} // namespace dossier::ticket
