#pragma once
// A text that nobody reads for seconds: what a model was asked is sent, and then needed again when its answer is judged
// and recorded. Copies share it, and while it rests all of them hold it packed.

#include "dossier/base/fixed_text.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace dossier::explain {

class RestingText {
public:
    RestingText() = default;
    // NOLINTBEGIN(google-explicit-constructor): it is a text
    RestingText(FixedText text) {
        if (!text.empty()) body_ = std::make_shared<Body>(Body{.text = std::move(text), .packed = nullptr});
    }
    RestingText(std::string text) : RestingText(FixedText(std::move(text))) {}
    RestingText(std::string_view text) : RestingText(FixedText(text)) {}
    RestingText(const char* text) : RestingText(FixedText(text)) {}
    operator std::string_view() const { return view(); }
    // NOLINTEND(google-explicit-constructor)

    /// Wakes it where it rests.
    [[nodiscard]] auto view() const -> std::string_view {
        if (!body_) return {};
        if (body_->packed) wake();
        return body_->text.view();
    }
    [[nodiscard]] auto empty() const -> bool { return body_ == nullptr; }
    [[nodiscard]] auto size() const -> std::size_t { return view().size(); }

    /// Packs it until it is read again, where that saves room. Views of it end. All copies are in the hands of one
    /// coroutine and of those that it waits for, so that none is read on another thread meanwhile. A text that somebody
    /// else holds too, such as a prompt's, is let be.
    void rest() const;
    /// Bytes that it takes as it is, for all of its copies.
    [[nodiscard]] auto held() const -> std::size_t;

    friend auto operator==(const RestingText& a, std::string_view b) -> bool { return a.view() == b; }

private:
    struct Body {
        FixedText text;                 ///< empty while it rests
        std::unique_ptr<char[]> packed; ///< while it rests: a block of LZ4
        std::size_t packed_size = 0;
        std::size_t size = 0; ///< of what was packed
    };
    void wake() const;

    std::shared_ptr<Body> body_; ///< null = empty
};

} // namespace dossier::explain
