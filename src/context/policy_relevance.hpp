#pragma once
// Which sections of the organisation's policies bear on a finding, decided by code and the same each time: by what the
// finding is about (classes of data, the control that failed, environment, exposure, region, kind of resource), and by
// its own words. A section is quoted by the sentence of it that says most about that. No model is asked.

#include "dossier/finding/finding.hpp"

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

/// Things that policies and findings are about; the table of their words is in the .cpp file.
inline constexpr std::size_t most_concepts = 64;
using Concepts = std::bitset<most_concepts>;

[[nodiscard]] auto concepts_in(std::string_view text) -> Concepts;

/// What a finding is about.
struct Topic {
    Concepts data;                  ///< classes of its data
    Concepts control;               ///< the control that failed, the exposure
    Concepts around;                ///< environment, region, kind of resource
    std::vector<std::string> words; ///< of its title and rule, lower case
};
[[nodiscard]] auto topic_of(const Finding& finding) -> Topic;

/// A section, prepared once.
struct IndexedText {
    Concepts heading;
    Concepts text;
    std::vector<std::string> words; ///< sorted
};
[[nodiscard]] auto index_text(std::string_view heading, std::string_view text) -> IndexedText;

/// How much a text bears on the topic; less than `least_relevance` is chance.
[[nodiscard]] auto relevance(const Topic& topic, const IndexedText& text) -> int;
inline constexpr int least_relevance = 6;

/// The sentence that says most about the topic, at most `most_bytes` long.
[[nodiscard]] auto quotation(const Topic& topic, std::string_view text, std::size_t most_bytes) -> std::string;

} // namespace dossier::context
