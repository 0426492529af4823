#pragma once
// Draft bodies are Markdown (people edit them); trackers want their own. All renderers walk the same cmark-gfm tree.
// Input may have been edited by people or shaped by hostile names: raw HTML and links other than http(s) come out as
// text.

#include <string>
#include <string_view>

namespace dossier::ticket {

/// Atlassian Document Format as JSON text, valid against Atlassian's schema, at most `max_bytes` serialised (whole
/// blocks are left out from the end, with a line that says so). Source: @atlaskit/adf-schema; Jira's limit counts
/// 32,767 characters.
[[nodiscard]] auto markdown_to_adf(std::string_view markdown, std::size_t max_bytes = 32'000) -> std::string;
/// Jira's wiki markup, for Data Center, at most `max_characters` (UTF-16 units, as Jira counts).
[[nodiscard]] auto markdown_to_wiki(std::string_view markdown, std::size_t max_characters = 32'000) -> std::string;
/// HTML for ServiceNow journal fields and reports; escaped, no scripts, no images.
[[nodiscard]] auto markdown_to_html(std::string_view markdown) -> std::string;
/// Plain text, at most `max_characters` (0 = any).
[[nodiscard]] auto markdown_to_plain(std::string_view markdown, std::size_t max_characters = 0) -> std::string;

} // namespace dossier::ticket
