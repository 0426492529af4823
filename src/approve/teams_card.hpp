#pragma once
// Adaptive Cards 1.5 for Teams: only what Workflows and outgoing webhooks can show (text and links that open). Text
// from findings stands in TextRuns, which know no Markdown, so that nothing in it can link or mention. A card stays far
// under the 28 KB that Teams counts after its own inflation (MicrosoftDocs/msteams-docs#11274).

#include "chat_card.hpp"

#include <string>
#include <string_view>

namespace dossier::approve {

inline constexpr std::size_t most_teams_card = 18'000; ///< bytes

/// The essentials of a draft as JSON text of an AdaptiveCard.
/// @param decision_link opens the confirmation page; "" = none
/// @param commands the outgoing webhook takes commands: say how
[[nodiscard]] auto teams_draft_card(const ChatCard& card, std::string_view headline, const std::string& decision_link,
                                    bool commands, const std::string& public_url) -> std::string;
[[nodiscard]] auto teams_text_card(const ChatText& text) -> std::string;
/// What the flow is sent: the card as an attachment of a message, or bare.
[[nodiscard]] auto teams_request(const std::string& card, std::string_view shape) -> std::string;
/// The answer to an outgoing webhook: plain text, at most 8,000 bytes.
[[nodiscard]] auto teams_reply(const ChatText& text) -> std::string;

} // namespace dossier::approve
