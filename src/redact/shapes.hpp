#pragma once
// Identifiers and secrets that can be told by their own shape: one row each with kind, start, RE2 pattern and a
// check. The start names the few places where the pattern is tried (see starts.hpp); a row's first capturing group,
// where it has one, is what gets masked. Order matters: at one place the first row whose check agrees wins. A row of
// kind "" consumes what must stay (UUIDs, times).

#include "starts.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace dossier::redact {

struct Candidate {
    std::string_view text; ///< the whole text
    std::size_t begin = 0;
    std::size_t end = 0; ///< a check may shorten the span
    [[nodiscard]] auto value() const -> std::string_view { return text.substr(begin, end - begin); }
    /// Up to `count` bytes before the span.
    [[nodiscard]] auto before(std::size_t count) const -> std::string_view {
        const auto from = begin > count ? begin - count : 0;
        return text.substr(from, begin - from);
    }
    [[nodiscard]] auto after(std::size_t count) const -> std::string_view { return text.substr(end, count); }
};

struct Shape {
    std::string_view kind;
    Start start;
    std::string_view pattern;
    bool (*check)(Candidate& candidate); ///< null = the pattern is proof enough
};

[[nodiscard]] auto shapes() -> std::span<const Shape>;

} // namespace dossier::redact
