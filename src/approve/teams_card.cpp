#include "teams_card.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/draft_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::approve {
namespace {

constexpr std::size_t most_value = 600;
constexpr std::size_t most_paragraph = 3'000;
constexpr std::size_t most_reply = 8'000;

/// Valid, without control characters but line breaks, at most `most` bytes.
auto clean(std::string_view text, std::size_t most) -> std::string {
    auto out = to_valid_utf8(text);
    std::ranges::replace_if(out, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7F; }, ' ');
    return shorten(out, most);
}

auto run(std::string_view text, std::size_t most, bool is_bold) -> Json {
    Json run{{"type", "TextRun"}, {"text", clean(text, most)}};
    if (is_bold) run["weight"] = "Bolder";
    return run;
}

auto rich(Json inlines) -> Json { return {{"type", "RichTextBlock"}, {"inlines", std::move(inlines)}}; }

auto title_of(std::string_view text) -> Json {
    auto title = run(text.empty() ? std::string_view("(no title)") : text, 300, true);
    title["size"] = "Large";
    return rich(Json::array({std::move(title)}));
}

void add_fact(Json& body, std::string_view label, std::string_view value) {
    if (value.empty()) return;
    body.push_back(rich(Json::array({run(fmt::format("{}: ", label), 60, true), run(value, most_value, false)})));
}

/// Words of our own: these may be a TextBlock.
auto notice(std::string text) -> Json {
    return {{"type", "TextBlock"}, {"text", std::move(text)}, {"wrap", true}, {"isSubtle", true}, {"size", "Small"}};
}

void add_link(Json& actions, std::string_view label, const std::string& url) {
    const bool is_web = url.starts_with("https://") || url.starts_with("http://");
    const bool is_clean = std::ranges::none_of(url, [](unsigned char c) { return c <= 0x20 || c >= 0x7F; });
    if (is_web && is_clean && url.size() <= 2'000)
        actions.push_back({{"type", "Action.OpenUrl"}, {"title", clean(label, 60)}, {"url", url}});
}

auto card_json(Json body, Json actions) -> Json {
    Json card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
              {"type", "AdaptiveCard"},
              {"version", "1.5"},
              {"body", std::move(body)}};
    if (!actions.empty()) card["actions"] = std::move(actions);
    return card;
}

} // namespace

auto teams_draft_card(const ChatCard& card, std::string_view headline, const std::string& decision_link, bool commands,
                      const std::string& public_url) -> std::string {
    const bool waits = card.draft.state == DraftState::pending;
    Json body = Json::array();
    if (!headline.empty()) body.push_back(notice(std::string(headline)));
    body.push_back(title_of(card.draft.title));
    add_fact(body, "Severity", to_string(card.draft.severity));
    add_fact(body, "Resource", card.resource);
    add_fact(body, "Where", card.place);
    add_fact(body, "Owner", card.owner);
    if (card.draft.due) add_fact(body, "Due", card.draft.due->on);
    add_fact(body, "Exposure", card.exposure);
    add_fact(body, "Environment", card.environment);
    add_fact(body, "Touches", card.touches);
    add_fact(body, "Reach", card.reach);
    if (card.draft.ticket) add_fact(body, "Ticket", card.draft.ticket->key);
    if (!waits) add_fact(body, "Decision", outcome_of(card.draft));
    if (!card.summary.empty()) body.push_back(rich(Json::array({run(card.summary, most_paragraph, false)})));
    if (waits && commands)
        add_fact(body, "Decide here",
                 fmt::format("mention the webhook with \"approve {0}\", \"reject {0} <reason>\" or \"explain {0}\"",
                             card.draft.id));
    body.push_back(notice(fmt::format("{} · draft of a {} · {}", ticket::guidance_notice, card.kind, card.draft.id)));
    Json actions = Json::array();
    if (waits) add_link(actions, "Approve or reject", decision_link);
    if (card.draft.ticket) add_link(actions, "Open the ticket", card.draft.ticket->url);
    add_link(actions, "Open the finding", card.finding_url);
    if (!public_url.empty()) add_link(actions, "The whole draft", public_url + "/v1/drafts/" + card.draft.id);
    return dump_json(card_json(std::move(body), std::move(actions)));
}

auto teams_text_card(const ChatText& text) -> std::string {
    Json body = Json::array();
    if (!text.title.empty()) body.push_back(title_of(text.title));
    std::size_t size = 0;
    for (const auto& paragraph : text.paragraphs) {
        if (paragraph.empty()) continue;
        size += std::min(paragraph.size(), most_paragraph);
        if (size > most_teams_card - 4'000) break;
        body.push_back(rich(Json::array({run(paragraph, most_paragraph, false)})));
    }
    body.push_back(notice(std::string(ticket::guidance_notice)));
    Json actions = Json::array();
    add_link(actions, "See more", text.url);
    return dump_json(card_json(std::move(body), std::move(actions)));
}

auto teams_request(const std::string& card, std::string_view shape) -> std::string {
    if (shape == "card") return card;
    return R"({"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive",)"
           R"("contentUrl":null,"content":)" +
           card + "}]}";
}

auto teams_reply(const ChatText& text) -> std::string {
    std::vector<std::string> parts{text.title};
    parts.insert(parts.end(), text.paragraphs.begin(), text.paragraphs.end());
    std::erase(parts, "");
    return dump_json(
        Json{{"type", "message"}, {"textFormat", "plain"}, {"text", clean(join(parts, "\n\n"), most_reply)}});
}

} // namespace dossier::approve
