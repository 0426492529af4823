#pragma once
// Markdown as a small value tree, which the ADF, HTML and plain renderers walk. Parsing is cmark-gfm's (CommonMark 0.29
// with GitHub's tables and strikethrough; no autolinks, so a bare address stays text). The tree is made safe here, once
// for all renderers: raw HTML is text, images are their alternative text, links other than http(s) are text, control
// characters are gone, and nothing is nested deeper than `max_depth`.

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

struct MarkdownNode {
    enum class Kind {
        document,
        paragraph,
        heading,
        bullet_list,
        ordered_list,
        item,
        quote,
        code_block,
        rule,
        table,
        table_row,
        table_cell,
        text,
        code,
        strong,
        emphasis,
        strike,
        link,
        hard_break,
        soft_break,
    };
    Kind kind = Kind::document;
    std::string text;     ///< of text, code and code_block
    std::string target;   ///< address of a link
    std::string language; ///< of a code block, [a-z0-9+#-] only
    int number = 0;       ///< level of a heading, first number of an ordered list
    bool is_header = false;
    std::vector<MarkdownNode> children;
};

inline constexpr int max_markdown_depth = 12;

/// Never fails: all text is Markdown.
[[nodiscard]] auto parse_markdown(std::string_view markdown) -> MarkdownNode;
/// The text below a node, without marks.
[[nodiscard]] auto text_of(const MarkdownNode& node) -> std::string;
/// An absolute http(s) address with a host, without user part, blanks and control characters.
[[nodiscard]] auto is_web_link(std::string_view url) -> bool;

/// The words that mark a text written by an LLM (DESIGN §2).
inline constexpr std::string_view ai_mark = "AI-Generated Guidance";
/// Stands where blocks were left out.
inline constexpr std::string_view left_out_notice =
    "Shortened to fit this tracker; the full text is attached where files are allowed, and kept in dossier.";

/// Makes a document fit: rows of the last table go first (the evidence), then whole blocks from the end. A last block
/// that carries the AI mark stays as long as anything does. A notice says that something is missing.
/// @param size of one rendered block, with what separates it from the next
void fit_blocks(MarkdownNode& document, std::size_t limit, std::size_t (*size)(const MarkdownNode& block));

} // namespace dossier::ticket
