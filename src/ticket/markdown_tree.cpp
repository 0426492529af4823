#include "markdown_tree.hpp"

#include "dossier/base/strings.hpp"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <memory>
#include <mutex>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

struct FreeParser {
    void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};
struct FreeNode {
    void operator()(cmark_node* node) const { cmark_node_free(node); }
};
struct FreeIterator {
    void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
};
using NodePtr = std::unique_ptr<cmark_node, FreeNode>;

auto parse(std::string_view markdown) -> NodePtr {
    static std::once_flag registered;
    std::call_once(registered, cmark_gfm_core_extensions_ensure_registered);
    const std::unique_ptr<cmark_parser, FreeParser> parser{cmark_parser_new(CMARK_OPT_VALIDATE_UTF8)};
    for (const char* name : {"table", "strikethrough"}) {
        if (auto* extension = cmark_find_syntax_extension(name)) {
            cmark_parser_attach_syntax_extension(parser.get(), extension);
        }
    }
    cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
    return NodePtr{cmark_parser_finish(parser.get())};
}

auto clean(const char* literal, bool keep_lines) -> std::string {
    std::string text;
    for (const char* c = literal == nullptr ? "" : literal; *c != '\0'; ++c) {
        const auto byte = static_cast<unsigned char>(*c);
        if (byte == '\n' && keep_lines) {
            text += '\n';
        } else if (byte == '\n' || byte == '\t') {
            text += ' ';
        } else if (byte >= 0x20 && byte != 0x7f) {
            text += *c;
        }
    }
    return text;
}

auto leaf(Kind kind, std::string text) -> MarkdownNode {
    MarkdownNode node;
    node.kind = kind;
    node.text = std::move(text);
    return node;
}

/// Raw HTML as the text it is, a line each.
auto raw_lines(const char* literal) -> std::vector<MarkdownNode> {
    std::vector<MarkdownNode> nodes;
    for (const auto line : split(trim(clean(literal, true)), '\n')) {
        if (!nodes.empty()) nodes.push_back(leaf(Kind::hard_break, ""));
        if (!line.empty()) nodes.push_back(leaf(Kind::text, std::string(line)));
    }
    return nodes;
}

auto language_of(cmark_node* node) -> std::string {
    const char* info = cmark_node_get_fence_info(node);
    std::string language;
    for (const char c : lower(info == nullptr ? "" : info)) {
        const bool allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-' || c == '_';
        if (!allowed || language.size() == 32) break;
        language += c;
    }
    return language;
}

/// All literals below a node, without recursion: what lies deeper than we follow.
auto flat_text(cmark_node* node) -> std::string {
    const std::unique_ptr<cmark_iter, FreeIterator> iterator{cmark_iter_new(node)};
    std::string text;
    while (cmark_iter_next(iterator.get()) != CMARK_EVENT_DONE) {
        const char* literal = cmark_node_get_literal(cmark_iter_get_node(iterator.get()));
        if (cmark_iter_get_event_type(iterator.get()) == CMARK_EVENT_ENTER && literal != nullptr) {
            if (!text.empty() && text.back() != ' ') text += ' ';
            text += trim(clean(literal, false));
        }
    }
    return text;
}

auto block_kind(cmark_node* node) -> Kind {
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
        return Kind::heading;
    case CMARK_NODE_LIST:
        return cmark_node_get_list_type(node) == CMARK_ORDERED_LIST ? Kind::ordered_list : Kind::bullet_list;
    case CMARK_NODE_ITEM:
        return Kind::item;
    case CMARK_NODE_BLOCK_QUOTE:
        return Kind::quote;
    case CMARK_NODE_STRONG:
        return Kind::strong;
    case CMARK_NODE_EMPH:
        return Kind::emphasis;
    default:
        break;
    }
    const std::string_view name = cmark_node_get_type_string(node);
    if (name == "table") return Kind::table;
    if (name == "table_row" || name == "table_header") return Kind::table_row;
    if (name == "table_cell") return Kind::table_cell;
    if (name == "strikethrough") return Kind::strike;
    return Kind::paragraph;
}

void convert_children(cmark_node* from, int depth, std::vector<MarkdownNode>& into);

/// Levels that a container needs below itself to keep its shape: row, cell, marks.
constexpr int room_below = 4;
auto is_container(Kind kind) -> bool {
    return kind == Kind::bullet_list || kind == Kind::ordered_list || kind == Kind::quote || kind == Kind::table;
}

/// A link that may be one, else its words and its address as text.
void convert_link(cmark_node* from, int depth, std::vector<MarkdownNode>& into) {
    const char* url = cmark_node_get_url(from);
    MarkdownNode link = leaf(Kind::link, "");
    link.target = url == nullptr ? "" : url;
    convert_children(from, depth, link.children);
    if (is_web_link(link.target)) {
        if (text_of(link).empty()) link.children = {leaf(Kind::text, link.target)};
        into.push_back(std::move(link));
        return;
    }
    std::ranges::move(link.children, std::back_inserter(into));
    if (const auto address = clean(link.target.c_str(), false); !address.empty()) {
        into.push_back(leaf(Kind::text, " (" + address + ")"));
    }
}

void convert(cmark_node* from, int depth, std::vector<MarkdownNode>& into) {
    switch (cmark_node_get_type(from)) {
    case CMARK_NODE_TEXT:
        into.push_back(leaf(Kind::text, clean(cmark_node_get_literal(from), false)));
        return;
    case CMARK_NODE_HTML_INLINE:
        into.push_back(leaf(Kind::text, clean(cmark_node_get_literal(from), false)));
        return;
    case CMARK_NODE_CODE:
        into.push_back(leaf(Kind::code, clean(cmark_node_get_literal(from), false)));
        return;
    case CMARK_NODE_SOFTBREAK:
        into.push_back(leaf(Kind::soft_break, ""));
        return;
    case CMARK_NODE_LINEBREAK:
        into.push_back(leaf(Kind::hard_break, ""));
        return;
    case CMARK_NODE_THEMATIC_BREAK:
        into.push_back(leaf(Kind::rule, ""));
        return;
    case CMARK_NODE_IMAGE:
        into.push_back(leaf(Kind::text, flat_text(from)));
        return;
    case CMARK_NODE_LINK:
        convert_link(from, depth + 1, into);
        return;
    case CMARK_NODE_CODE_BLOCK: {
        auto code = leaf(Kind::code_block, clean(cmark_node_get_literal(from), true));
        while (!code.text.empty() && code.text.back() == '\n') code.text.pop_back();
        code.language = language_of(from);
        into.push_back(std::move(code));
        return;
    }
    case CMARK_NODE_HTML_BLOCK: {
        auto paragraph = leaf(Kind::paragraph, "");
        paragraph.children = raw_lines(cmark_node_get_literal(from));
        into.push_back(std::move(paragraph));
        return;
    }
    default:
        break;
    }
    auto node = leaf(block_kind(from), "");
    if (is_container(node.kind) && depth >= max_markdown_depth - room_below) {
        auto paragraph = leaf(Kind::paragraph, "");
        paragraph.children.push_back(leaf(Kind::text, flat_text(from)));
        into.push_back(std::move(paragraph));
        return;
    }
    if (depth >= max_markdown_depth) {
        into.push_back(leaf(Kind::text, flat_text(from)));
        return;
    }
    if (node.kind == Kind::heading) node.number = cmark_node_get_heading_level(from);
    if (node.kind == Kind::ordered_list) node.number = cmark_node_get_list_start(from);
    if (node.kind == Kind::table_row) node.is_header = cmark_gfm_extensions_get_table_row_is_header(from) != 0;
    convert_children(from, depth + 1, node.children);
    into.push_back(std::move(node));
}

void convert_children(cmark_node* from, int depth, std::vector<MarkdownNode>& into) {
    for (auto* child = cmark_node_first_child(from); child != nullptr; child = cmark_node_next(child)) {
        convert(child, depth, into);
    }
}

} // namespace

auto parse_markdown(std::string_view markdown) -> MarkdownNode {
    MarkdownNode document;
    if (const auto root = parse(markdown)) convert_children(root.get(), 0, document.children);
    return document;
}

auto text_of(const MarkdownNode& node) -> std::string {
    std::string text = node.text;
    for (const auto& child : node.children) {
        const bool is_break = child.kind == Kind::soft_break || child.kind == Kind::hard_break;
        text += is_break ? " " : text_of(child);
    }
    return text;
}

auto is_web_link(std::string_view url) -> bool {
    if (url.size() > 2'000) return false;
    const auto scheme = lower(url.substr(0, 8));
    const std::size_t start = scheme == "https://" ? 8 : scheme.starts_with("http://") ? 7 : 0;
    if (start == 0) return false;
    if (std::ranges::any_of(url, [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '\\'; })) return false;
    const auto host = url.substr(start, url.find_first_of("/?#", start) - start);
    return !host.empty() && host.find('@') == std::string_view::npos;
}

} // namespace dossier::ticket
