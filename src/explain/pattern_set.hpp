#pragma once
// Which of many expressions match a text, told in one pass over it. Sentences match few of what they are held against,
// and a pass for each expression is most of what grounding would cost.

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace dossier::explain {

class PatternSet {
public:
    /// Throws where one does not compile: they are built into the binary.
    template <class Expressions>
    explicit PatternSet(const Expressions& expressions) : set_(options(), RE2::UNANCHORED) {
        for (const std::string& expression : expressions) {
            std::string error;
            if (set_.Add(expression, &error) < 0)
                throw std::logic_error("a built-in pattern does not compile: " + error);
            ++size_;
        }
        if (!set_.Compile()) throw std::logic_error("built-in patterns take too much memory together");
    }

    /// Their numbers, in order. Without the memory for a pass nothing is known, and all of them are named.
    [[nodiscard]] auto in(const std::string& text) const -> std::vector<std::size_t> {
        std::vector<int> found;
        RE2::Set::ErrorInfo error{};
        set_.Match(text, &found, &error);
        std::vector<std::size_t> numbers(found.begin(), found.end());
        if (error.kind != RE2::Set::kNoError) {
            numbers.resize(size_);
            std::iota(numbers.begin(), numbers.end(), std::size_t{0});
        }
        std::ranges::sort(numbers);
        return numbers;
    }

private:
    [[nodiscard]] static auto options() -> RE2::Options {
        RE2::Options options;
        options.set_max_mem(16 << 20);
        options.set_log_errors(false); // that memory ran out is dealt with
        return options;
    }

    RE2::Set set_;
    std::size_t size_ = 0;
};

} // namespace dossier::explain
