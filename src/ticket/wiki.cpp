// Jira's wiki markup, which Data Center takes where Cloud takes ADF (Atlassian, "Text formatting notation").
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

auto is_wiki_word(char c) -> bool {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80U || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Marks that only count where a word begins: `snake_case` and `acme-payments` read as they are.
auto opens_mark(std::string_view text, std::size_t at, char before) -> bool {
    if (std::string_view("*_-+?!").find(text[at]) == std::string_view::npos) return false;
    const bool ends = at + 1 == text.size() || text[at + 1] == ' ';
    return !is_wiki_word(before) && !ends;
}

auto is_emoticon(std::string_view rest) -> bool {
    static constexpr std::array<std::string_view, 16> all{":)",  ":(",  ":P",  ":D",  ";)",  "(y)", "(n)",  "(i)",
                                                          "(/)", "(x)", "(!)", "(+)", "(-)", "(?)", "(on)", "(*)"};
    return std::ranges::any_of(all, [&](std::string_view one) { return rest.starts_with(one); });
}

/// "&amp;", "&#42;"
auto is_entity(std::string_view rest) -> bool {
    constexpr std::size_t longest = 10;
    const auto end = rest.substr(0, longest).find(';');
    return rest.starts_with('&') && end != std::string_view::npos && end > 1 &&
           std::ranges::all_of(rest.substr(1, end - 1), [](char c) { return c == '#' || is_wiki_word(c); });
}

/// At the start of a line these would make a list, a heading, a quotation or a rule.
auto starts_block(std::string_view line) -> bool {
    if (line.empty()) return false;
    if (line.starts_with("bq.") || line.starts_with("----")) return true;
    if (line.size() > 2 && line[0] == 'h' && line[1] >= '1' && line[1] <= '6' && line[2] == '.') return true;
    const auto end = line.find_first_not_of("*#-");
    return end != 0 && (end == std::string_view::npos || line[end] == ' ');
}

/// Text that shows as it is. @param before the character in front of it, '\n' at the start of a line
auto escaped(std::string_view text, char before) -> std::string {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const auto rest = text.substr(at);
        if (before == '\n' && starts_block(rest) && is_wiki_word(c)) {
            out += fmt::format("&#{};", static_cast<int>(c)); // a backslash before a letter would show
        } else if (c == '\\') {
            out += "&#92;"; // two of them would break the line
        } else if (is_entity(rest)) {
            out += "&amp;";
        } else if (rest.starts_with("://")) {
            out += ":&#47;"; // addresses don't become links by themselves
            ++at;
        } else if (std::string_view("{}[]|^~").find(c) != std::string_view::npos || opens_mark(text, at, before) ||
                   is_emoticon(rest) || (before == '\n' && starts_block(rest))) {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
        before = text[at];
    }
    return out;
}

auto address(const std::string& target) -> std::string {
    return replace_all(replace_all(replace_all(target, "|", "%7C"), "]", "%5D"), "[", "%5B");
}

void add_wiki_inline(std::string& out, const MarkdownNode& node);

auto inline_children(const MarkdownNode& node) -> std::string {
    std::string out;
    for (const auto& child : node.children) add_wiki_inline(out, child);
    return out;
}

auto last_of(const std::string& out) -> char { return out.empty() ? '\n' : out.back(); }

/// `*x*` where a word begins, `{*}x{*}` inside of one.
void add_marked(std::string& out, const MarkdownNode& node, char mark) {
    const auto inside = inline_children(node);
    if (inside.empty() || inside.front() == ' ' || inside.back() == ' ') {
        out += inside;
        return;
    }
    out += is_wiki_word(last_of(out)) ? fmt::format("{{{0}}}{1}{{{0}}}", mark, inside)
                                      : fmt::format("{0}{1}{0}", mark, inside);
}

void add_wiki_inline(std::string& out, const MarkdownNode& node) {
    switch (node.kind) {
    case Kind::text:
        out += escaped(node.text, last_of(out));
        return;
    case Kind::code:
        out += fmt::format("{{{{{}}}}}", escaped(node.text, ' '));
        return;
    case Kind::soft_break:
        out += ' ';
        return;
    case Kind::hard_break:
        out += "\\\\ ";
        return;
    case Kind::strong:
        add_marked(out, node, '*');
        return;
    case Kind::emphasis:
        add_marked(out, node, '_');
        return;
    case Kind::strike:
        add_marked(out, node, '-');
        return;
    case Kind::link:
        out += fmt::format("[{}|{}]", escaped(replace_all(text_of(node), "\n", " "), ' '), address(node.target));
        return;
    default:
        out += inline_children(node);
    }
}

/// Jira prints an error for a language that it can't colour.
auto wiki_language(const std::string& language) -> std::string {
    static constexpr std::array<std::string_view, 10> known{"bash",   "json", "sql",  "xml", "yaml",
                                                            "python", "java", "html", "go",  "javascript"};
    return std::ranges::find(known, language) != known.end() ? ":" + language : ":none";
}

auto wiki_code(const MarkdownNode& node) -> std::string {
    // Nothing can be escaped in it; what would end it gets a blank.
    const auto code = replace_all(node.text, "{code", "{ code");
    return fmt::format("{{code{}}}\n{}{}{{code}}", wiki_language(node.language), code,
                       code.ends_with('\n') ? "" : "\n");
}

auto wiki_table(const MarkdownNode& node) -> std::string {
    std::string out;
    for (const auto& row : node.children) {
        if (!out.empty()) out += '\n';
        const std::string_view bar = row.is_header ? "||" : "|";
        out += bar;
        for (const auto& cell : row.children) {
            auto text = inline_children(cell);
            out += fmt::format("{}{}", text.empty() ? " " : text, bar);
        }
    }
    return out;
}

auto wiki_block(const MarkdownNode& node, const std::string& bullets) -> std::string;

auto wiki_list(const MarkdownNode& node, const std::string& outer) -> std::string {
    const auto bullets = outer + (node.kind == Kind::bullet_list ? '*' : '#');
    std::string out;
    for (const auto& item : node.children) {
        if (!out.empty()) out += '\n';
        out += bullets;
        if (item.children.empty() || item.children.front().kind != Kind::paragraph) out += ' ';
        bool is_first = true;
        for (const auto& child : item.children) {
            const bool is_text = child.kind == Kind::paragraph || child.kind == Kind::heading;
            out += is_first && is_text ? " " : is_text ? "\\\\ " : "\n";
            out += is_text ? inline_children(child) : wiki_block(child, bullets);
            is_first = false;
        }
    }
    return out;
}

auto wiki_block(const MarkdownNode& node, const std::string& bullets) -> std::string {
    switch (node.kind) {
    case Kind::heading: {
        const auto title = inline_children(node);
        return title.empty() ? "" : fmt::format("h{}. {}", std::clamp(node.number, 1, 6), title);
    }
    case Kind::bullet_list:
    case Kind::ordered_list:
        return wiki_list(node, bullets);
    case Kind::table:
        return wiki_table(node);
    case Kind::rule:
        return "----";
    case Kind::code_block:
        return wiki_code(node);
    case Kind::quote: {
        std::string inside;
        for (const auto& child : node.children) inside += wiki_block(child, "") + "\n";
        return fmt::format("{{quote}}\n{}{{quote}}", inside);
    }
    default:
        return inline_children(node);
    }
}

auto wiki_size(const MarkdownNode& node) -> std::size_t {
    const auto text = wiki_block(node, "");
    return text.empty() ? 0 : utf16_units(text) + 2; // and the blank line after it
}

} // namespace

auto markdown_to_wiki(std::string_view markdown, std::size_t max_characters) -> std::string {
    auto tree = parse_markdown(markdown);
    fit_blocks(tree, max_characters, wiki_size);
    std::string out;
    for (const auto& node : tree.children) {
        const auto text = wiki_block(node, "");
        if (text.empty()) continue;
        if (!out.empty()) out += "\n\n";
        out += text;
    }
    return out;
}

} // namespace dossier::ticket
