#include "slack_blocks.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/draft_renderer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace dossier::approve {
namespace {

constexpr std::size_t most_header = 150;
constexpr std::size_t most_field = 600;      // of 2000: ten of them have to fit with the rest
constexpr std::size_t most_section = 2'900;  // of 3000
constexpr std::size_t most_message = 11'000; // bolt-js#2509: `msg_blocks_too_long` from about 13,200 on
constexpr std::size_t most_url = 3'000;
constexpr std::string_view ellipsis = "…";

/// Bytes of the code point that begins at `at`, of valid UTF-8.
auto point_size(std::string_view text, std::size_t at) -> std::size_t {
    std::size_t size = 1;
    while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0U) == 0x80U) ++size;
    return size;
}

/// Writes code point by code point what `form` makes of it, up to `most` bytes.
template <class Form>
auto mapped(std::string_view text, std::size_t most, Form form) -> std::string {
    const auto valid = to_valid_utf8(text);
    std::string out;
    for (std::size_t at = 0; at < valid.size();) {
        const auto size = point_size(valid, at);
        const std::string piece = form(std::string_view(valid).substr(at, size));
        const bool is_last = at + size == valid.size();
        if (out.size() + piece.size() + (is_last ? 0 : ellipsis.size()) > most) return out + std::string(ellipsis);
        out += piece;
        at += size;
    }
    return out;
}

auto is_control(std::string_view point) -> bool {
    const auto byte = static_cast<unsigned char>(point.front());
    return point.size() == 1 && (byte < 0x20 || byte == 0x7F);
}

/// Marks that turn the reading direction or hide text; they have no business in a line that people decide by.
auto is_invisible(std::string_view point) -> bool {
    return point == "\u202A" || point == "\u202B" || point == "\u202C" || point == "\u202D" || point == "\u202E" ||
           point == "\u2066" || point == "\u2067" || point == "\u2068" || point == "\u2069" || point == "\u200B" ||
           point == "\uFEFF";
}

auto escaped(std::string_view point) -> std::string {
    if (point == "&") return "&amp;";
    if (point == "<") return "&lt;";
    if (point == ">") return "&gt;";
    if (is_invisible(point)) return "";
    return std::string(point);
}

auto mrkdwn(std::string text) -> Json { return {{"type", "mrkdwn"}, {"text", std::move(text)}, {"verbatim", true}}; }

auto plain(std::string_view text, std::size_t most) -> Json {
    return {{"type", "plain_text"}, {"text", slack_plain(text, most)}, {"emoji", false}};
}

auto section(std::string text) -> Json { return {{"type", "section"}, {"text", mrkdwn(std::move(text))}}; }

auto context_line(std::string text) -> Json {
    return {{"type", "context"}, {"elements", Json::array({mrkdwn(std::move(text))})}};
}

/// A link that Slack shows as such; ours or a platform's, never out of running text.
auto link(const std::string& url, std::string_view label) -> std::string {
    const bool is_web = url.starts_with("https://") || url.starts_with("http://");
    const bool is_clean = std::ranges::none_of(
        url, [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '<' || c == '>' || c == '|'; });
    if (!is_web || !is_clean || url.size() > most_url / 2) return slack_text(label, 200);
    return fmt::format("<{}|{}>", replace_all(url, "&", "&amp;"), slack_text(label, 200));
}

auto button(std::string_view label, std::string_view action, const std::string& value, std::string_view style) -> Json {
    Json button{{"type", "button"}, {"text", plain(label, 75)}, {"action_id", action}, {"value", value}};
    if (!style.empty()) button["style"] = style;
    return button;
}

auto buttons(const ChatCard& card, SlackAudience audience) -> Json {
    const auto subject =
        slack_subject_text({.draft_id = card.draft.id, .content_hash = card.draft.content_hash, .response_url = {}});
    Json elements = Json::array();
    if (audience == SlackAudience::channel || card.owner_decides) {
        auto approve = button("Approve", slack_approve, subject, "primary");
        approve["confirm"] = {{"title", plain("Approve this draft?", 100)},
                              {"text", plain("Exactly this content is what will be carried out.", 300)},
                              {"confirm", plain("Approve", 30)},
                              {"deny", plain("Not yet", 30)}};
        elements.push_back(std::move(approve));
        elements.push_back(button("Reject", slack_reject, subject, "danger"));
    }
    elements.push_back(button("Explain more", slack_explain, subject, ""));
    return {{"type", "actions"}, {"block_id", "dossier:" + card.draft.id}, {"elements", std::move(elements)}};
}

auto field(std::string_view label, std::string value) -> Json { return mrkdwn(fmt::format("*{}*\n{}", label, value)); }

auto essentials(const ChatCard& card) -> Json {
    Json fields = Json::array();
    const auto add = [&](std::string_view label, const std::string& value) {
        if (!value.empty()) fields.push_back(field(label, slack_text(value, most_field)));
    };
    add("Severity", std::string(to_string(card.draft.severity)));
    add("Exposure", card.exposure);
    if (!card.resource.empty()) fields.push_back(field("Resource", slack_code(card.resource, most_field)));
    add("Where", card.place);
    add("Owner", card.owner);
    if (card.draft.due) add("Due", card.draft.due->on);
    add("Environment", card.environment);
    add("Touches", card.touches);
    add("Reach", card.reach);
    return {{"type", "section"}, {"fields", std::move(fields)}};
}

auto links_of(const ChatCard& card, const std::string& public_url) -> std::string {
    std::vector<std::string> links;
    if (card.draft.ticket)
        links.push_back(card.draft.ticket->url.empty()
                            ? slack_text("Ticket " + card.draft.ticket->key, 200)
                            : link(card.draft.ticket->url, "Ticket " + card.draft.ticket->key));
    if (!card.finding_url.empty()) links.push_back(link(card.finding_url, "Finding in " + card.platform));
    if (!public_url.empty()) links.push_back(link(public_url + "/v1/drafts/" + card.draft.id, "The whole draft"));
    return join(links, "  ·  ");
}

auto size_of(const Json& blocks) -> std::size_t { return dump_json(blocks).size(); }

auto with_metadata(Json message, const std::string& key, const std::string& draft_id) -> Json {
    message["metadata"] = {{"event_type", "dossier_message"},
                           {"event_payload", {{"key", key}, {"draft_id", draft_id}}}};
    message["unfurl_links"] = false;
    message["unfurl_media"] = false;
    return message;
}

} // namespace

auto slack_text(std::string_view text, std::size_t most) -> std::string {
    return mapped(text, most, [](std::string_view point) -> std::string {
        if (point == "*") return "∗";
        if (point == "~") return "∼";
        if (point == "`") return "ˋ";
        if (point == "\n") return "\n";
        if (is_control(point)) return " ";
        return escaped(point);
    });
}

auto slack_code(std::string_view text, std::size_t most) -> std::string {
    return "`" +
           mapped(text, most - 2,
                  [](std::string_view point) -> std::string {
                      if (point == "`") return "ˋ";
                      if (is_control(point)) return " ";
                      return escaped(point);
                  }) +
           "`";
}

auto slack_plain(std::string_view text, std::size_t most) -> std::string {
    auto out = mapped(text, most, [](std::string_view point) -> std::string {
        if (point == "<") return "‹";
        if (point == ">") return "›";
        if (is_control(point)) return " ";
        return is_invisible(point) ? "" : std::string(point);
    });
    return trim(out).empty() ? "(no title)" : out;
}

auto slack_subject_text(const SlackSubject& subject) -> std::string {
    Json json{{"draft", subject.draft_id}, {"hash", subject.content_hash}};
    if (!subject.response_url.empty()) json["response_url"] = subject.response_url;
    return dump_json(json);
}

auto parse_slack_subject(std::string_view text) -> std::optional<SlackSubject> {
    const auto json = parse_json(text, 8);
    if (!json) return std::nullopt;
    SlackSubject subject{.draft_id = text_at(*json, "draft"),
                         .content_hash = text_at(*json, "hash"),
                         .response_url = text_at(*json, "response_url")};
    if (subject.draft_id.empty() || subject.content_hash.empty()) return std::nullopt;
    return subject;
}

auto slack_draft_message(const ChatCard& card, SlackAudience audience, const std::string& key,
                         const std::string& public_url) -> Json {
    const bool waits = card.draft.state == DraftState::pending;
    Json blocks = Json::array();
    blocks.push_back({{"type", "header"}, {"text", plain(card.draft.title, most_header)}});
    if (audience == SlackAudience::owner) {
        std::string words = "You are named as the owner.";
        if (waits && card.owner_decides)
            words += " You may decide whether this is to be done.";
        else if (waits)
            words += " A person decides whether this becomes yours to do.";
        blocks.push_back(section(words));
    }
    blocks.push_back(essentials(card));
    const auto summary_at = blocks.size();
    if (!card.summary.empty()) blocks.push_back(section(slack_text(card.summary, most_section)));
    if (const auto links = links_of(card, public_url); !links.empty()) blocks.push_back(section(links));
    if (waits) {
        blocks.push_back(buttons(card, audience));
    } else {
        blocks.push_back(section(fmt::format("*This draft is {}.*", slack_text(outcome_of(card.draft), 1'000))));
    }
    blocks.push_back(
        context_line(fmt::format("{} · draft of a {} for {} · {}", ticket::guidance_notice, slack_text(card.kind, 40),
                                 slack_text(card.draft.sink, 60), slack_text(card.draft.id, 60))));
    if (size_of(blocks) > most_message && !card.summary.empty())
        blocks[summary_at] = section(slack_text(card.summary, 300));
    // What notifications and screen readers show.
    const auto fallback =
        waits ? fmt::format("Draft to decide on: {} ({})", slack_text(card.draft.title, 300),
                            to_string(card.draft.severity))
              : fmt::format("{}: {}", slack_text(card.draft.title, 300), slack_text(outcome_of(card.draft), 500));
    return with_metadata({{"text", fallback}, {"blocks", std::move(blocks)}}, key, card.draft.id);
}

auto slack_note(std::string_view words, const std::string& key) -> Json {
    auto text = slack_text(words, most_section);
    Json message{{"text", text}, {"blocks", Json::array({section(text)})}};
    return with_metadata(std::move(message), key, "");
}

auto slack_text_message(const ChatText& text) -> Json {
    Json blocks = Json::array();
    std::size_t size = 0;
    if (!text.title.empty()) blocks.push_back(section(fmt::format("*{}*", slack_text(text.title, 300))));
    for (const auto& paragraph : text.paragraphs) {
        if (paragraph.empty()) continue;
        auto piece = slack_text(paragraph, most_section);
        size += piece.size();
        if (size > most_message - 2'000 || blocks.size() > 40) {
            blocks.push_back(section("There is more; see the finding itself."));
            break;
        }
        blocks.push_back(section(std::move(piece)));
    }
    if (!text.url.empty()) {
        if (auto at = link(text.url, "See more"); at.starts_with('<')) blocks.push_back(section(std::move(at)));
    }
    blocks.push_back(context_line(std::string(ticket::guidance_notice)));
    auto fallback =
        slack_text(text.title.empty() && !text.paragraphs.empty() ? text.paragraphs.front() : text.title, 500);
    if (fallback.empty()) fallback = "dossier";
    return {
        {"text", std::move(fallback)}, {"blocks", std::move(blocks)}, {"unfurl_links", false}, {"unfurl_media", false}};
}

auto slack_reject_dialog(const SlackSubject& subject) -> Json {
    Json reason{{"type", "input"},
                {"block_id", "reason"},
                {"optional", true},
                {"label", plain("Why?", 200)},
                {"element",
                 {{"type", "plain_text_input"}, {"action_id", "reason"}, {"multiline", true}, {"max_length", 2'000}}}};
    return {{"type", "modal"},
            {"callback_id", slack_reject_view},
            {"private_metadata", slack_subject_text(subject)},
            {"title", plain("Reject the draft", 24)},
            {"submit", plain("Reject", 24)},
            {"close", plain("Cancel", 24)},
            {"blocks", Json::array({std::move(reason)})}};
}

} // namespace dossier::approve
