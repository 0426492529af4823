#pragma once
// JSON written straight into a text, for what is only built to be written: lines of evidence, bodies of requests. The
// same bytes as dump_json (json.hpp) gives of the same values, without a document in between.

#include <string>
#include <string_view>

namespace dossier {

/// The text as a JSON string with its quotes; invalid UTF-8 is replaced as dump_json does.
void append_json_text(std::string& out, std::string_view text);
/// The same of a text that is known to be UTF-8.
void append_quoted(std::string& out, std::string_view text);

} // namespace dossier
