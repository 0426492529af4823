#include "jira_dialect.hpp"

#include "markdown_tree.hpp"
#include "tracker_client.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_rich_text = 32'000; ///< of 32,767, counted after conversion
constexpr std::size_t max_comment = 30'000;
constexpr std::size_t page_size = 50;

auto event_words(const std::string& event_id) -> std::string { return "dossier event " + event_id; }

auto adf_document(std::string_view markdown, std::size_t max_bytes) -> Json {
    auto document = parse_json(markdown_to_adf(markdown, max_bytes), 256);
    return document ? std::move(*document) : Json{{"version", 1}, {"type", "doc"}, {"content", Json::array()}};
}

} // namespace

auto JiraDialect::path(std::string_view rest) const -> std::string {
    return fmt::format("/rest/api/{}{}", is_cloud_ ? 3 : 2, rest);
}

auto JiraDialect::rich_text(std::string_view markdown) const -> Json {
    if (is_cloud_) return adf_document(markdown, max_rich_text);
    return markdown_to_wiki(markdown, max_rich_text);
}

auto JiraDialect::is_too_long(std::string_view markdown) const -> bool {
    const auto text = is_cloud_ ? markdown_to_adf(markdown, max_rich_text) : markdown_to_wiki(markdown, max_rich_text);
    return text.find(left_out_notice) != std::string::npos;
}

auto JiraDialect::comment_text(std::string_view markdown, const std::string& event_id) const -> Json {
    if (!is_cloud_)
        return fmt::format("{}\n\n{{{{{}}}}}", markdown_to_wiki(markdown, max_comment), event_words(event_id));
    auto text = adf_document(markdown, max_comment);
    Json marker{{"type", "text"}, {"text", event_words(event_id)}, {"marks", Json::array({Json{{"type", "code"}}})}};
    text["content"].push_back({{"type", "paragraph"}, {"content", Json::array({std::move(marker)})}});
    return text;
}

auto JiraDialect::names_event(const Json& comment_body, const std::string& event_id) const -> bool {
    if (comment_body.is_string()) {
        const auto last = fmt::format("{{{{{}}}}}", event_words(event_id));
        return trim(comment_body.get_ref<const std::string&>()).ends_with(last);
    }
    const auto& blocks = array_in(comment_body, "content");
    if (blocks.empty()) return false;
    const auto& texts = array_in(blocks.back(), "content");
    return texts.size() == 1 && text_in(texts.front(), {"text"}) == event_words(event_id);
}

auto JiraDialect::person(const std::string& id) const -> Json {
    return is_cloud_ ? Json{{"accountId", id}} : Json{{"name", id}};
}

auto JiraDialect::id_of_person(const Json& user) const -> std::string {
    return text_in(user, {is_cloud_ ? "accountId" : "name"});
}

auto JiraDialect::user_search(const std::string& email) const -> std::string {
    return path(
        fmt::format("/user/search?{}={}&maxResults=50", is_cloud_ ? "query" : "username", percent_encode(email)));
}

auto JiraDialect::search(const std::string& jql, const std::string& cursor) const -> Search {
    Json body{{"jql", jql}, {"fields", {"labels", "created", "updated"}}, {"maxResults", page_size}};
    if (is_cloud_) {
        if (!cursor.empty()) body["nextPageToken"] = cursor;
        return {.path = path("/search/jql"), .body = std::move(body)};
    }
    std::size_t start = 0;
    for (const char c : cursor) start = start * 10 + static_cast<std::size_t>(c - '0');
    body["startAt"] = start;
    return {.path = path("/search"), .body = std::move(body)};
}

auto JiraDialect::next_cursor(const Json& page, std::size_t seen) const -> std::string {
    if (is_cloud_) return text_in(page, {"nextPageToken"});
    const auto total = page.is_object() ? page.find("total") : page.end();
    if (array_in(page, "issues").empty() || total == page.end() || !total->is_number_unsigned()) return "";
    return seen < total->get<std::size_t>() ? std::to_string(seen) : "";
}

} // namespace dossier::ticket
