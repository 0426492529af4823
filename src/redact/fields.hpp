#pragma once
// Values that their field name gives away: `"ssn": "…"`, `DB_PASSWORD=…`, a tag {"Key": "token", "Value": "…"}, a
// column of a CSV sample with its header. Finds the pairs inside a text, and judges a value by the meaning of its name.

#include "key_meaning.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct FieldValue {
    KeyMeaning meaning = KeyMeaning::none;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool is_delimited = false; ///< quoted, assigned or a cell: surely a value, not the next word of a sentence
};

/// Assignments and tag pairs in `text` whose name means something.
[[nodiscard]] auto assigned_values(std::string_view text) -> std::vector<FieldValue>;
/// Content of XML elements whose name means something.
[[nodiscard]] auto element_values(std::string_view text) -> std::vector<FieldValue>;
/// Cells below a header line of plain column names.
[[nodiscard]] auto table_values(std::string_view text) -> std::vector<FieldValue>;
/// Whether the value is what its name promises, and no placeholder, word or reference.
[[nodiscard]] auto looks_the_part(KeyMeaning meaning, std::string_view value, bool is_delimited) -> bool;

} // namespace dossier::redact
