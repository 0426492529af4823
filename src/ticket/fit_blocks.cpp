#include "markdown_tree.hpp"

#include "tracker_text.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace dossier::ticket {
namespace {

using Kind = MarkdownNode::Kind;

auto notice() -> MarkdownNode {
    MarkdownNode text;
    text.kind = Kind::text;
    text.text = left_out_notice;
    MarkdownNode emphasis;
    emphasis.kind = Kind::emphasis;
    emphasis.children.push_back(std::move(text));
    MarkdownNode paragraph;
    paragraph.kind = Kind::paragraph;
    paragraph.children.push_back(std::move(emphasis));
    return paragraph;
}

/// Cuts the table to the most rows that fit; at least its head and one row stay, else it is left as its head.
void shorten_table(MarkdownNode& table, std::size_t room, std::size_t (*size)(const MarkdownNode& block)) {
    const auto all = std::move(table.children);
    const auto with_rows = [&](std::size_t count) {
        table.children.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
        return size(table);
    };
    std::size_t fits = std::min<std::size_t>(1, all.size());
    std::size_t most = all.size();
    while (fits < most) {
        const auto middle = fits + (most - fits + 1) / 2;
        if (with_rows(middle) <= room) {
            fits = middle;
        } else {
            most = middle - 1;
        }
    }
    with_rows(fits);
}

/// The last block that had to go keeps its first sentences where there is room for them: a section that ends early
/// says more than one that is missing.
auto first_sentences(const MarkdownNode& block, std::size_t room, std::size_t (*size)(const MarkdownNode& block))
    -> std::optional<MarkdownNode> {
    constexpr std::size_t least = 80; ///< characters that are worth a paragraph of their own
    if (block.kind != Kind::paragraph || room <= least) return std::nullopt;
    const auto text = text_of(block);
    MarkdownNode short_text;
    short_text.kind = Kind::text;
    MarkdownNode paragraph;
    paragraph.kind = Kind::paragraph;
    paragraph.children.push_back(std::move(short_text));
    // What a character costs depends on the format; the text shrinks until it is cheap enough.
    for (auto units = std::min(room, utf16_units(text)); units > least; units -= std::max<std::size_t>(units / 10, 1)) {
        paragraph.children.front().text = shorten_text(text, units);
        if (size(paragraph) <= room) return paragraph;
    }
    return std::nullopt;
}

} // namespace

void fit_blocks(MarkdownNode& document, std::size_t limit, std::size_t (*size)(const MarkdownNode& block)) {
    auto& blocks = document.children;
    std::vector<std::size_t> sizes;
    std::ranges::transform(blocks, std::back_inserter(sizes), size);
    std::size_t total = 0;
    for (const auto one : sizes) total += one;
    if (total <= limit) return;

    MarkdownNode footer;
    bool has_footer = false;
    if (!blocks.empty() && text_of(blocks.back()).find(ai_mark) != std::string::npos) {
        footer = std::move(blocks.back());
        has_footer = true;
        blocks.pop_back();
        sizes.pop_back();
    }
    const auto reserved = size(notice()) + (has_footer ? size(footer) : 0);
    if (has_footer && reserved > limit) {
        has_footer = false;
        blocks.clear();
        sizes.clear();
    }
    const auto room = limit > reserved ? limit - reserved : 0;
    total = 0;
    for (const auto one : sizes) total += one;

    const auto table =
        std::ranges::find(blocks.rbegin(), blocks.rend(), Kind::table, [](const auto& block) { return block.kind; });
    if (table != blocks.rend() && total > room) {
        const auto index = static_cast<std::size_t>(std::distance(table, blocks.rend()) - 1);
        const auto others = total - sizes[index];
        shorten_table(*table, room > others ? room - others : 0, size);
        sizes[index] = size(*table);
        total = others + sizes[index];
    }
    std::optional<MarkdownNode> last;
    while (!blocks.empty() && total > room) {
        total -= sizes.back();
        sizes.pop_back();
        last = std::move(blocks.back());
        blocks.pop_back();
    }
    if (last && total < room) last = first_sentences(*last, room - total, size);
    if (last && total < room) blocks.push_back(std::move(*last));
    // A heading with nothing below it says nothing.
    while (!blocks.empty() && blocks.back().kind == Kind::heading) blocks.pop_back();
    if (size(notice()) <= limit) blocks.push_back(notice());
    if (has_footer) blocks.push_back(std::move(footer));
}

} // namespace dossier::ticket
