#include "cited.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace dossier::explain {
namespace {

template <class Predicate>
auto only(const Cited& cited, Predicate wanted) -> Cited {
    Cited some;
    std::ranges::copy_if(cited, std::back_inserter(some), wanted);
    return some;
}

auto is_word_char(char c) -> bool {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

auto is_one_of(std::string_view word, std::initializer_list<std::string_view> words) -> bool {
    return std::ranges::find(words, word) != words.end();
}

auto text_of(const Cited& cited) -> std::string {
    std::size_t size = 0;
    for (const auto* item : cited) size += item->statement.size() + item->value.size() + item->origin.size() + 3;
    std::string text;
    text.reserve(size);
    for (const auto* item : cited)
        for (const auto* line : {&item->statement, &item->value, &item->origin}) text.append(*line).append("\n");
    make_lower(text);
    return text;
}

auto of_kinds(const Cited& cited, std::initializer_list<std::string_view> kinds) -> Cited {
    return only(cited, [&](const Evidence* item) { return is_one_of(item->kind, kinds); });
}

auto factual(const Cited& cited) -> Cited {
    return only(cited, [](const Evidence* item) {
        if (item->kind == "blast_radius" && (item->origin.ends_with(":node") || item->origin.ends_with(":edge")))
            return false;
        return !is_one_of(item->kind, {"resource", "location", "tag", "owner", "owner_candidate", "tampering", "gap"});
    });
}

auto trusted(const Cited& cited) -> Cited {
    static constexpr std::string_view repeated[] = {":node", ":edge", ":data.fields", ":data.objects", ":data.samples"};
    return only(cited, [](const Evidence* item) {
        const auto repeats = [&](std::string_view end) { return item->origin.ends_with(end); };
        return !std::ranges::any_of(repeated, repeats) &&
               is_one_of(item->kind, {"status", "exposure", "data", "owner", "access", "blast_radius", "business",
                                      "gap", "risk", "control", "regulation"});
    });
}

auto our_words(const Cited& items) -> std::string {
    std::string text;
    for (const auto* item : items) {
        const bool is_outside = is_one_of(item->kind, {"owner", "access", "data", "blast_radius", "business"}) &&
                                item->value.size() > 2 && item->value != "unknown";
        if (is_outside)
            text += replace_all(item->statement, item->value, " ");
        else
            text += item->statement;
        text += '\n';
    }
    make_lower(text);
    return text;
}

auto own_words(const Cited& cited) -> Cited {
    return only(cited, [](const Evidence* item) {
        return is_one_of(item->kind, {"remediation", "regulation", "risk", "business"}) &&
               !item->origin.ends_with(":recommendation");
    });
}

auto occurs(std::string_view text, std::string_view needle, bool whole) -> bool {
    if (needle.empty()) return false;
    const auto joins = [&](char c) { return is_word_char(c) || (whole && (c == '-' || c == '_')); };
    for (auto at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) {
        const bool begins = at == 0 || !joins(text[at - 1]) || !is_word_char(needle.front());
        const auto end = at + needle.size();
        const bool ends = end == text.size() || !joins(text[end]) || !is_word_char(needle.back());
        if (begins && ends) return true;
    }
    return false;
}

} // namespace dossier::explain
