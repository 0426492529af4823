#pragma once
// An expression that few texts match, told without a pass over each: a match holds one of its literals, and a text that
// lacks a trigram of each of them holds none (Russ Cox, "Regular Expression Matching with a Trigram Index", 2012).
// Which literals an expression can't do without is RE2's own analysis (re2/filtered_re2.h).

#include <re2/re2.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

class FilteredRegex {
public:
    /// Kinds of trigrams, told apart by a hash; those of a sentence leave most of them empty.
    static constexpr std::size_t kinds = 2048;
    /// A bit a kind.
    using Trigrams = std::array<std::uint64_t, kinds / 64>;

    /// Throws where it does not compile: it is built into the binary.
    /// @param most_memory bytes, of its program and the states that it remembers; RE2's own default
    explicit FilteredRegex(const std::string& expression, std::int64_t most_memory = RE2::Options::kDefaultMaxMem);

    /// false = nothing in the text matches. Cheap for many expressions and one text after the other.
    [[nodiscard]] auto may_match(std::string_view text) const -> bool;

    /// As RE2::PartialMatch.
    template <class... Groups>
    [[nodiscard]] auto found_in(re2::StringPiece text, Groups*... groups) const -> bool {
        return may_match({text.data(), text.size()}) && RE2::PartialMatch(text, regex_, groups...);
    }
    /// As RE2::FindAndConsume.
    template <class... Groups>
    [[nodiscard]] auto consume(re2::StringPiece& input, Groups*... groups) const -> bool {
        return may_match({input.data(), input.size()}) && RE2::FindAndConsume(&input, regex_, groups...);
    }
    [[nodiscard]] auto regex() const -> const RE2& { return regex_; }

private:
    RE2 regex_;
    /// A run of small letters that stands in matches.
    struct Literal {
        std::vector<std::uint16_t> trigrams; ///< the rarest first
        bool is_in_each = false;
    };
    std::vector<Literal>
        literals_;      ///< those in each match first, the others by their rarest; none = any text may match
    Trigrams rarest_{}; ///< of those others: only what holds one of these holds the literal
    std::array<std::uint16_t, kinds / 64 + 1> of_word_{}; ///< where in `literals_` those of a word of `rarest_` begin
};

} // namespace dossier::explain
