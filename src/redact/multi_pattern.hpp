#pragma once
// Many patterns in one pass over a text: a block database of Vectorscan (the portable Hyperscan; "Hyperscan: A Fast
// Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019). Patterns are bytes, in the syntax that it shares with RE2.
// Immutable, shared by threads.

#include "dossier/base/error.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace dossier::redact {

class MultiPattern {
public:
    struct Pattern {
        std::string text;
        bool any_case = false;
    };
    /// How many bytes a match of a pattern takes.
    struct Width {
        std::size_t least = 0;
        std::size_t most = 0;
    };
    struct Hit {
        std::size_t pattern = 0; ///< its place in the list given to `make`
        std::size_t end = 0;     ///< just behind the match; where it begins follows from the width
    };

    /// Takes some hundred milliseconds for some hundred patterns.
    /// @return `invalid_argument` naming the pattern that can't be compiled or has no bounded width
    [[nodiscard]] static auto make(const std::vector<Pattern>& patterns) -> Result<MultiPattern>;
    ~MultiPattern();
    MultiPattern(MultiPattern&&) noexcept;
    MultiPattern& operator=(MultiPattern&&) noexcept;

    [[nodiscard]] auto width(std::size_t pattern) const -> Width { return widths_[pattern]; }
    /// Every end of every match, in the order of ends.
    void scan(std::string_view text, std::vector<Hit>& hits) const;

private:
    struct Engine;
    explicit MultiPattern(std::unique_ptr<Engine> engine, std::vector<Width> widths);

    std::unique_ptr<Engine> engine_;
    std::vector<Width> widths_;
};

} // namespace dossier::redact
