#pragma once
// Outside judges for what we produce: JSON Schemas and OpenAPI components from the folder of public contracts, checked
// by python3-jsonschema. Where folder or module is missing the judge is absent and the caller skips.

#include "dossier/base/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket::test {

/// `$DOSSIER_SHARED`, else `<source dir>/../shared`; "" where there is none.
[[nodiscard]] auto shared_dir() -> std::string;
/// A file below `contracts/`; nullopt where it isn't there.
[[nodiscard]] auto shared_contract(const std::string& name) -> std::optional<Json>;
[[nodiscard]] auto has_judge() -> bool;

/// One verdict a document: "" = valid, else the reason.
/// @param file below `contracts/`
/// @param component name below components/schemas of an OpenAPI file; "" = the file is the schema (draft-04)
[[nodiscard]] auto judge(const std::string& file, const std::string& component, const std::vector<Json>& documents)
    -> std::vector<std::string>;

} // namespace dossier::ticket::test
