#pragma once
// Untrusted text (names, titles, tags, narrative) made safe to stand inside Markdown: what comes out reads the same and
// can't begin a heading, a list, a table cell, a link, an image, code or HTML, also not in a renderer that finds bare
// addresses by itself. Readable where it can be: `acme-payments_eu` stays as it is.

#include <cstddef>
#include <string>
#include <string_view>

namespace dossier::ticket {

/// One line; line breaks and tabs become blanks, controls and bidirectional overrides go.
[[nodiscard]] auto one_line(std::string_view text) -> std::string;
/// `one_line` with every character escaped that could mean something.
[[nodiscard]] auto escape_markdown(std::string_view text) -> std::string;
/// The same, behind what is there already.
void append_markdown(std::string& out, std::string_view text);
/// One line of at most `most_bytes`, and then escaped.
void append_cell(std::string& out, std::string_view text, std::size_t most_bytes);
/// Inline code, with a fence longer than any run of backticks in it; safe inside a table too.
[[nodiscard]] auto inline_code(std::string_view text) -> std::string;
/// A fenced block; the fence is longer than any run of backticks in the code.
[[nodiscard]] auto fenced_code(std::string_view code, std::string_view language) -> std::string;
/// `[label](url)` for an http(s) address, else the label alone.
[[nodiscard]] auto markdown_link(std::string_view label, std::string_view url) -> std::string;

} // namespace dossier::ticket
