#pragma once
// Atlassian Document Format as our renderer may write it: what the schema demands of its nodes, and what the schema
// lets through but Jira doesn't.

#include "dossier/base/json.hpp"
#include "markdown_tree.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace dossier::ticket::test {

/// "" = fine. @param parent type of the node around it
[[nodiscard]] inline auto flaw_of(const Json& node, const std::string& parent) -> std::string {
    const auto type = node.value("type", std::string{});
    const auto& content = node.contains("content") ? node["content"] : Json::array();
    const auto inside = [&](std::initializer_list<const char*> allowed) {
        return std::ranges::any_of(allowed, [&](const char* one) { return parent == one; });
    };
    const bool is_inline = type == "text" || type == "hardBreak";
    if (is_inline && !inside({"paragraph", "heading", "codeBlock"})) return type + " in " + parent;
    if (type == "text") {
        const auto text = node.value("text", std::string{});
        if (text.empty()) return "empty text";
        if (parent != "codeBlock" && text.find('\n') != std::string::npos) return "newline in text";
        if (text.find('\0') != std::string::npos) return "NUL in text";
        bool has_code = false;
        std::vector<std::string> names;
        for (const auto& mark : node.value("marks", Json::array())) {
            names.push_back(mark.value("type", std::string{}));
            has_code |= names.back() == "code";
            if (names.back() == "link" && !is_web_link(mark["attrs"].value("href", std::string{}))) return "bad link";
        }
        std::ranges::sort(names);
        if (std::ranges::adjacent_find(names) != names.end()) return "mark twice";
        if (has_code && (names.size() > 2 || (names.size() == 2 && names.back() != "link"))) return "code with marks";
        if (parent == "codeBlock" && !names.empty()) return "mark in code block";
        return "";
    }
    const bool is_list = type == "bulletList" || type == "orderedList";
    if (is_list && (content.empty() || !inside({"doc", "listItem", "blockquote"}))) return type + " in " + parent;
    if (type == "listItem" && (content.empty() || !inside({"bulletList", "orderedList"}))) return "bad listItem";
    if (type == "listItem" && content.front()["type"] != "paragraph" && content.front()["type"] != "codeBlock") {
        return "list item begins with " + content.front().dump();
    }
    if (type == "table" && (content.empty() || parent != "doc")) return "bad table";
    if (type == "tableRow" && parent != "table") return "bad row";
    if ((type == "tableCell" || type == "tableHeader") && (content.empty() || parent != "tableRow")) return "bad cell";
    if ((type == "blockquote" || type == "heading" || type == "rule") && parent != "doc") return type + " in " + parent;
    if (type == "heading" && (node["attrs"]["level"] < 1 || node["attrs"]["level"] > 6)) return "bad level";
    for (const auto& child : content) {
        if (auto flaw = flaw_of(child, type); !flaw.empty()) return flaw;
    }
    return "";
}

/// Of a whole document.
[[nodiscard]] inline auto flaw_of(const Json& document) -> std::string {
    if (document.value("version", 0) != 1 || document.value("type", std::string{}) != "doc") return "no document";
    return flaw_of(document, "");
}

} // namespace dossier::ticket::test
