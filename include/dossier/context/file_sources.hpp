#pragma once
// Identity and CMDB from YAML files (format: DESIGN §10). First match wins; `match` takes any of resource, name, type,
// account, region (globs) and tag (key: glob); all given must match. A file that can't be read fails each question with
// the reason; it is read again when it changed on disk.

#include "dossier/context/sources.hpp"

namespace dossier::context {

[[nodiscard]] auto open_identity_file(std::string name, std::string path) -> std::unique_ptr<IdentitySource>;
[[nodiscard]] auto open_cmdb_file(std::string name, std::string path) -> std::unique_ptr<CmdbSource>;
/// Every mistake in a file ("identity.yaml:12: …"), for `dossier check`.
[[nodiscard]] auto check_identity_file(const std::string& path) -> std::vector<std::string>;
[[nodiscard]] auto check_cmdb_file(const std::string& path) -> std::vector<std::string>;

} // namespace dossier::context
