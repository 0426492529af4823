#pragma once
// Word lists of the claim extractor: what may stand in a sentence without naming anything. All in lower case.

#include <string_view>

namespace dossier::explain {

/// Everyday security English, also at the beginning of a sentence.
[[nodiscard]] auto is_common_word(std::string_view lower_case) -> bool;
/// Products and acronyms that everybody uses.
[[nodiscard]] auto is_product_word(std::string_view lower_case) -> bool;
/// Parts of ordinary hyphenated words: cross-account, publicly-readable.
[[nodiscard]] auto is_compound_part(std::string_view lower_case) -> bool;
/// Words that may follow "the owner is" without naming an owner.
[[nodiscard]] auto is_function_word(std::string_view lower_case) -> bool;
/// By its ending: rotation, logging, encrypted.
[[nodiscard]] auto looks_like_plain_noun(std::string_view lower_case) -> bool;

} // namespace dossier::explain
