#pragma once
// A value as a literal of the language that a drafted policy is written in. Names come from findings, and a stranger
// may have chosen them: what can't be written safely isn't written, and everything else is quoted whole, so that no
// name can end its string, begin an interpolation or become an option.

#include "dossier/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::explain {

/// One line of valid UTF-8 without controls and direction marks, at most 1 KiB.
[[nodiscard]] auto is_writable(std::string_view text) -> bool;
[[nodiscard]] auto hcl_string(std::string_view text) -> std::string;
/// Text, numbers, lists and maps as an HCL expression; `indent` is that of the line it begins on.
[[nodiscard]] auto hcl_expression(const Json& value, std::size_t indent) -> std::string;
[[nodiscard]] auto shell_word(std::string_view text) -> std::string;
[[nodiscard]] auto sql_string(std::string_view text) -> std::string;
[[nodiscard]] auto sql_identifier(std::string_view text) -> std::string;
/// A name for HCL's own use, made of what is left of a text: "payments_exports".
[[nodiscard]] auto hcl_label(std::string_view text) -> std::string;

/// A hole's value in a language (hcl | json | bash | sql); `form` is what stands after '|' in the hole: "" or, for
/// labels and identifiers, name | id. nullopt where there is no such literal.
[[nodiscard]] auto literal(const Json& value, std::string_view language, std::string_view form, std::size_t indent)
    -> std::optional<std::string>;

} // namespace dossier::explain
