#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

void add_inline(std::string& out, const MarkdownNode& node) {
    switch (node.kind) {
    case Kind::text:
    case Kind::code:
        out += node.text;
        return;
    case Kind::soft_break:
        out += ' ';
        return;
    case Kind::hard_break:
        out += '\n';
        return;
    default:
        break;
    }
    const auto start = out.size();
    for (const auto& child : node.children) add_inline(out, child);
    // The address is what the reader needs; it is repeated only where the words differ from it.
    if (node.kind == Kind::link && out.substr(start) != node.target) out += fmt::format(" <{}>", node.target);
}

auto inline_text(const MarkdownNode& node) -> std::string {
    std::string out;
    for (const auto& child : node.children) add_inline(out, child);
    return out;
}

void indent_into(std::string& out, std::string_view text, std::string_view first, std::string_view rest) {
    bool is_first = true;
    for (const auto line : split(text, '\n')) {
        out += line.empty() && !is_first ? "" : is_first ? first : rest;
        out += line;
        out += '\n';
        is_first = false;
    }
}

auto block_text(const MarkdownNode& node) -> std::string;

auto blocks_text(const MarkdownNode& node) -> std::string {
    std::string out;
    for (const auto& child : node.children) {
        const auto text = block_text(child);
        if (text.empty()) continue;
        if (!out.empty()) out += '\n';
        out += text;
    }
    return out;
}

auto list_text(const MarkdownNode& node) -> std::string {
    std::string out;
    auto number = static_cast<long long>(node.number);
    for (const auto& item : node.children) {
        const auto mark = node.kind == Kind::bullet_list ? std::string("- ") : fmt::format("{}. ", number++);
        indent_into(out, blocks_text(item), mark, std::string(mark.size(), ' '));
    }
    if (!out.empty()) out.pop_back();
    return out;
}

auto table_text(const MarkdownNode& node) -> std::string {
    std::string out;
    for (const auto& row : node.children) {
        if (!out.empty()) out += '\n';
        bool is_first = true;
        for (const auto& cell : row.children) {
            if (!is_first) out += " | ";
            out += replace_all(inline_text(cell), "\n", " ");
            is_first = false;
        }
    }
    return out;
}

auto block_text(const MarkdownNode& node) -> std::string {
    switch (node.kind) {
    case Kind::heading: {
        const auto title = replace_all(inline_text(node), "\n", " ");
        return title.empty() ? "" : fmt::format("{}\n{}", title, std::string(node.number <= 1 ? 8 : 4, '='));
    }
    case Kind::bullet_list:
    case Kind::ordered_list:
        return list_text(node);
    case Kind::table:
        return table_text(node);
    case Kind::rule:
        return "----";
    case Kind::code_block: {
        std::string out;
        indent_into(out, node.text, "    ", "    ");
        out.pop_back();
        return out;
    }
    case Kind::quote: {
        std::string out;
        indent_into(out, blocks_text(node), "> ", "> ");
        out.pop_back();
        return out;
    }
    default:
        return inline_text(node);
    }
}

auto document_text(const MarkdownNode& document) -> std::string {
    std::string out;
    for (const auto& node : document.children) {
        const auto text = block_text(node);
        if (text.empty()) continue;
        if (!out.empty()) out += "\n\n";
        out += text;
    }
    return out;
}

auto size_in_plain(const MarkdownNode& node) -> std::size_t {
    const auto text = block_text(node);
    return text.empty() ? 0 : utf16_units(text) + 2; // and the blank line after it
}

} // namespace

auto markdown_to_plain(std::string_view markdown, std::size_t max_characters) -> std::string {
    auto tree = parse_markdown(markdown);
    auto whole = document_text(tree);
    if (max_characters == 0 || utf16_units(whole) <= max_characters) return whole;
    fit_blocks(tree, max_characters, size_in_plain);
    const auto fits = document_text(tree);
    // One huge paragraph leaves no block to keep; its beginning says more than a notice alone.
    const bool is_worth_it = fits.size() > left_out_notice.size() && utf16_units(fits) <= max_characters;
    return is_worth_it ? fits : shorten_text(whole, max_characters);
}

} // namespace dossier::ticket
