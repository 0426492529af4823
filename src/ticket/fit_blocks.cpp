#include "markdown_tree.hpp"

#include <algorithm>
#include <iterator>

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
    while (!blocks.empty() && total > room) {
        total -= sizes.back();
        sizes.pop_back();
        blocks.pop_back();
    }
    // A heading with nothing below it says nothing.
    while (!blocks.empty() && blocks.back().kind == Kind::heading) blocks.pop_back();
    if (size(notice()) <= limit) blocks.push_back(notice());
    if (has_footer) blocks.push_back(std::move(footer));
}

} // namespace dossier::ticket
