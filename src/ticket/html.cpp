#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

void write(std::string& out, const MarkdownNode& node);

void write_children(std::string& out, const MarkdownNode& node) {
    for (const auto& child : node.children) write(out, child);
}

void wrap(std::string& out, std::string_view tag, const MarkdownNode& node, std::string_view after = "") {
    out += fmt::format("<{}>", tag);
    write_children(out, node);
    out += fmt::format("</{}>{}", tag, after);
}

/// A list item of one paragraph is written without it, as people expect lists to look.
void write_item(std::string& out, const MarkdownNode& node) {
    out += "<li>";
    for (const auto& child : node.children) {
        if (child.kind == Kind::paragraph && node.children.size() == 1) {
            write_children(out, child);
        } else {
            write(out, child);
        }
    }
    out += "</li>\n";
}

void write_table(std::string& out, const MarkdownNode& node) {
    out += "<table>\n";
    for (const auto& row : node.children) {
        out += "<tr>";
        for (const auto& cell : row.children) wrap(out, row.is_header ? "th" : "td", cell);
        out += "</tr>\n";
    }
    out += "</table>\n";
}

void write(std::string& out, const MarkdownNode& node) {
    switch (node.kind) {
    case Kind::document:
        write_children(out, node);
        return;
    case Kind::paragraph:
        wrap(out, "p", node, "\n");
        return;
    case Kind::heading:
        wrap(out, fmt::format("h{}", node.number), node, "\n");
        return;
    case Kind::bullet_list:
        wrap(out, "ul", node, "\n");
        return;
    case Kind::ordered_list:
        out += node.number == 1 ? "<ol>\n" : fmt::format("<ol start=\"{}\">\n", node.number);
        write_children(out, node);
        out += "</ol>\n";
        return;
    case Kind::item:
        write_item(out, node);
        return;
    case Kind::quote:
        wrap(out, "blockquote", node, "\n");
        return;
    case Kind::code_block:
        out += fmt::format("<pre><code>{}</code></pre>\n", escape_xml(node.text));
        return;
    case Kind::rule:
        out += "<hr>\n";
        return;
    case Kind::table:
        write_table(out, node);
        return;
    case Kind::table_row:
    case Kind::table_cell:
        write_children(out, node);
        return;
    case Kind::text:
        out += escape_xml(node.text);
        return;
    case Kind::code:
        out += fmt::format("<code>{}</code>", escape_xml(node.text));
        return;
    case Kind::strong:
        wrap(out, "strong", node);
        return;
    case Kind::emphasis:
        wrap(out, "em", node);
        return;
    case Kind::strike:
        wrap(out, "del", node);
        return;
    case Kind::link:
        out += fmt::format("<a href=\"{}\" rel=\"noopener noreferrer\">", escape_xml(node.target));
        write_children(out, node);
        out += "</a>";
        return;
    case Kind::hard_break:
        out += "<br>\n";
        return;
    case Kind::soft_break:
        out += "\n";
        return;
    }
}

} // namespace

auto markdown_to_html(std::string_view markdown) -> std::string {
    std::string out;
    write(out, parse_markdown(markdown));
    return out;
}

} // namespace dossier::ticket
