#pragma once
// Which row of a CMDB stands for a resource: the one that carries its id, else the one that is linked to it, else the
// one of its name; of several such rows the one whose class fits, that is in operation and was changed last.

#include "dossier/base/json.hpp"
#include "dossier/finding/finding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::context {

/// The spellings under which a CMDB may hold the id of a resource: the whole id and its last part.
[[nodiscard]] auto id_spellings(const Resource& resource) -> std::vector<std::string>;

struct CiMatch {
    std::size_t row = 0;
    std::string how;        ///< "object_id=arn:…"
    std::size_t rivals = 0; ///< other rows that match as well
    std::string preferred;  ///< why this one: "in operation", "of the fitting class", "changed last"
};
/// @return nullopt where no row matches, whatever the query was
[[nodiscard]] auto match_ci(const std::vector<Json>& rows, const Resource& resource) -> std::optional<CiMatch>;

} // namespace dossier::context
