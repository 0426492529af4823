#include "filtered_regex.hpp"

#include "utf8_walk.hpp"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <bitset>
#include <numeric>
#include <stdexcept>

namespace dossier::explain {

namespace {

constexpr int shortest_literal = 3;    ///< bytes; one trigram
constexpr std::size_t kinds = 2048;    ///< of trigrams; those of a sentence leave most of them empty
constexpr std::size_t longest = 1'024; ///< bytes; longer texts hold nearly all trigrams

auto options(std::int64_t most_memory) -> RE2::Options {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(most_memory);
    return options;
}

auto small(char c) -> unsigned { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

auto kind_of(const char* trigram) -> std::uint16_t {
    return static_cast<std::uint16_t>((small(trigram[0]) * 961 + small(trigram[1]) * 31 + small(trigram[2])) % kinds);
}

/// The trigrams of the text that was asked for last: a sentence is held against dozens of expressions in turn.
struct LastText {
    std::string text;
    std::bitset<kinds> trigrams;
    bool is_known = false; ///< all of its characters are ASCII, whose case is the same everywhere, and it isn't long

    void take(std::string_view asked) {
        if (asked == text && !text.empty()) return;
        text = asked;
        is_known = text.size() <= longest && is_ascii(text);
        if (!is_known) return;
        trigrams.reset();
        for (std::size_t at = 0; at + 3 <= text.size(); ++at) trigrams.set(kind_of(text.data() + at));
    }
};

} // namespace

FilteredRegex::FilteredRegex(const std::string& expression, std::int64_t most_memory)
    : regex_(expression, options(most_memory)) {
    if (!regex_.ok()) throw std::logic_error("a built-in pattern does not compile: " + regex_.error());
    re2::FilteredRE2 analysed(shortest_literal);
    int number = 0;
    analysed.Add(expression, options(most_memory), &number);
    std::vector<std::string> texts; // in small letters
    analysed.Compile(&texts);
    const auto matches_with = [&](const std::vector<int>& held) {
        std::vector<int> possible;
        analysed.AllPotentials(held, &possible);
        return !possible.empty();
    };
    if (matches_with({})) return;
    for (int index = 0; const auto& text : texts) {
        auto& literal = literals_.emplace_back();
        for (std::size_t at = 0; at + 3 <= text.size(); ++at) literal.trigrams.push_back(kind_of(text.data() + at));
        std::vector<int> others(texts.size());
        std::iota(others.begin(), others.end(), 0);
        others.erase(others.begin() + index++);
        literal.is_in_each = !matches_with(others);
    }
    std::ranges::partition(literals_, &Literal::is_in_each);
}

auto FilteredRegex::may_match(std::string_view text) const -> bool {
    thread_local LastText last;
    if (literals_.empty()) return true;
    last.take(text);
    if (!last.is_known) return true;
    for (const auto& literal : literals_) {
        const auto is_held = [](std::uint16_t kind) { return last.trigrams.test(kind); };
        const bool may_hold = std::ranges::all_of(literal.trigrams, is_held);
        if (may_hold != literal.is_in_each) return may_hold;
    }
    return literals_.front().is_in_each;
}

} // namespace dossier::explain
