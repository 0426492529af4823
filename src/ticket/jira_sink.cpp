#include "jira_sink.hpp"

#include "jira_fields.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dossier::ticket {
namespace {

using net::Repeat;

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

auto has_label(const Json& issue, std::string_view label) -> bool {
    if (!issue.is_object() || !issue.contains("fields")) return false;
    const auto& labels = array_in(issue["fields"], "labels");
    return std::ranges::any_of(labels, [&](const Json& one) { return one.is_string() && one == label; });
}

/// Issue ids are numbers that grow; as text they order by length, then by digits.
auto is_older(const TicketRef& a, const TicketRef& b) -> bool {
    return a.id.size() != b.id.size() ? a.id.size() < b.id.size() : a.id < b.id;
}

/// The property is what we set; the last line of the text is what every Jira shows.
auto carries_event(const Json& comment, const std::string& event_id, const JiraDialect& dialect) -> bool {
    for (const auto& property : array_in(comment, "properties")) {
        if (text_in(property, {"key"}) == "dossier-event" && text_in(property, {"value", "id"}) == event_id)
            return true;
    }
    return comment.is_object() && comment.contains("body") && dialect.names_event(comment["body"], event_id);
}

/// An error from before the create: whatever it was about, no ticket has come of it.
auto outcome_of_nothing(Error error) -> Error {
    if (error.code == Errc::outcome_unknown || error.code == Errc::cancelled) error.code = Errc::unavailable;
    return error;
}

} // namespace

JiraSink::JiraSink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics)
    : config_(config), dialect_(config), metrics_(metrics), jira_(config, client, metrics, jira_error_text) {}

auto JiraSink::ref(const std::string& key, const std::string& id) const -> TicketRef {
    return {.sink = config_.name, .key = key, .url = fmt::format("{}/browse/{}", jira_.base(), key), .id = id};
}

auto JiraSink::issue_path(const TicketRef& ticket, std::string_view rest) const -> std::string {
    return dialect_.path(fmt::format("/issue/{}{}", percent_encode(ticket.key), rest));
}

auto JiraSink::create_fields(Draft draft, std::string key, std::shared_ptr<const JiraScreen> screen, Deadline deadline)
    -> Task<Result<Json>> {
    JiraPeople people;
    for (const auto& address : addresses_in(config_, draft, screen.get())) {
        auto account = co_await account_of(address, deadline);
        if (account) people.emplace(address, *account);
        if (!account && account.error().code != Errc::not_found) co_return fail(account.error());
    }
    co_return jira_fields(config_, draft, screen.get(), dialect_, people, jira_labels(config_, draft, key));
}

auto JiraSink::create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a ticket needs a key without blanks");
    const auto told = co_await create_screen(deadline);
    if (!told) co_return fail(outcome_of_nothing(told.error()));
    const auto& screen = *told;
    auto fields = co_await create_fields(draft, key, screen, deadline);
    if (!fields) {
        forget_screen(); // somebody may be mending it
        co_return fail(outcome_of_nothing(fields.error()));
    }
    Json body{{"fields", std::move(*fields)},
              {"properties",
               Json::array({Json{{"key", "dossier"}, {"value", {{"key", key}, {"dossier_id", draft.dossier_id}}}}})}};
    auto created = co_await jira_.call("POST", dialect_.path("/issue"), std::move(body), Repeat::unsafe, deadline);
    if (!created) {
        auto error = std::move(created.error());
        if (error.code == Errc::rejected && screen) {
            forget_screen();
            if (const auto hint = hint_at_fields(config_, *screen, error.message); !hint.empty())
                error.message += fmt::format(" ({})", hint);
        }
        co_return fail(std::move(error));
    }
    const auto issue = text_in(*created, {"key"});
    if (!is_plain_key(issue)) co_return fail(Errc::outcome_unknown, config_.name + " named no issue it created");
    // From here on the ticket exists: nothing may turn this answer into an error.
    auto made = ref(issue, text_in(*created, {"id"}));
    co_await keep_label(made, key, deadline);
    co_return made;
}

auto JiraSink::keep_label(TicketRef ticket, std::string key, Deadline deadline) -> Task<void> {
    auto seen = co_await jira_.get(issue_path(ticket, "?fields=labels"), deadline);
    if (seen && has_label(*seen, key)) co_return;
    Json add{{"update", {{"labels", Json::array({Json{{"add", key}}})}}}};
    auto put = co_await jira_.call("PUT", issue_path(ticket), std::move(add), Repeat::safe, deadline);
    if (put) co_return;
    metrics_.count("dossier_tickets_total", {{"sink", config_.name}, {"outcome", "key_not_stored"}});
    log::error("ticket.key_not_stored",
               {{"sink", config_.name},
                {"key", ticket.key},
                {"reason", put.error().describe()},
                {"hint", "the field Labels must be on the create and edit screens of this project and issue type, "
                         "else lost tickets can't be found"}});
}

auto JiraSink::find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> {
    constexpr int most_pages = 20;
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a look-up needs a key without blanks");
    std::vector<TicketRef> found;
    std::string cursor;
    std::size_t seen = 0;
    for (int page = 0; page < most_pages; ++page) {
        auto search = dialect_.search(fmt::format("labels = \"{}\" ORDER BY created ASC", key), cursor);
        auto answer = co_await jira_.call("POST", search.path, std::move(search.body), Repeat::safe, deadline);
        if (!answer) co_return fail(answer.error());
        if (!answer->is_object() || !answer->contains("issues")) {
            co_return fail(Errc::unavailable, config_.name + " answered the search without issues");
        }
        for (const auto& issue : array_in(*answer, "issues")) {
            const auto name = text_in(issue, {"key"});
            if (is_plain_key(name) && has_label(issue, key)) found.push_back(ref(name, text_in(issue, {"id"})));
            ++seen;
        }
        auto next = dialect_.next_cursor(*answer, seen);
        if (next.empty() || next == cursor) break;
        cursor = std::move(next);
    }
    std::ranges::sort(found, is_older);
    co_return found;
}

auto JiraSink::update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    Json body{{"fields", {{"summary", jira_summary(draft)}, {"description", dialect_.rich_text(draft.body)}}}};
    auto put = co_await jira_.call("PUT", issue_path(ticket), std::move(body), Repeat::safe, deadline);
    if (!put) co_return fail(put.error());
    co_return Result<void>{};
}

auto JiraSink::has_comment(TicketRef ticket, std::string event_id, Deadline deadline) -> Task<Result<bool>> {
    constexpr std::size_t page_size = 100;
    constexpr std::size_t most = 2'000; // newest first: a repeat follows soon
    for (std::size_t start = 0; start < most;) {
        auto page = co_await jira_.get(
            issue_path(ticket, fmt::format("/comment?startAt={}&maxResults={}&orderBy=-created&expand=properties",
                                           start, page_size)),
            deadline);
        if (!page) co_return fail(page.error());
        const auto& comments = array_in(*page, "comments");
        if (std::ranges::any_of(comments, [&](const Json& one) { return carries_event(one, event_id, dialect_); }))
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
    auto there = co_await has_comment(ticket, event_id, deadline);
    if (!there) co_return fail(there.error());
    if (*there) co_return Result<void>{};
    Json body{{"body", dialect_.comment_text(markdown, event_id)},
              {"properties", Json::array({Json{{"key", "dossier-event"}, {"value", {{"id", event_id}}}}})}};
    auto posted =
        co_await jira_.call("POST", issue_path(ticket, "/comment"), std::move(body), Repeat::unsafe, deadline);
    if (!posted) co_return fail(posted.error());
    co_return Result<void>{};
}

auto JiraSink::account_of(std::string email, Deadline deadline) -> Task<Result<std::string>> {
    if (!is_plain_email(email)) co_return fail(Errc::not_found, "no e-mail address to look up");
    auto users = co_await jira_.get(dialect_.user_search(email), deadline);
    if (!users) co_return fail(users.error());
    // The search matches prefixes of names too, and leaves hidden addresses out: only an exact address counts.
    std::set<std::string> accounts;
    if (users->is_array()) {
        for (const auto& user : *users) {
            const bool is_gone = user.is_object() && user.contains("active") && user["active"] == false;
            const auto kind = text_in(user, {"accountType"});
            const bool is_person = kind.empty() || kind == "atlassian";
            if (!is_gone && is_person && iequals(text_in(user, {"emailAddress"}), email))
                accounts.insert(dialect_.id_of_person(user));
        }
    }
    accounts.erase("");
    if (accounts.size() == 1) co_return *accounts.begin();
    co_return fail(Errc::not_found, accounts.empty() ? "no visible account has this e-mail address"
                                                     : "several accounts have this e-mail address");
}

auto JiraSink::assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> {
    Json approved{{"update", {{"labels", Json::array({Json{{"remove", draft_label}}})}}}};
    auto put = co_await jira_.call("PUT", issue_path(ticket), std::move(approved), Repeat::safe, deadline);
    if (!put) co_return fail(put.error());
    auto account = co_await account_of(email, deadline);
    if (!account) co_return fail(account.error());
    auto assigned =
        co_await jira_.call("PUT", issue_path(ticket, "/assignee"), dialect_.person(*account), Repeat::safe, deadline);
    if (assigned) co_return Result<void>{};
    // "User … cannot be assigned issues": for us the same as nobody.
    if (assigned.error().code == Errc::rejected) co_return fail(Errc::not_found, assigned.error().message);
    co_return fail(assigned.error());
}

} // namespace dossier::ticket
