#include "policy_markup.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace dossier::context {
namespace {

auto heading_level(std::string_view line) -> std::size_t {
    const auto marks = line.find_first_not_of('#');
    const auto level = marks == std::string_view::npos ? line.size() : marks;
    const bool is_heading = level >= 1 && level <= 6 && (level == line.size() || line[level] == ' ');
    return is_heading ? level : 0;
}

auto is_fence(std::string_view line) -> bool { return line.starts_with("```") || line.starts_with("~~~"); }

auto is_underline(std::string_view line, char mark) -> bool {
    return line.size() >= 2 && line.find_first_not_of(mark) == std::string_view::npos;
}

/// The item's text behind "- ", "* ", "1. " and "> "; `is_item` where there was a mark.
auto without_marks(std::string_view line, bool& is_item) -> std::string_view {
    for (;;) {
        line = trim(line);
        const auto digits = line.find_first_not_of("0123456789");
        const bool is_numbered = digits != std::string_view::npos && digits > 0 && digits <= 3 &&
                                 (line.substr(digits).starts_with(". ") || line.substr(digits).starts_with(") "));
        if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") || line.starts_with("> "))
            line.remove_prefix(2);
        else if (is_numbered)
            line.remove_prefix(digits + 2);
        else
            return line;
        is_item = true;
    }
}

/// Emphasis and code marks say nothing to a reader of a quotation.
auto plain(std::string_view text) -> std::string {
    std::string out;
    for (const char c : text)
        if (c != '*' && c != '`') out.push_back(c);
    return out;
}

constexpr std::array<std::string_view, 7> silent{"script", "style", "head", "noscript", "template", "svg", "nav"};
constexpr std::array<std::string_view, 14> blocks{"p",  "div", "li",    "tr",      "br",         "ul", "ol",
                                                  "td", "th",  "table", "section", "blockquote", "dd", "dt"};
constexpr std::pair<std::string_view, std::string_view> entities[] = {
    {"amp", "&"},  {"lt", "<"},    {"gt", ">"},    {"quot", "\""}, {"apos", "'"}, {"#39", "'"},
    {"nbsp", " "}, {"ndash", "–"}, {"mdash", "—"}, {"rsquo", "’"}, {"sect", "§"}, {"hellip", "…"},
};

auto decoded(std::string_view html, std::size_t& at) -> std::string {
    const auto end = html.find(';', at);
    if (end != std::string_view::npos && end - at <= 8) {
        const auto name = html.substr(at + 1, end - at - 1);
        for (const auto& [entity, text] : entities) {
            if (name != entity) continue;
            at = end;
            return std::string(text);
        }
    }
    return "&";
}

struct Tag {
    std::string name;
    bool closes = false;
};

auto tag_in(std::string_view inner) -> Tag {
    Tag tag;
    tag.closes = inner.starts_with('/');
    if (tag.closes) inner.remove_prefix(1);
    const auto end = std::ranges::find_if(inner, [](unsigned char c) { return std::isalnum(c) == 0; });
    tag.name = lower(inner.substr(0, static_cast<std::size_t>(end - inner.begin())));
    return tag;
}

} // namespace

auto markdown_lines(std::string_view markdown) -> std::vector<MarkdownLine> {
    std::vector<MarkdownLine> lines;
    const auto all = split(markdown, '\n');
    std::size_t first = 0;
    if (!all.empty() && trim(all.front()) == "---") { // front matter
        std::size_t end = 1;
        while (end < all.size() && trim(all[end]) != "---") ++end;
        if (end < all.size()) first = end + 1;
    }
    bool in_code = false;
    bool in_comment = false;
    bool is_new_paragraph = true;
    for (auto i = first; i < all.size(); ++i) {
        const auto line = trim(all[i]);
        if (is_fence(line)) in_code = !in_code;
        if (in_code || is_fence(line)) continue;
        if (line.starts_with("<!--")) in_comment = true;
        if (in_comment) {
            in_comment = line.find("-->") == std::string_view::npos;
            continue;
        }
        const auto next = i + 1 < all.size() ? trim(all[i + 1]) : std::string_view();
        if (line.empty()) {
            is_new_paragraph = true;
        } else if (const auto level = heading_level(line); level > 0) {
            auto text = line.substr(level);
            while (text.ends_with('#')) text.remove_suffix(1);
            lines.push_back({.level = level, .text = plain(trim(text))});
            is_new_paragraph = true;
        } else if (is_underline(next, '=') || (is_underline(next, '-') && is_new_paragraph)) {
            lines.push_back({.level = next.front() == '=' ? 1U : 2U, .text = plain(line)});
            ++i;
            is_new_paragraph = true;
        } else {
            bool is_item = false;
            const auto text = without_marks(line, is_item);
            lines.push_back({.text = plain(text), .begins_paragraph = is_new_paragraph || is_item});
            is_new_paragraph = false;
        }
    }
    return lines;
}

auto html_as_markdown(std::string_view html) -> std::string {
    std::string out;
    std::string silenced; ///< the element whose content is left out
    for (std::size_t at = 0; at < html.size(); ++at) {
        const char c = html[at];
        if (c == '<' && html.substr(at).starts_with("<!--")) {
            const auto end = html.find("-->", at);
            if (end == std::string_view::npos) break;
            at = end + 2;
        } else if (c == '<') {
            const auto end = html.find('>', at);
            if (end == std::string_view::npos) break;
            const auto tag = tag_in(html.substr(at + 1, end - at - 1));
            at = end;
            if (!silenced.empty()) {
                if (tag.closes && tag.name == silenced) silenced.clear();
            } else if (std::ranges::find(silent, tag.name) != silent.end()) {
                if (!tag.closes) silenced = tag.name;
            } else if (tag.name.size() == 2 && tag.name[0] == 'h' && tag.name[1] >= '1' && tag.name[1] <= '6') {
                out += "\n\n";
                if (!tag.closes) out += std::string(static_cast<std::size_t>(tag.name[1] - '0'), '#') + " ";
            } else if (std::ranges::find(blocks, tag.name) != blocks.end()) {
                out += "\n\n";
            }
        } else if (!silenced.empty()) {
            continue;
        } else if (c == '&') {
            out += decoded(html, at);
        } else {
            out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
        }
    }
    return out;
}

} // namespace dossier::context
