#pragma once
// What people type: words of a message freed from the platform's markup, and the command in them.

#include <string>
#include <string_view>

namespace dossier::approve {

/// Slack's text as it was typed: mentions gone, `<https://…|label>` unwrapped to the URL, entities undone.
[[nodiscard]] auto words_from_slack(std::string_view text) -> std::string;
/// The same of Teams' HTML: `<at>…</at>` gone, links kept as their target, other tags gone, entities undone.
[[nodiscard]] auto words_from_teams(std::string_view html) -> std::string;

struct ChatCommand {
    enum class Kind { help, explain, approve, reject, ask } kind = Kind::help;
    std::string object; ///< id or URL; "" where the word that must follow is missing
    std::string rest;   ///< reason or question
};
/// The first word decides; what begins with none of ours is a question.
[[nodiscard]] auto parse_chat_command(std::string_view words) -> ChatCommand;

} // namespace dossier::approve
