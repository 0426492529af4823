#include "closed_lists.hpp"

#include "dossier/base/strings.hpp"
#include "knowledge_files.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <stdexcept>

namespace dossier::explain {
namespace {

auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }

/// Where the counter before a range begins: digits, or one letter.
auto counter_begin(std::string_view text, std::size_t end) -> std::size_t {
    auto begin = end;
    while (begin > 0 && is_digit(text[begin - 1])) --begin;
    return begin == end && begin > 0 ? end - 1 : begin;
}

auto counter_end(std::string_view text, std::size_t begin) -> std::size_t {
    auto end = begin;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end == begin && end < text.size() ? begin + 1 : end;
}

auto counted(std::string_view from, std::string_view to) -> std::vector<std::string> {
    constexpr int most = 200;
    std::vector<std::string> all;
    if (from.empty() || to.empty()) return all;
    if (is_digit(from.front())) {
        int first = 0;
        int last = 0;
        std::from_chars(from.data(), from.data() + from.size(), first);
        std::from_chars(to.data(), to.data() + to.size(), last);
        for (int i = first; i <= last && i < first + most; ++i) all.push_back(std::to_string(i));
    } else {
        for (char c = from.front(); c <= to.front(); ++c) all.emplace_back(1, c);
    }
    return all;
}

auto words_of(const std::string& text) -> std::vector<std::string> {
    std::vector<std::string> words;
    for (const auto part : split(text, ' '))
        if (!trim(part).empty()) words.emplace_back(replace_all(std::string(trim(part)), "_", " "));
    return words;
}

auto read_list(const KnowledgeNode& node) -> ClosedList {
    only_keys(node, {"ids", "withdrawn"});
    ClosedList list;
    std::vector<std::string> ids;
    for (const auto& word : words_of(text_in(node, "ids")))
        for (auto& id : expand_ids(word)) ids.push_back(std::move(id));
    list.ids = IdList(std::move(ids));
    if (!node["withdrawn"]) return list;
    for (const auto& word : words_of(text_in(node, "withdrawn"))) {
        const auto equals = word.find('=');
        auto went = equals == std::string::npos ? std::string() : word.substr(equals + 1);
        list.withdrawn.emplace(word.substr(0, equals), replace_all(std::move(went), ",", ", "));
    }
    return list;
}

} // namespace

IdList::IdList(std::vector<std::string> ids) {
    std::ranges::sort(ids);
    const auto [first, last] = std::ranges::unique(ids);
    ids.erase(first, last);
    ends_.reserve(ids.size());
    for (const auto& id : ids) {
        text_ += id;
        ends_.push_back(static_cast<std::uint32_t>(text_.size()));
    }
    text_.shrink_to_fit();
}

auto IdList::operator[](std::size_t index) const -> std::string_view {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(begin, ends_[index] - begin);
}

auto IdList::first_from(std::string_view text) const -> std::string_view {
    const auto indices = std::views::iota(std::size_t{0}, size());
    const auto found =
        std::ranges::lower_bound(indices, text, {}, [this](std::size_t index) { return (*this)[index]; });
    return found == indices.end() ? std::string_view() : (*this)[*found];
}

auto IdList::contains(std::string_view id) const -> bool { return !id.empty() && first_from(id) == id; }
auto IdList::has_with_prefix(std::string_view prefix) const -> bool { return first_from(prefix).starts_with(prefix); }

auto expand_ids(std::string_view word) -> std::vector<std::string> {
    const auto at = word.find("..");
    if (at == std::string_view::npos) return {std::string(word)};
    const auto begin = counter_begin(word, at);
    const auto end = counter_end(word, at + 2);
    std::vector<std::string> ids;
    for (const auto& count : counted(word.substr(begin, at - begin), word.substr(at + 2, end - at - 2)))
        for (auto& id : expand_ids(std::string(word.substr(0, begin)) + count + std::string(word.substr(end))))
            ids.push_back(std::move(id));
    return ids;
}

auto ClosedLists::parse(const std::vector<EmbeddedFile>& files) -> Result<ClosedLists> {
    ClosedLists lists;
    for (const auto& file : files) {
        auto read = read_knowledge(file, [&](const KnowledgeNode& root) {
            for (const auto& [name, list] : root.members()) lists.lists_.emplace(name.text(), read_list(list));
        });
        if (!read) return fail(std::move(read.error()));
    }
    return lists;
}

auto ClosedLists::built_in() -> const ClosedLists& {
    static const auto lists = [] {
        std::vector<EmbeddedFile> files;
        for (const auto& file : embedded_files())
            if (file.name.starts_with("config/compliance/ids/")) files.push_back(file);
        auto parsed = parse(files);
        if (!parsed) throw std::logic_error(parsed.error().message); // built into the binary, so it can't be
        return std::move(*parsed);
    }();
    return lists;
}

auto ClosedLists::find(std::string_view framework) const -> const ClosedList* {
    const auto found = lists_.find(framework);
    return found == lists_.end() ? nullptr : &found->second;
}

auto ClosedLists::knows(std::string_view framework, std::string_view id) const -> bool {
    const auto* list = find(framework);
    if (list == nullptr || id.empty()) return false;
    return list->ids.contains(id) || list->ids.has_with_prefix(std::string(id) + "(");
}

auto ClosedLists::frameworks() const -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& [name, list] : lists_) names.push_back(name);
    return names;
}

} // namespace dossier::explain
