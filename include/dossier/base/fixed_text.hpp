#pragma once
// A text that never changes and that copies share: what waits for an answer in several hands at once (the audit record
// to come, the request under way, the next try) is kept once. Copies may live on other threads.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dossier {

class FixedText {
public:
    FixedText() = default;
    FixedText(std::string text) { // NOLINT(google-explicit-constructor): it is a text
        if (text.empty()) return;
        text.shrink_to_fit(); // what made it grew by doubling, and now it waits
        text_ = std::make_shared<const std::string>(std::move(text));
    }
    FixedText(std::string_view text) : FixedText(std::string(text)) {} // NOLINT(google-explicit-constructor)
    FixedText(const char* text) : FixedText(std::string(text)) {}      // NOLINT(google-explicit-constructor)

    operator std::string_view() const { return view(); } // NOLINT(google-explicit-constructor)
    [[nodiscard]] auto view() const -> std::string_view {
        return text_ ? std::string_view(*text_) : std::string_view();
    }
    [[nodiscard]] auto empty() const -> bool { return text_ == nullptr; }
    [[nodiscard]] auto size() const -> std::size_t { return view().size(); }
    /// Copies that share it, with this one; 0 of an empty one.
    [[nodiscard]] auto holders() const -> long { return text_.use_count(); }

    friend auto operator==(const FixedText& a, std::string_view b) -> bool { return a.view() == b; }

private:
    std::shared_ptr<const std::string> text_; ///< null = empty
};

} // namespace dossier
