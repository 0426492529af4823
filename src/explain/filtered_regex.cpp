#include "filtered_regex.hpp"

#include "utf8_walk.hpp"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace dossier::explain {

namespace {

constexpr int shortest_literal = 3;    ///< bytes; one trigram
constexpr std::size_t longest = 4'096; ///< bytes; longer texts hold most trigrams

auto options(std::int64_t most_memory) -> RE2::Options {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(most_memory);
    return options;
}

/// Goes over the trigrams of a text. Of each byte five bits count, which are those of a letter in either case.
class TrigramWalk {
public:
    auto next(char c) -> std::uint16_t {
        constexpr unsigned of_three = 0x7FFF;
        last_three_ = (last_three_ << 5U | (static_cast<unsigned char>(c) & 31U)) & of_three;
        return static_cast<std::uint16_t>((last_three_ ^ last_three_ >> 4U) % FilteredRegex::kinds);
    }

private:
    unsigned last_three_ = 0;
};

/// In their order; none of a text that is shorter.
void each_kind(std::string_view text, auto found) {
    if (text.size() < 3) return;
    TrigramWalk walk;
    walk.next(text[0]);
    walk.next(text[1]);
    for (const char c : text.substr(2)) found(walk.next(c));
}

/// Of which a sentence is the least likely to hold it by chance, as its letters are rare in English text.
auto rarest_kind(std::string_view literal) -> std::uint16_t {
    static constexpr std::string_view by_frequency = " etaoinsrhldcumfpgwybvkxjqz";
    const auto rareness = [](std::string_view trigram) {
        std::size_t sum = 0;
        for (const char c : trigram) sum += std::min(by_frequency.find(c), by_frequency.size());
        return sum;
    };
    std::uint16_t rarest = 0;
    std::size_t most = 0;
    std::size_t at = 0;
    each_kind(literal, [&](std::uint16_t kind) {
        const auto here = rareness(literal.substr(at++, 3)) + 1;
        if (here > most) rarest = kind;
        most = std::max(most, here);
    });
    return rarest;
}

auto bit_of(std::uint16_t kind) -> std::uint64_t { return std::uint64_t{1} << (kind % 64U); }

/// The trigrams of the text that was asked for last: a sentence is held against dozens of expressions in turn.
struct LastText {
    std::string text;
    FilteredRegex::Trigrams trigrams;
    bool is_known = false; ///< all of its characters are ASCII, whose case is the same everywhere, and it isn't long

    void take(std::string_view asked) {
        if (asked == text && !text.empty()) return;
        text = asked;
        is_known = text.size() <= longest && is_ascii(text);
        if (!is_known) return;
        trigrams.fill(0);
        each_kind(text, [&](std::uint16_t kind) { trigrams[kind / 64U] |= bit_of(kind); });
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
        literal.trigrams.push_back(rarest_kind(text));
        each_kind(text, [&](std::uint16_t kind) { literal.trigrams.push_back(kind); });
        std::vector<int> others(texts.size());
        std::iota(others.begin(), others.end(), 0);
        others.erase(others.begin() + index++);
        literal.is_in_each = !matches_with(others);
    }
    const auto others = std::ranges::partition(literals_, &Literal::is_in_each);
    std::ranges::sort(others, {}, [](const Literal& one) { return one.trigrams.front(); });
    of_word_.fill(static_cast<std::uint16_t>(literals_.size()));
    for (auto at = literals_.size(); at-- > literals_.size() - others.size();) {
        const auto kind = literals_[at].trigrams.front();
        rarest_[kind / 64U] |= bit_of(kind);
        of_word_[kind / 64U] = static_cast<std::uint16_t>(at);
    }
    // a word that no literal has begins where the next one does
    for (auto word = of_word_.size() - 1; word-- > 0;)
        if (rarest_[word] == 0) of_word_[word] = of_word_[word + 1];
}

auto FilteredRegex::may_match(std::string_view text) const -> bool {
    thread_local LastText last;
    if (literals_.empty()) return true;
    last.take(text);
    if (!last.is_known) return true;
    const auto is_held = [](std::uint16_t kind) { return (last.trigrams[kind / 64U] & bit_of(kind)) != 0; };
    const auto may_hold = [&](const Literal& literal) { return std::ranges::all_of(literal.trigrams, is_held); };
    for (const auto& literal : literals_) {
        if (!literal.is_in_each) break;
        if (!may_hold(literal)) return false;
    }
    for (std::size_t word = 0; word < rarest_.size(); ++word) {
        if ((last.trigrams[word] & rarest_[word]) == 0) continue;
        for (auto at = of_word_[word]; at < of_word_[word + 1]; ++at)
            if (may_hold(literals_[at])) return true;
    }
    return literals_.front().is_in_each;
}

} // namespace dossier::explain
