#pragma once
// The word of the rules on one column: by its name and what stands around it, by its type, and by its masked samples.

#include "classification_knowledge.hpp"

#include <set>

namespace dossier::explain {

/// What a table is about, and which of its columns are beyond doubt.
struct TableContext {
    std::set<std::string> kinds;
};
[[nodiscard]] auto kinds_of(const ClassificationKnowledge& knowledge, const Words& words) -> std::set<std::string>;

struct FieldVerdict {
    Words classes; ///< empty = none of those that need care
    double confidence = 0;
    std::string why;
    bool is_known = false; ///< some word of the name says something; else nobody knows what it holds
};
[[nodiscard]] auto by_name(const ClassificationKnowledge& knowledge, std::string_view path, const TableContext& table)
    -> FieldVerdict;
/// Of cells as masks leave them: "<EMAIL>", "***-**-1234", "a***@***.com", "$2b$12$****".
[[nodiscard]] auto by_samples(const ClassificationKnowledge& knowledge, const Words& cells) -> FieldVerdict;
/// Cells of the values that tests are written with: "<CARD TEST>", "4111111111111111".
[[nodiscard]] auto is_test_cell(std::string_view cell) -> bool;
/// Both together, and what the type rules out.
[[nodiscard]] auto joined_verdict(FieldVerdict name, const FieldVerdict& samples, std::string_view type)
    -> FieldVerdict;

} // namespace dossier::explain
