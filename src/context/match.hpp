#pragma once
// Which resources a rule of a context file speaks for. All given conditions must hold; globs ignore case, because
// platforms disagree on the case of Azure ids, types and regions. Format: DESIGN §10.

#include "dossier/base/config.hpp"
#include "dossier/finding/finding.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::context {

struct Match {
    /// resource | name | type | account | region → glob, in the order of the file's format.
    std::vector<std::pair<std::string, std::string>> fields;
    Tags tags; ///< key → glob of the value

    [[nodiscard]] auto accepts(const Resource& resource) const -> bool;
    /// "resource=arn:aws:s3:::payments-*, tag team=data-*".
    [[nodiscard]] auto describe() const -> std::string;
};

/// Reads `match` of a rule; a rule without any condition is a mistake, since it would take every resource.
[[nodiscard]] auto read_match(config::Section& rule) -> Match;

} // namespace dossier::context
