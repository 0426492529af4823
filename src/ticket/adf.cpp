#include "dossier/base/json.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

/// Marks that are on at a place. ADF lets `code` stand with a link only, and each mark once.
struct Marks {
    bool strong = false;
    bool emphasis = false;
    bool strike = false;
    std::string link;
};

auto marks_of(const Marks& on, bool is_code) -> Json {
    Json marks = Json::array();
    if (!on.link.empty()) marks.push_back({{"type", "link"}, {"attrs", {{"href", on.link}}}});
    if (is_code) {
        marks.push_back({{"type", "code"}});
        return marks;
    }
    if (on.strong) marks.push_back({{"type", "strong"}});
    if (on.emphasis) marks.push_back({{"type", "em"}});
    if (on.strike) marks.push_back({{"type", "strike"}});
    return marks;
}

void add_text(Json& content, const std::string& text, Json marks) {
    if (text.empty()) return; // the schema refuses empty text nodes
    if (!content.empty()) {
        auto& last = content.back();
        if (last["type"] == "text" && last.value("marks", Json::array()) == marks) {
            last["text"] = last["text"].get<std::string>() + text;
            return;
        }
    }
    Json node{{"type", "text"}, {"text", text}};
    if (!marks.empty()) node["marks"] = std::move(marks);
    content.push_back(std::move(node));
}

void add_inline(Json& content, const MarkdownNode& node, Marks on) {
    switch (node.kind) {
    case Kind::text:
        add_text(content, node.text, marks_of(on, false));
        return;
    case Kind::code:
        add_text(content, node.text, marks_of(on, true));
        return;
    case Kind::soft_break:
        add_text(content, " ", marks_of(on, false));
        return;
    case Kind::hard_break:
        content.push_back({{"type", "hardBreak"}});
        return;
    case Kind::strong:
        on.strong = true;
        break;
    case Kind::emphasis:
        on.emphasis = true;
        break;
    case Kind::strike:
        on.strike = true;
        break;
    case Kind::link:
        on.link = node.target;
        break;
    default:
        break;
    }
    for (const auto& child : node.children) add_inline(content, child, on);
}

auto inlines(const MarkdownNode& node, Marks on = {}) -> Json {
    Json content = Json::array();
    for (const auto& child : node.children) add_inline(content, child, on);
    return content;
}

auto paragraph(Json content) -> Json { return {{"type", "paragraph"}, {"content", std::move(content)}}; }

auto code_block(const MarkdownNode& node) -> Json {
    Json block{{"type", "codeBlock"}};
    if (!node.language.empty()) block["attrs"] = {{"language", node.language}};
    if (!node.text.empty()) block["content"] = Json::array({Json{{"type", "text"}, {"text", node.text}}});
    return block;
}

auto table(const MarkdownNode& node) -> Json {
    Json rows = Json::array();
    for (const auto& row : node.children) {
        Json cells = Json::array();
        for (const auto& cell : row.children) {
            cells.push_back({{"type", row.is_header ? "tableHeader" : "tableCell"},
                             {"content", Json::array({paragraph(inlines(cell))})}});
        }
        if (!cells.empty()) rows.push_back({{"type", "tableRow"}, {"content", std::move(cells)}});
    }
    if (rows.empty()) return {};
    return {{"type", "table"}, {"content", std::move(rows)}};
}

void add_nested(Json& content, const MarkdownNode& node);

auto list(const MarkdownNode& node) -> Json {
    Json items = Json::array();
    for (const auto& item : node.children) {
        Json content = Json::array();
        for (const auto& child : item.children) add_nested(content, child);
        if (content.empty() || content.front()["type"] == "bulletList" || content.front()["type"] == "orderedList") {
            content.insert(content.begin(), paragraph(Json::array()));
        }
        items.push_back({{"type", "listItem"}, {"content", std::move(content)}});
    }
    if (items.empty()) return {};
    if (node.kind == Kind::bullet_list) return {{"type", "bulletList"}, {"content", std::move(items)}};
    return {{"type", "orderedList"}, {"attrs", {{"order", node.number}}}, {"content", std::move(items)}};
}

/// Blocks inside list items and quotes: only paragraphs, lists and code may stand there; the rest turns into those.
void add_nested(Json& content, const MarkdownNode& node) {
    switch (node.kind) {
    case Kind::paragraph:
        content.push_back(paragraph(inlines(node)));
        return;
    case Kind::heading:
        content.push_back(paragraph(inlines(node, Marks{.strong = true})));
        return;
    case Kind::code_block:
        content.push_back(code_block(node));
        return;
    case Kind::bullet_list:
    case Kind::ordered_list:
        if (auto made = list(node); !made.is_null()) content.push_back(std::move(made));
        return;
    case Kind::table:
        for (const auto& row : node.children) {
            Json line = Json::array();
            for (const auto& cell : row.children) {
                if (!line.empty()) add_text(line, " | ", Json::array());
                for (const auto& child : cell.children) add_inline(line, child, Marks{.strong = row.is_header});
            }
            content.push_back(paragraph(std::move(line)));
        }
        return;
    case Kind::rule:
        return;
    default:
        for (const auto& child : node.children) add_nested(content, child);
    }
}

/// A top-level block; null for one that would show nothing.
auto block(const MarkdownNode& node) -> Json {
    switch (node.kind) {
    case Kind::paragraph: {
        auto content = inlines(node);
        return content.empty() ? Json{} : paragraph(std::move(content));
    }
    case Kind::heading: {
        auto content = inlines(node);
        if (content.empty()) return {};
        return {{"type", "heading"}, {"attrs", {{"level", std::clamp(node.number, 1, 6)}}}, {"content", content}};
    }
    case Kind::bullet_list:
    case Kind::ordered_list:
        return list(node);
    case Kind::code_block:
        return code_block(node);
    case Kind::rule:
        return {{"type", "rule"}};
    case Kind::table:
        return table(node);
    case Kind::quote: {
        Json content = Json::array();
        for (const auto& child : node.children) add_nested(content, child);
        if (content.empty()) return {};
        return {{"type", "blockquote"}, {"content", std::move(content)}};
    }
    default:
        return {};
    }
}

auto size_in_adf(const MarkdownNode& node) -> std::size_t {
    const auto made = block(node);
    return made.is_null() ? 0 : dump_json(made).size() + 1;
}

} // namespace

auto markdown_to_adf(std::string_view markdown, std::size_t max_bytes) -> std::string {
    Json document{{"version", 1}, {"type", "doc"}, {"content", Json::array()}};
    auto tree = parse_markdown(markdown);
    const auto frame = dump_json(document).size();
    fit_blocks(tree, max_bytes > frame ? max_bytes - frame : 0, size_in_adf);
    for (const auto& node : tree.children) {
        if (auto made = block(node); !made.is_null()) document["content"].push_back(std::move(made));
    }
    return dump_json(document);
}

} // namespace dossier::ticket
