#pragma once
// Reads a question in plain English by rules: the words of the fixed fields, "top 5", "by owner", "this quarter". It
// answers the obvious questions without any LLM, and what it is sure of holds against the query that an LLM made of the
// same question. Deterministic; bounded by the question's length.

#include "dossier/report/finding_query.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::report {

struct RuleReading {
    FindingQuery query;
    bool is_question = false; ///< asks for findings, as far as rules can tell
};

/// @param sources configured names, so that "from wiz" can be told from any other word
[[nodiscard]] auto read_by_rules(std::string_view question, const std::vector<std::string>& sources) -> RuleReading;

} // namespace dossier::report
