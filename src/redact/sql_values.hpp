#pragma once
// Values of SQL statements and dumps, whose columns are named once before them: `INSERT INTO people (full_name,
// password) VALUES ('…', '…'), …` and what pg_dump writes, `COPY people (full_name, password) FROM stdin;` with lines
// of tabs.

#include "fields.hpp"

#include <string_view>
#include <vector>

namespace dossier::redact {

[[nodiscard]] auto sql_values(std::string_view text) -> std::vector<FieldValue>;

} // namespace dossier::redact
