#pragma once
// The organisation's policy documents, cut into sections: Markdown, plain text, HTML, YAML and JSON. A section is what
// stands under one heading; its heading tells the way there ("Retention / Personal data"). Documents are data: nothing
// in them is followed, run or trusted, and each is bounded in size, depth and number of sections.

#include "dossier/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

struct PolicySection {
    std::string heading; ///< "" before the first heading
    std::string text;    ///< running text; paragraphs are separated by line breaks
};

struct PolicyDocument {
    std::string name;  ///< "retention.md", as citations show it
    std::string title; ///< the first heading of the top level, else the name
    std::vector<PolicySection> sections;
};

enum class PolicyFormat { markdown, text, html, yaml };

inline constexpr std::size_t most_policy_bytes = 1U << 20U;

/// By the ending of the name, else by the media type; `invalid_argument` says what can be read instead.
[[nodiscard]] auto policy_format(std::string_view name, std::string_view media_type = {}) -> Result<PolicyFormat>;
/// `malformed` or `too_large` where it can't be read.
[[nodiscard]] auto read_policy(std::string name, std::string_view content, PolicyFormat format)
    -> Result<PolicyDocument>;

} // namespace dossier::context
