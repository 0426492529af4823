#pragma once
// Text cut to what a tracker takes. Jira and ServiceNow are written in Java: their limits count UTF-16 code units, so
// that an emoji costs two.

#include <cstddef>
#include <string>
#include <string_view>

namespace dossier::ticket {

/// UTF-16 code units of valid UTF-8.
[[nodiscard]] auto utf16_units(std::string_view text) -> std::size_t;
/// At most `max_units`: ends after a sentence where one ends in the second half of what fits, else between words, else
/// between characters; "…" says that something is missing.
[[nodiscard]] auto shorten_text(std::string_view text, std::size_t max_units) -> std::string;

} // namespace dossier::ticket
