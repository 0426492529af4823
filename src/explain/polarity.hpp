#pragma once
// Claims that all is well, that nothing need be done, or that something bad has happened: facts that need evidence of
// their own kind, since a reader acts on them. Text that outsiders wrote (titles, tags, descriptions) is no such
// support.

#include "dossier/finding/evidence.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

/// Why the sentence's reassurance, accusation or legal conclusion doesn't stand on the items it cites.
[[nodiscard]] auto polarity_objection(const std::string& text, const std::vector<const Evidence*>& cited)
    -> std::optional<std::string>;

} // namespace dossier::explain
