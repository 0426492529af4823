#pragma once
// Just enough of Markdown and HTML to find headings and running text. What it doesn't know stays text.

#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

struct MarkdownLine {
    std::size_t level = 0; ///< of a heading; 0 = text
    std::string text;      ///< without marks of headings, lists and quotes
    bool begins_paragraph = false;
};
/// ATX and setext headings, list items as paragraphs of their own; front matter, code blocks and HTML comments left
/// out.
[[nodiscard]] auto markdown_lines(std::string_view markdown) -> std::vector<MarkdownLine>;
/// Headings as `#` lines, blocks as paragraphs, entities decoded; scripts, styles and everything in tags left out.
[[nodiscard]] auto html_as_markdown(std::string_view html) -> std::string;

} // namespace dossier::context
