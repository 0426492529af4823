#include "chat_words.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::approve {
namespace {

constexpr std::size_t most_typed = 4'000;

auto entities_undone(std::string text) -> std::string {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities{
        {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}, {"&amp;", "&"}}};
    for (const auto& [entity, sign] : entities) text = replace_all(std::move(text), entity, sign);
    return text;
}

auto one_spaced(std::string_view text) -> std::string {
    std::string out;
    for (const unsigned char c : text) {
        const bool is_space = c <= 0x20 || c == 0x7F;
        if (is_space && (out.empty() || out.back() == ' ')) continue;
        out += is_space ? ' ' : static_cast<char>(c);
    }
    return std::string(trim(out));
}

/// Replaces each `<…>` by what `inner` makes of its inside.
template <class Inner>
auto without_tags(std::string_view text, Inner inner) -> std::string {
    std::string out;
    while (!text.empty()) {
        const auto open = text.find('<');
        out += text.substr(0, open);
        if (open == std::string_view::npos) break;
        const auto close = text.find('>', open);
        if (close == std::string_view::npos) {
            out += text.substr(open);
            break;
        }
        out += inner(text.substr(open + 1, close - open - 1));
        text.remove_prefix(close + 1);
    }
    return out;
}

auto href_of(std::string_view tag) -> std::string {
    const auto begin = tag.find("href=\"");
    if (begin == std::string_view::npos) return "";
    const auto from = begin + 6;
    const auto end = tag.find('"', from);
    return end == std::string_view::npos ? "" : std::string(tag.substr(from, end - from));
}

auto without_mentions(std::string html) -> std::string {
    for (std::size_t begin = html.find("<at"); begin != std::string::npos; begin = html.find("<at", begin)) {
        const auto end = html.find("</at>", begin);
        if (end == std::string::npos) break;
        html.replace(begin, end + 5 - begin, " ");
    }
    return html;
}

/// Links as their target, once: "<a href="U">label</a>" is U.
auto without_labels(std::string html) -> std::string {
    for (std::size_t begin = html.find("<a "); begin != std::string::npos; begin = html.find("<a ", begin)) {
        const auto tag_end = html.find('>', begin);
        const auto end = html.find("</a>", begin);
        if (tag_end == std::string::npos || end == std::string::npos || end < tag_end) break;
        const auto target = ' ' + href_of(std::string_view(html).substr(begin, tag_end - begin)) + ' ';
        html.replace(begin, end + 4 - begin, target);
        begin += target.size();
    }
    return html;
}

} // namespace

auto words_from_slack(std::string_view text) -> std::string {
    auto plain = without_tags(text.substr(0, most_typed), [](std::string_view inside) -> std::string {
        if (inside.empty() || inside.front() == '@' || inside.front() == '!' || inside.front() == '#') return " ";
        return std::string(inside.substr(0, inside.find('|')));
    });
    return one_spaced(entities_undone(to_valid_utf8(plain)));
}

auto words_from_teams(std::string_view html) -> std::string {
    auto text = without_labels(without_mentions(std::string(html.substr(0, most_typed))));
    text = without_tags(text, [](std::string_view) { return std::string(" "); });
    return one_spaced(entities_undone(to_valid_utf8(text)));
}

auto parse_chat_command(std::string_view words) -> ChatCommand {
    using Kind = ChatCommand::Kind;
    words = trim(words);
    const auto first_end = std::min(words.find(' '), words.size());
    const auto first = lower(words.substr(0, first_end));
    const auto after = trim(words.substr(first_end));
    if (first.empty() || first == "help" || first == "?") return {};
    if (first == "ask")
        return {.kind = after.empty() ? Kind::help : Kind::ask, .object = {}, .rest = std::string(after)};
    constexpr std::array<std::pair<std::string_view, Kind>, 3> known{
        {{"explain", Kind::explain}, {"approve", Kind::approve}, {"reject", Kind::reject}}};
    for (const auto& [word, kind] : known) {
        if (first != word) continue;
        const auto object_end = std::min(after.find(' '), after.size());
        return {.kind = kind,
                .object = std::string(after.substr(0, object_end)),
                .rest = std::string(trim(after.substr(object_end)))};
    }
    return {.kind = Kind::ask, .object = {}, .rest = std::string(words)};
}

} // namespace dossier::approve
