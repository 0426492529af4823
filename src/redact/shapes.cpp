#include "shapes.hpp"

#include <algorithm>

namespace dossier::redact {

auto has_word(std::string_view text, std::initializer_list<std::string_view> words) -> bool {
    const auto to_lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    const auto bit_of = [](char c) { return 1U << (static_cast<unsigned char>(c) & 31U); }; // of letters of either case
    unsigned beginnings = 0;
    for (const auto word : words) beginnings |= bit_of(word.front());
    for (; !text.empty(); text.remove_prefix(1)) {
        if ((beginnings & bit_of(text.front())) == 0) continue;
        const auto stands_here = [&](std::string_view word) {
            return text.size() >= word.size() && std::ranges::equal(text.substr(0, word.size()), word, {}, to_lower);
        };
        if (std::ranges::any_of(words, stands_here)) return true;
    }
    return false;
}

void add_what_stays(std::vector<Shape>& rows) {
    rows.push_back({.kind = "",
                    .leads = {{.run = Lead::Run::hex, .least = 8, .most = 8, .next = "-"}},
                    .pattern = R"(\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)"});
    rows.push_back(
        {.kind = "",
         .leads = {{.least = 4, .most = 4, .next = "-", .digits_least = 2, .digits_most = 2}},
         .pattern = R"(\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+\-]\d{2}:?\d{2})?\b)"});
}

auto shapes() -> const std::vector<Shape>& {
    static const auto all = [] {
        std::vector<Shape> rows;
        add_what_stays(rows);
        add_credentials(rows);
        add_provider_keys(rows);
        add_service_keys(rows);
        add_people(rows);
        add_printed_ids(rows);
        add_national_ids(rows);
        add_contacts(rows);
        return rows;
    }();
    return all;
}

} // namespace dossier::redact
