#pragma once
// Lets a person read a model's structured answer while it is still being written. The growing JSON is read piece by
// piece and the strings of `summary` and `text` come out of it as lines. What comes out is not verified, so it is made
// harmless: no markup, no links, nothing that the redactor finds. A word is held back until it is whole, a run of
// words with digits until something else follows, since a number may be written in groups. Bounded; never throws.

#include "dossier/redact/redactor.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace dossier::explain {

class LiveText {
public:
    using Show = std::function<void(std::string_view text)>;

    /// @param redactor outlives this @param show may be empty
    LiveText(const redact::Redactor& redactor, Show show) : redactor_(redactor), show_(std::move(show)) {}

    /// The next piece of the model's raw answer, cut anywhere.
    void feed(std::string_view delta);
    /// A new answer begins. True: something of the last one had been shown, so it is to be taken back.
    auto restart() -> bool;
    /// The answer is over: what was held back comes out.
    void finish();

private:
    void take(char c);
    void take_in_string(char c);
    void end_string();
    void append_code_point(std::uint32_t code_point);
    void release(bool all);
    void emit(std::string_view text);

    const redact::Redactor& redactor_;
    Show show_;
    enum class Place { outside, in_string, escaped, in_hex } place_ = Place::outside;
    std::string string_;    ///< of a string that may turn out to be a key
    std::string key_;       ///< the last key
    bool is_value_ = false; ///< a colon has come since the last string
    bool is_shown_ = false; ///< the string being read is one to show
    int hex_digits_ = 0;
    std::uint32_t hex_ = 0;
    std::uint32_t high_surrogate_ = 0;
    std::string held_;     ///< of the text to show, not released yet
    std::size_t read_ = 0; ///< bytes of this answer
    bool anything_shown_ = false;
};

} // namespace dossier::explain
