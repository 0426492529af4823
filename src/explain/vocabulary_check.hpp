#pragma once
// Words that mean one thing here: who says "critical", "public", "health data", "production", "Azure" or "passport
// numbers" needs cited evidence that says so too; and a rating or an exposure is the one that the evidence gives.

#include "cited.hpp"

namespace dossier::explain {

[[nodiscard]] auto vocabulary_objection(const std::string& text, const Cited& cited) -> Objection;

} // namespace dossier::explain
