#pragma once
// The evidence that one sentence cites, and how the checks of the grounding look things up in it.

#include "dossier/finding/evidence.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

using Cited = std::vector<const Evidence*>;
/// Why a sentence doesn't stand; nullopt = no objection.
using Objection = std::optional<std::string>;

[[nodiscard]] auto is_one_of(std::string_view word, std::initializer_list<std::string_view> words) -> bool;

/// Statements, values and origins of the items, in lower case, one a line.
[[nodiscard]] auto text_of(const Cited& cited) -> std::string;
/// The items of these kinds.
[[nodiscard]] auto of_kinds(const Cited& cited, std::initializer_list<std::string_view> kinds) -> Cited;

/// Items that say something of the resource, and not only what things are called: a bucket may be named "public".
[[nodiscard]] auto factual(const Cited& cited) -> Cited;
/// Items whose words are ours; only these can reassure. What repeats a name or a value from outside is not among them.
[[nodiscard]] auto trusted(const Cited& cited) -> Cited;
/// What our own code says in these items, in lower case: their statements without the names and values from outside.
[[nodiscard]] auto our_words(const Cited& items) -> std::string;
/// Items written by our own rules: remedies, regulations, risk, business.
[[nodiscard]] auto own_words(const Cited& cited) -> Cited;

/// `needle` stands in `text` (both lower case) and is not part of a longer word; of a longer identifier if `whole`.
[[nodiscard]] auto occurs(std::string_view text, std::string_view needle, bool whole) -> bool;

} // namespace dossier::explain
