#pragma once
// What a tracker's fields may be filled with. Everything comes from code and from what the sources say, nothing from an
// LLM; names are those of the model (DESIGN §6). Values are somebody else's text: one line each, bounded, and escaped
// by whoever writes them into a format.

#include "dossier/finding/dossier.hpp"
#include "dossier/ticket/draft_renderer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::ticket {

using TicketFacts = std::vector<std::pair<std::string, std::string>>;

/// Facts of the most severe finding, its owner and its asset; those that are not known are left out. Lists are joined
/// by ", ".
[[nodiscard]] auto facts_of(const DossierView& view) -> TicketFacts;
/// The findings' own pages, where the platforms sent an address.
[[nodiscard]] auto links_of(const DossierView& view) -> std::vector<WebLink>;
/// Every name that `facts_of` can give.
[[nodiscard]] auto fact_names() -> const std::vector<std::string_view>&;

/// Replaces `{{name}}` by the fact, and by the words after the bar in `{{name|words}}` where it isn't known. Text
/// without placeholders comes back as it is.
[[nodiscard]] auto fill_in(std::string_view text, const TicketFacts& facts) -> std::string;
/// What is wrong with the placeholders of a text, for its author; "" = nothing.
[[nodiscard]] auto placeholder_problem(std::string_view text) -> std::string;

} // namespace dossier::ticket
