// What strangers named stands in messages of Slack and Teams, and what people type comes back: a message keeps the
// platform's limits and can neither ping anybody nor link anywhere by itself, and any typing is a command of ours.

#include "fuzz.hpp"

#include "chat_words.hpp"
#include "slack_blocks.hpp"
#include "teams_card.hpp"

#include "dossier/base/strings.hpp"

#include <string>

namespace {

using namespace dossier;
using fuzz::require;

/// In mrkdwn an angle bracket begins a link, a mention or a command to ping; ours are links to where we say.
void check_mrkdwn(const std::string& text) {
    for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
        const auto rest = std::string_view(text).substr(at);
        require(rest.starts_with("<https://") || rest.starts_with("<http://"), "a bracket is a link or is escaped");
    }
}

void check_blocks(const Json& node) {
    if (node.is_object()) {
        const auto type = text_at(node, "type");
        const auto text = text_at(node, "text");
        require(text.size() <= 3'000 && (type.empty() || type != "plain_text" || !text.empty()), "a text has a limit");
        if (type == "mrkdwn") check_mrkdwn(text);
        if (type == "plain_text") require(text.find_first_of("<>") == std::string::npos, "plain text shows no bracket");
        if (type == "button") require(text_at(node, "value").size() <= 2'000, "a button's value has a limit");
        if (type == "section" && node.contains("fields"))
            require(!node["fields"].empty() && node["fields"].size() <= 10, "a section has one to ten fields");
        if (type == "actions") require(node["elements"].size() <= 25, "a row has at most 25 buttons");
    }
    if (node.is_structured())
        for (const auto& child : node) check_blocks(child);
}

auto card_of(std::string_view text) -> approve::ChatCard {
    approve::ChatCard card;
    card.draft.id = "drf_1";
    card.draft.content_hash = std::string(64, 'a');
    card.draft.title = fuzz::take_line(text);
    card.kind = "ticket";
    card.resource = fuzz::take_line(text);
    card.place = fuzz::take_line(text);
    card.owner = fuzz::take_line(text);
    card.finding_url = fuzz::take_line(text);
    card.reach = fuzz::take_line(text);
    card.touches = fuzz::take_line(text);
    card.platform = "Wiz";
    card.summary = text;
    return card;
}

void check_slack(const approve::ChatCard& card) {
    for (const auto audience : {approve::SlackAudience::channel, approve::SlackAudience::owner}) {
        const auto message = approve::slack_draft_message(card, audience, "key", "https://dossier.acme.example");
        const auto written = dump_json(message);
        require(parse_json(written).has_value() && written.size() <= 16'000, "a message has a limit");
        require(message["blocks"].size() <= 50, "a message has at most 50 blocks");
        check_blocks(message["blocks"]);
    }
    check_blocks(approve::slack_note(card.summary, "key"));
    const approve::ChatText text{.title = card.draft.title, .paragraphs = {card.summary}, .url = card.finding_url};
    check_blocks(approve::slack_text_message(text));
    require(approve::teams_reply(text).size() <= 8'000, "a reply to Teams has a limit");
    require(parse_json(approve::teams_text_card(text)).has_value(), "a card is JSON");
}

void check_teams(const approve::ChatCard& card) {
    const auto made = approve::teams_draft_card(card, "A draft waits", "https://dossier.acme.example/d", true, "");
    require(made.size() <= approve::most_teams_card && parse_json(made).has_value(), "a card has a limit");
    require(parse_json(approve::teams_request(made, "bare")).has_value(), "what is sent is JSON");
}

void check_typing(std::string_view text) {
    for (const auto& words : {approve::words_from_slack(text), approve::words_from_teams(text)}) {
        require(words.size() <= 3 * text.size() && is_valid_utf8(words), "words are text, three bytes for one at most");
        const auto command = approve::parse_chat_command(words);
        require(command.object.size() + command.rest.size() <= words.size(), "a command holds only what was typed");
    }
    if (const auto subject = approve::parse_slack_subject(text)) {
        const auto again = approve::parse_slack_subject(approve::slack_subject_text(*subject));
        require(again && again->draft_id == subject->draft_id && again->content_hash == subject->content_hash &&
                    again->response_url == subject->response_url,
                "a button means the same after the click");
    }
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    const auto card = card_of(text);
    check_slack(card);
    check_teams(card);
    check_typing(text);
    return 0;
}
