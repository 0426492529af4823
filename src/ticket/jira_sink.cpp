#include "jira_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dossier::ticket {
namespace {

using net::Repeat;

constexpr std::string_view draft_label = "dossier-draft";
constexpr std::size_t max_label_bytes = 255;
constexpr std::size_t max_comment_bytes = 30'000;

/// Both halves of Jira's error bodies; either may be empty or missing.
auto jira_error_text(const Json& body) -> std::string {
    std::vector<std::string> parts;
    for (const auto& message : array_in(body, "errorMessages")) {
        if (message.is_string()) parts.push_back(message.get<std::string>());
    }
    if (body.is_object() && body.contains("errors") && body["errors"].is_object()) {
        for (const auto& [field, message] : body["errors"].items()) {
            if (message.is_string()) parts.push_back(fmt::format("{}: {}", field, message.get<std::string>()));
        }
    }
    return join(parts, "; ");
}

auto as_label(std::string_view text) -> std::string {
    auto label = one_line(text);
    std::ranges::replace(label, ' ', '-');
    return label.size() > max_label_bytes ? "" : label;
}

auto has_label(const Json& issue, std::string_view label) -> bool {
    if (!issue.is_object() || !issue.contains("fields")) return false;
    const auto& labels = array_in(issue["fields"], "labels");
    return std::ranges::any_of(labels, [&](const Json& one) { return one.is_string() && one == label; });
}

/// Issue ids are numbers that grow; as text they order by length, then by digits.
auto is_older(const TicketRef& a, const TicketRef& b) -> bool {
    return a.id.size() != b.id.size() ? a.id.size() < b.id.size() : a.id < b.id;
}

auto adf(std::string_view markdown, std::size_t max_bytes) -> Json {
    auto document = parse_json(markdown_to_adf(markdown, max_bytes), 256);
    return document ? std::move(*document) : Json{{"version", 1}, {"type", "doc"}, {"content", Json::array()}};
}

auto event_marker(const std::string& event_id) -> std::string { return "dossier event " + event_id; }

/// The property is what we set; the last line of the text is what every Jira shows.
auto carries_event(const Json& comment, const std::string& event_id) -> bool {
    for (const auto& property : array_in(comment, "properties")) {
        if (text_in(property, {"key"}) == "dossier-event" && text_in(property, {"value", "id"}) == event_id)
            return true;
    }
    if (!comment.is_object() || !comment.contains("body")) return false;
    const auto& blocks = array_in(comment["body"], "content");
    if (blocks.empty()) return false;
    const auto& texts = array_in(blocks.back(), "content");
    return texts.size() == 1 && text_in(texts.front(), {"text"}) == event_marker(event_id);
}

} // namespace

JiraSink::JiraSink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics)
    : config_(config), metrics_(metrics), jira_(config, config.token, client, metrics, jira_error_text) {}

auto JiraSink::ref(const std::string& key, const std::string& id) const -> TicketRef {
    return {.sink = config_.name, .key = key, .url = fmt::format("{}/browse/{}", jira_.base(), key), .id = id};
}

auto JiraSink::create_fields(const Draft& draft, const std::string& key) const -> Json {
    auto fields = extra_fields(config_);
    for (const auto* never : {"assignee", "status", "issueType"}) fields.erase(never);
    Json labels = Json::array({key, "dossier", draft_label});
    const auto add = [&](std::string_view text) {
        auto label = as_label(text);
        if (!label.empty() && std::ranges::find(labels, Json(label)) == labels.end()) labels.push_back(label);
    };
    for (const auto& label : array_in(fields, "labels")) {
        if (label.is_string()) add(label.get<std::string>());
    }
    for (const auto& label : draft.labels) add(label);
    fields["labels"] = std::move(labels);
    fields["project"] = {{"key", config_.project}};
    fields["issuetype"] = {{"name", config_.issue_type}};
    fields["summary"] = shorten(one_line(draft.title), max_label_bytes);
    fields["description"] = adf(draft.body, 32'000);
    return fields;
}

auto JiraSink::create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a ticket needs a key without blanks");
    Json body{{"fields", create_fields(draft, key)},
              {"properties",
               Json::array({Json{{"key", "dossier"}, {"value", {{"key", key}, {"dossier_id", draft.dossier_id}}}}})}};
    auto created = co_await jira_.call("POST", "/rest/api/3/issue", std::move(body), Repeat::unsafe, deadline);
    if (!created) co_return fail(created.error());
    const auto issue = text_in(*created, {"key"});
    if (!is_plain_key(issue)) co_return fail(Errc::outcome_unknown, config_.name + " named no issue it created");
    // From here on the ticket exists: nothing may turn this answer into an error.
    co_await keep_label(issue, key, deadline);
    co_return ref(issue, text_in(*created, {"id"}));
}

auto JiraSink::keep_label(std::string issue, std::string key, Deadline deadline) -> Task<void> {
    auto seen = co_await jira_.get(fmt::format("/rest/api/3/issue/{}?fields=labels", issue), deadline);
    if (seen && has_label(*seen, key)) co_return;
    Json add{{"update", {{"labels", Json::array({Json{{"add", key}}})}}}};
    auto put = co_await jira_.call("PUT", "/rest/api/3/issue/" + issue, std::move(add), Repeat::safe, deadline);
    if (put) co_return;
    metrics_.count("dossier_tickets_total", {{"sink", config_.name}, {"outcome", "key_not_stored"}});
    log::error("ticket.key_not_stored",
               {{"sink", config_.name},
                {"key", issue},
                {"reason", put.error().describe()},
                {"hint", "the field Labels must be on the create and edit screens of this project and issue type, "
                         "else lost tickets can't be found"}});
}

auto JiraSink::find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> {
    constexpr int most_pages = 20;
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a look-up needs a key without blanks");
    std::vector<TicketRef> found;
    std::string next;
    for (int page = 0; page < most_pages; ++page) {
        Json body{{"jql", fmt::format("labels = \"{}\" ORDER BY created ASC", key)},
                  {"fields", {"labels", "created"}},
                  {"maxResults", 50}};
        if (!next.empty()) body["nextPageToken"] = next;
        auto answer = co_await jira_.call("POST", "/rest/api/3/search/jql", std::move(body), Repeat::safe, deadline);
        if (!answer) co_return fail(answer.error());
        if (!answer->is_object() || !answer->contains("issues")) {
            co_return fail(Errc::malformed, config_.name + " answered the search without issues");
        }
        for (const auto& issue : array_in(*answer, "issues")) {
            const auto name = text_in(issue, {"key"});
            if (is_plain_key(name) && has_label(issue, key)) found.push_back(ref(name, text_in(issue, {"id"})));
        }
        const auto token = text_in(*answer, {"nextPageToken"});
        if (token.empty() || token == next) break;
        next = token;
    }
    std::ranges::sort(found, is_older);
    co_return found;
}

auto JiraSink::update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    Json body{
        {"fields",
         {{"summary", shorten(one_line(draft.title), max_label_bytes)}, {"description", adf(draft.body, 32'000)}}}};
    auto put = co_await jira_.call("PUT", "/rest/api/3/issue/" + percent_encode(ticket.key), std::move(body),
                                   Repeat::safe, deadline);
    if (!put) co_return fail(put.error());
    co_return Result<void>{};
}

auto JiraSink::has_comment(std::string issue, std::string event_id, Deadline deadline) -> Task<Result<bool>> {
    constexpr std::size_t page_size = 100;
    constexpr std::size_t most = 2'000; // newest first: a repeat follows soon
    for (std::size_t start = 0; start < most;) {
        auto page = co_await jira_.get(fmt::format("/rest/api/3/issue/{}/comment?startAt={}&maxResults={}"
                                                   "&orderBy=-created&expand=properties",
                                                   issue, start, page_size),
                                       deadline);
        if (!page) co_return fail(page.error());
        const auto& comments = array_in(*page, "comments");
        if (std::ranges::any_of(comments, [&](const Json& one) { return carries_event(one, event_id); }))
            co_return true;
        start += comments.size();
        const auto total = page->is_object() ? page->find("total") : page->end();
        if (comments.empty() || total == page->end() || !total->is_number_unsigned() ||
            start >= total->get<std::size_t>()) {
            break;
        }
    }
    co_return false;
}

auto JiraSink::comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id,
                       Audience /*audience*/, Deadline deadline) -> Task<Result<void>> {
    const auto issue = percent_encode(ticket.key);
    auto there = co_await has_comment(issue, event_id, deadline);
    if (!there) co_return fail(there.error());
    if (*there) co_return Result<void>{};
    auto text = adf(markdown, max_comment_bytes);
    Json marker{{"type", "text"}, {"text", event_marker(event_id)}, {"marks", Json::array({Json{{"type", "code"}}})}};
    text["content"].push_back({{"type", "paragraph"}, {"content", Json::array({std::move(marker)})}});
    Json body{{"body", std::move(text)},
              {"properties", Json::array({Json{{"key", "dossier-event"}, {"value", {{"id", event_id}}}}})}};
    auto posted = co_await jira_.call("POST", fmt::format("/rest/api/3/issue/{}/comment", issue), std::move(body),
                                      Repeat::unsafe, deadline);
    if (!posted) co_return fail(posted.error());
    co_return Result<void>{};
}

auto JiraSink::account_of(std::string email, Deadline deadline) -> Task<Result<std::string>> {
    if (!is_plain_email(email)) co_return fail(Errc::not_found, "no e-mail address to look up");
    auto users = co_await jira_.get(
        fmt::format("/rest/api/3/user/search?query={}&maxResults=50", percent_encode(email)), deadline);
    if (!users) co_return fail(users.error());
    // The search matches prefixes of names too, and leaves hidden addresses out: only an exact address counts.
    std::set<std::string> accounts;
    if (users->is_array()) {
        for (const auto& user : *users) {
            const bool is_gone = user.is_object() && user.contains("active") && user["active"] == false;
            if (!is_gone && iequals(text_in(user, {"emailAddress"}), email)) {
                accounts.insert(text_in(user, {"accountId"}));
            }
        }
    }
    accounts.erase("");
    if (accounts.size() == 1) co_return *accounts.begin();
    co_return fail(Errc::not_found, accounts.empty() ? "no visible account has this e-mail address"
                                                     : "several accounts have this e-mail address");
}

auto JiraSink::assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> {
    const auto issue = percent_encode(ticket.key);
    Json approved{{"update", {{"labels", Json::array({Json{{"remove", draft_label}}})}}}};
    auto put = co_await jira_.call("PUT", "/rest/api/3/issue/" + issue, std::move(approved), Repeat::safe, deadline);
    if (!put) co_return fail(put.error());
    auto account = co_await account_of(email, deadline);
    if (!account) co_return fail(account.error());
    auto assigned = co_await jira_.call("PUT", fmt::format("/rest/api/3/issue/{}/assignee", issue),
                                        Json{{"accountId", *account}}, Repeat::safe, deadline);
    if (assigned) co_return Result<void>{};
    // "User … cannot be assigned issues": for us the same as nobody.
    if (assigned.error().code == Errc::rejected) co_return fail(Errc::not_found, assigned.error().message);
    co_return fail(assigned.error());
}

} // namespace dossier::ticket
