#pragma once
// nlohmann/json for what is built or edited (configuration, API answers, requests); what only has to be read fast,
// before the acknowledgement, goes through json_view.hpp. Include this in .cpp files only.

#include "dossier/base/error.hpp"
#include "dossier/base/json_fwd.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace dossier {

/// Parses with a depth limit (nlohmann's own printing and destruction recurse). `malformed` says where.
[[nodiscard]] auto parse_json(std::string_view text, std::size_t max_depth = 128) -> Result<Json>;
/// Compact text; invalid UTF-8 is replaced, never thrown on.
[[nodiscard]] auto dump_json(const Json& value) -> std::string;
/// RFC 8785 canonical form: sorted members, shortest numbers. For hashing and signing.
[[nodiscard]] auto canonical_json(const Json& value) -> std::string;
/// Member as text, or "" where absent or not a string.
[[nodiscard]] auto text_at(const Json& object, std::string_view key) -> std::string;

} // namespace dossier
