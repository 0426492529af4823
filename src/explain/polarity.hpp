#pragma once
// Good news, bad news and duties need evidence of their own: that nothing need be done, that it is harmless, fixed,
// encrypted, confined, meant to be so, without an owner; that something happened; that a notification is due. Wordings
// are known by pattern; and since nobody can list them all, a negation that fits none of the harmless forms fails too.

#include "cited.hpp"

namespace dossier::explain {

/// Looks at the whole sentence, quotes included: what it quotes from a title reassures all the same.
[[nodiscard]] auto polarity_objection(const std::string& text, const Cited& cited) -> Objection;

/// A negation ("no", "not", "nobody", "without", …) that neither the evidence has nor a harmless form excuses.
/// @param text without the quotes
[[nodiscard]] auto negation_objection(const std::string& text, const Cited& cited) -> Objection;

} // namespace dossier::explain
