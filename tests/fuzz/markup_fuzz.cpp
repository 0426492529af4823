// Draft bodies are edited by people and shaped by hostile names. Whatever they hold: the ADF is a document that Jira
// takes, the HTML holds our own tags and no others, every text keeps its limit; and a name that is escaped before it is
// put into Markdown reads as it was and makes nothing.

#include "fuzz.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_escape.hpp"
#include "support/adf_rules.hpp"
#include "tracker_text.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

using namespace dossier;
using fuzz::require;
using Kind = ticket::MarkdownNode::Kind;

void check_adf(std::string_view markdown) {
    for (const std::size_t limit : {std::size_t{600}, std::size_t{32'000}}) {
        const auto adf = ticket::markdown_to_adf(markdown, limit);
        require(adf.size() <= limit, "ADF keeps its limit");
        const auto document = parse_json(adf, 256);
        require(document && ticket::test::flaw_of(*document).empty(), "Jira takes the ADF");
    }
}

/// The tag at the beginning of `rest`, without brackets.
auto tag_of(std::string_view rest) -> std::string {
    const auto end = rest.find('>');
    require(end != std::string_view::npos, "a tag ends");
    return std::string(rest.substr(1, end - 1));
}

void check_html(std::string_view markdown) {
    static const std::vector<std::string> known{"p",  "h1",     "h2",  "h3",   "h4",         "h5", "h6",
                                                "ul", "ol",     "li",  "pre",  "td",         "th", "tr",
                                                "em", "strong", "del", "code", "blockquote", "a",  "table"};
    const auto html = ticket::markdown_to_html(markdown);
    require(is_valid_utf8(html), "HTML is text");
    std::vector<std::string> open;
    for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
        const auto tag = tag_of(std::string_view(html).substr(at));
        if (tag == "br" || tag == "hr") continue;
        if (tag.starts_with('/')) {
            require(!open.empty() && open.back() == tag.substr(1), "tags are closed in order");
            open.pop_back();
            continue;
        }
        const auto name = tag.substr(0, tag.find(' '));
        require(std::ranges::find(known, name) != known.end(), "no tag but ours");
        const auto attributes = lower(std::string_view(tag).substr(name.size())); // a scheme has no case (RFC 3986)
        const bool is_link = attributes.starts_with(" href=\"http://") || attributes.starts_with(" href=\"https://");
        require(attributes.empty() || (name == "a" && is_link && std::ranges::count(attributes, '"') == 4) ||
                    (name == "ol" && attributes.starts_with(" start=\"")),
                "no attribute but ours");
        open.push_back(name);
    }
    require(open.empty(), "every tag is closed");
}

void check_texts(std::string_view markdown) {
    for (const std::size_t limit : {std::size_t{200}, std::size_t{4'000}}) {
        const auto plain = ticket::markdown_to_plain(markdown, limit);
        require(is_valid_utf8(plain) && ticket::utf16_units(plain) <= limit, "plain text keeps its limit");
        const auto wiki = ticket::markdown_to_wiki(markdown, limit);
        require(is_valid_utf8(wiki) && ticket::utf16_units(wiki) <= limit, "wiki markup keeps its limit");
    }
}

void require_only(const ticket::MarkdownNode& node, std::initializer_list<Kind> allowed, const char* claim) {
    require(std::ranges::find(allowed, node.kind) != allowed.end(), claim);
    for (const auto& child : node.children) require_only(child, allowed, claim);
}

auto without_blanks(std::string text) -> std::string {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
}

void check_escaping(std::string_view text) {
    const auto line = ticket::one_line(text);
    const auto plain = ticket::parse_markdown(ticket::escape_markdown(text));
    require_only(plain, {Kind::document, Kind::paragraph, Kind::text, Kind::soft_break}, "an escaped name is text");
    require(without_blanks(ticket::text_of(plain)) == without_blanks(line), "an escaped name reads as it was");

    const auto code = ticket::parse_markdown("is " + ticket::inline_code(text) + " so");
    require_only(code, {Kind::document, Kind::paragraph, Kind::text, Kind::code}, "code in a line is nothing else");
    require(without_blanks(ticket::text_of(code)) == "is" + without_blanks(line) + "so", "code reads as it was");

    const auto fenced = ticket::parse_markdown("before\n\n" + ticket::fenced_code(text, "json") + "\n\nafter");
    require_only(fenced, {Kind::document, Kind::paragraph, Kind::text, Kind::code_block}, "fenced code is code");
    require(fenced.children.size() == 3, "fenced code ends at its fence");

    const auto cell =
        ticket::parse_markdown("| a | b |\n| --- | --- |\n| " + ticket::escape_markdown(text) + " | x |\n");
    require(cell.children.size() == 1 && cell.children.front().children.size() == 2 &&
                cell.children.front().children.back().children.size() == 2 &&
                ticket::text_of(cell.children.front().children.back().children.back()) == "x",
            "an escaped name keeps to its cell");

    const auto link = ticket::parse_markdown(ticket::markdown_link(text, "https://console.acme.example/a?b=(c)"));
    require_only(link, {Kind::document, Kind::paragraph, Kind::text, Kind::soft_break, Kind::link}, "a label is text");
    const auto target = ticket::parse_markdown("to " + ticket::markdown_link("there", text));
    require_only(target, {Kind::document, Kind::paragraph, Kind::text, Kind::link}, "an address is nothing else");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    check_adf(text);
    check_html(text);
    check_texts(text);
    check_escaping(text);
    return 0;
}
