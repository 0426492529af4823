#pragma once
// Text that somebody outside wrote: names, tags, descriptions. Cleaned of characters that hide things, shortened,
// and made harmless inside a prompt. Safety comes from that structure; instruction_detector.hpp only flags.

#include <string>
#include <string_view>

namespace dossier::explain {

/// One line of valid UTF-8 without control, zero-width, bidirectional and tag characters, at most `max_bytes` long.
[[nodiscard]] auto clean_text(std::string_view text, std::size_t max_bytes) -> std::string;
/// The same text with chat-template tokens, closing tags, code fences and `delimiter` broken up.
[[nodiscard]] auto neutralise(std::string text, std::string_view delimiter) -> std::string;

} // namespace dossier::explain
