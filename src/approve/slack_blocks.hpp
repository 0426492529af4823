#pragma once
// Block Kit: messages and the dialog as JSON, within Slack's limits (lengths and counts as @slack/types documents them)
// and harmless: text from findings can neither ping anybody, nor link anywhere, nor pass for markup. Include in .cpp
// files only.

#include "chat_card.hpp"

#include "dossier/base/json.hpp"

#include <string>
#include <string_view>

namespace dossier::approve {

inline constexpr std::string_view slack_approve = "dossier_approve";
inline constexpr std::string_view slack_reject = "dossier_reject";
inline constexpr std::string_view slack_explain = "dossier_explain";
inline constexpr std::string_view slack_reject_view = "dossier_reject_reason";

/// Text for a mrkdwn field: `&`, `<` and `>` escaped, marks of style replaced by look-alikes, control characters gone;
/// at most `most` bytes after that, ending in "…" where something was cut.
[[nodiscard]] auto slack_text(std::string_view text, std::size_t most) -> std::string;
/// The same in a code span, for ids that people copy: `*` and `_` stay what they are.
[[nodiscard]] auto slack_code(std::string_view text, std::size_t most) -> std::string;
/// Text for a plain_text field, which can't be escaped: angle brackets become look-alikes; one line.
[[nodiscard]] auto slack_plain(std::string_view text, std::size_t most) -> std::string;

enum class SlackAudience { channel, owner };
/// What stands in the channel, or is sent to the owner: the essentials, and buttons while the draft waits.
/// @param key of the message, in its metadata: how it is found again
[[nodiscard]] auto slack_draft_message(const ChatCard& card, SlackAudience audience, const std::string& key,
                                       const std::string& public_url) -> Json;
/// A few words.
[[nodiscard]] auto slack_note(std::string_view words, const std::string& key) -> Json;
[[nodiscard]] auto slack_text_message(const ChatText& text) -> Json;

/// The content that a button or dialog is about.
struct SlackSubject {
    std::string draft_id;
    std::string content_hash;
    std::string response_url; ///< of the click, to answer later; "" in buttons
};
[[nodiscard]] auto slack_subject_text(const SlackSubject& subject) -> std::string;
[[nodiscard]] auto parse_slack_subject(std::string_view text) -> std::optional<SlackSubject>;
/// The dialog that asks why.
[[nodiscard]] auto slack_reject_dialog(const SlackSubject& subject) -> Json;

} // namespace dossier::approve
