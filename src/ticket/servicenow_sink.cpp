#include "servicenow_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "dossier/ticket/ticket_facts.hpp"
#include "markdown_escape.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace dossier::ticket {
namespace {

using net::Repeat;

constexpr std::size_t max_short_description = 160;
constexpr std::size_t marker_room = 300;
constexpr std::string_view fields = "sys_id,number,correlation_id";
constexpr auto* due_name = "due_date"; // of `task`

auto servicenow_error_text(const Json& body) -> std::string {
    const auto message = text_in(body, {"error", "message"});
    const auto detail = text_in(body, {"error", "detail"});
    return message.empty() || detail.empty() ? message + detail : fmt::format("{}: {}", message, detail);
}

/// Journal columns render what stands between [code] tags as HTML: finding text must not be able to open one.
auto journal_text(std::string_view text) -> std::string {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto rest = text.substr(at);
        const bool is_tag = iequals(rest.substr(0, 6), "[code]") || iequals(rest.substr(0, 7), "[/code]");
        out += is_tag ? '(' : text[at];
    }
    return out;
}

auto plain_note(std::string_view markdown, std::size_t limit) -> std::string {
    return journal_text(markdown_to_plain(markdown, limit));
}

/// The draft as HTML where it fits, else as plain text.
auto narrative_note(std::string_view markdown) -> std::string {
    constexpr std::string_view intro = "Draft by dossier: unassigned until a person approves it.\n";
    auto html = fmt::format("{}[code]{}[/code]", intro, journal_text(markdown_to_html(markdown)));
    if (utf16_units(html) <= max_text) return html;
    return fmt::format("{}\n{}", intro, plain_note(markdown, max_text - intro.size() - 1));
}

struct Weight {
    const char* impact;
    const char* urgency;
};
/// `priority` is computed from the two and read-only.
auto weight_of(Severity severity) -> Weight {
    switch (severity) {
    case Severity::critical:
        return {"1", "1"};
    case Severity::high:
        return {"2", "1"};
    case Severity::medium:
        return {"2", "2"};
    case Severity::low:
        return {"2", "3"};
    case Severity::informational:
        break;
    }
    return {"3", "3"};
}

auto rows_of(const Json& answer) -> const Json& { return array_in(answer, "result"); }

auto journal_marker(const std::string& event_id) -> std::string { return fmt::format("(dossier event {})", event_id); }

/// All columns are strings; what is no scalar has no place in a table row.
auto string_columns(const Json& extra) -> Json {
    Json columns = Json::object();
    for (const auto& [name, value] : extra.items()) {
        if (value.is_string()) columns[name] = value;
        if (value.is_number() || value.is_boolean()) columns[name] = value.dump();
    }
    return columns;
}

} // namespace

ServiceNowSink::ServiceNowSink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics)
    : config_(config),
      states_(states_of_table(config.table)),
      extra_(string_columns(extra_fields(config))),
      metrics_(metrics),
      now_(config, client, metrics, servicenow_error_text) {
    const auto& own = config.states;
    if (const auto state = text_in(extra_, {"state"}); !state.empty()) states_.draft = state;
    const std::pair<const std::string*, std::string*> configured[] = {
        {&own.draft, &states_.draft}, {&own.approved, &states_.approved}, {&own.assigned, &states_.assigned},
        {&own.done, &states_.done},   {&own.reopened, &states_.reopened}, {&own.resolution, &states_.close_code}};
    for (const auto& [from, to] : configured)
        if (!from->empty()) *to = *from;
    if (std::ranges::find(states_.ends, states_.done) == states_.ends.end()) states_.ends.push_back(states_.done);
}

auto ServiceNowSink::ref(const Json& row) const -> TicketRef {
    const auto id = text_in(row, {"sys_id"});
    return {.sink = config_.name,
            .key = text_in(row, {"number"}),
            .url = fmt::format("{0}/nav_to.do?uri={1}.do?sys_id={2}", now_.base(), config_.table, id),
            .id = id};
}

auto ServiceNowSink::create_columns(const Draft& draft, const std::string& key) const -> Json {
    Json columns = Json::object();
    for (const auto& [name, value] : extra_.items()) {
        auto text = std::string(trim(fill_in(value.get_ref<const std::string&>(), draft.facts)));
        if (!text.empty()) columns[name] = std::move(text);
    }
    columns.erase("assigned_to");
    const auto weight = weight_of(draft.severity);
    const auto add = [&](const char* name, const BySeverity& configured, const char* otherwise) {
        const auto own = configured.find(draft.severity);
        if (own != configured.end()) columns[name] = own->second;
        if (own == configured.end() && otherwise != nullptr && !columns.contains(name)) columns[name] = otherwise;
    };
    add("impact", config_.impact, weight.impact);
    add("urgency", config_.urgency, weight.urgency);
    if (draft.due && !columns.contains(due_name)) columns[due_name] = due_column(*draft.due);
    add("priority", config_.priority, nullptr); // computed from the two, unless an instance has changed that
    if (!states_.draft.empty()) columns["state"] = states_.draft;
    if (config_.table == "incident" && states_.draft == "3" && !columns.contains("hold_reason"))
        columns["hold_reason"] = "1";
    columns["short_description"] = shorten_text(one_line(draft.title), max_short_description);
    columns["description"] = markdown_to_plain(draft.body, max_text);
    columns["work_notes"] = narrative_note(draft.body);
    columns["correlation_id"] = key;
    columns["correlation_display"] = "dossier";
    return columns;
}

auto ServiceNowSink::create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a ticket needs a key");
    auto columns = create_columns(draft, key);
    std::string shown(fields);
    for (const auto& [name, value] : extra_.items())
        if (is_plain_key(name)) shown += "," + name;
    if (draft.due && !extra_.contains(due_name)) shown += fmt::format(",{}", due_name);
    auto created = co_await now_.call("POST", fmt::format("/api/now/table/{}?sysparm_fields={}", config_.table, shown),
                                      columns, Repeat::unsafe, deadline);
    if (!created) co_return fail(created.error());
    if (!created->is_object() || !is_sys_id(text_in(*created, {"result", "sys_id"}))) {
        co_return fail(Errc::outcome_unknown, config_.name + " named no record it created");
    }
    const auto& row = (*created)["result"];
    if (text_in(row, {"correlation_id"}) != key) {
        metrics_.count("dossier_tickets_total", {{"sink", config_.name}, {"outcome", "key_not_stored"}});
        log::error("ticket.key_not_stored", {{"sink", config_.name},
                                             {"key", text_in(row, {"number"})},
                                             {"hint", "the account must be able to write and read correlation_id, else "
                                                      "lost tickets can't be found"}});
    }
    warn_of_lost_columns(columns, row);
    co_return ref(row);
}

void ServiceNowSink::warn_of_lost_columns(const Json& sent, const Json& row) {
    auto wanted = extra_;
    if (sent.contains(due_name)) wanted[due_name] = sent[due_name];
    for (const auto& [name, value] : wanted.items()) {
        if (!sent.contains(name) || (row.is_object() && row.contains(name))) continue;
        log::warn("ticket.column_not_stored",
                  {{"sink", config_.name},
                   {"column", name},
                   {"hint", "the table has no such column, or the account may neither write nor read it"}});
    }
}

auto ServiceNowSink::find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a look-up needs a key");
    const auto query = percent_encode(fmt::format("correlation_id={}^ORDERBYsys_created_on", key));
    auto answer = co_await now_.get(fmt::format("/api/now/table/{}?sysparm_query={}&sysparm_fields={}&sysparm_limit=20",
                                                config_.table, query, fields),
                                    deadline);
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object() || !answer->contains("result")) {
        co_return fail(Errc::unavailable, config_.name + " answered the look-up without a result");
    }
    std::vector<TicketRef> found;
    for (const auto& row : rows_of(*answer)) {
        if (text_in(row, {"correlation_id"}) == key && is_sys_id(text_in(row, {"sys_id"}))) found.push_back(ref(row));
    }
    if (found.empty() && !rows_of(*answer).empty()) {
        co_return fail(Errc::rejected, config_.name + " ignored the look-up by correlation_id and answered other rows; "
                                                      "the account must be able to read and query that column");
    }
    co_return found;
}

auto ServiceNowSink::patch(std::string sys_id, Json columns, Deadline deadline) -> Task<Result<void>> {
    if (!is_sys_id(sys_id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be changed");
    auto patched =
        co_await now_.call("PATCH", fmt::format("/api/now/table/{}/{}?sysparm_fields=sys_id", config_.table, sys_id),
                           std::move(columns), Repeat::safe, deadline);
    if (!patched) co_return fail(patched.error());
    co_return Result<void>{};
}

auto ServiceNowSink::update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    co_return co_await patch(ticket.id,
                             Json{{"short_description", shorten_text(one_line(draft.title), max_short_description)},
                                  {"description", markdown_to_plain(draft.body, max_text)}},
                             deadline);
}

auto ServiceNowSink::has_note(std::string sys_id, std::string column, std::string event_id, Deadline deadline)
    -> Task<Result<bool>> {
    const auto query = percent_encode(fmt::format("element_id={}^element={}^valueLIKE{}", sys_id, column, event_id));
    auto answer = co_await now_.get(
        fmt::format(
            "/api/now/table/sys_journal_field?sysparm_query={}&sysparm_fields=element_id,value&sysparm_limit=50",
            query),
        deadline);
    if (!answer) co_return fail(answer.error());
    const auto marker = journal_marker(event_id);
    co_return std::ranges::any_of(rows_of(*answer), [&](const Json& row) {
        return text_in(row, {"element_id"}) == sys_id && text_in(row, {"value"}).find(marker) != std::string::npos;
    });
}

auto ServiceNowSink::comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id,
                             Audience audience, Deadline deadline) -> Task<Result<void>> {
    const std::string column = audience == Audience::staff ? "work_notes" : "comments";
    if (!is_plain_key(event_id)) co_return fail(Errc::invalid_argument, "a comment needs an event id");
    if (!is_sys_id(ticket.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be changed");
    auto there = co_await has_note(ticket.id, column, event_id, deadline);
    if (there && *there) co_return Result<void>{};
    const bool may_not_look = !there && there.error().code == Errc::forbidden;
    if (!there && !may_not_look) co_return fail(there.error());
    if (may_not_look) {
        log::warn("ticket.journal_hidden",
                  {{"sink", config_.name}, {"hint", "read access to sys_journal_field keeps notes from repeating"}});
    }
    Json columns{
        {column, fmt::format("{}\n\n{}", plain_note(markdown, max_text - marker_room), journal_marker(event_id))}};
    // A note is an append: repeated blindly it would stand there twice.
    auto posted =
        co_await now_.call("PATCH", fmt::format("/api/now/table/{}/{}?sysparm_fields=sys_id", config_.table, ticket.id),
                           std::move(columns), Repeat::unsafe, deadline);
    if (!posted) co_return fail(posted.error());
    co_return Result<void>{};
}

auto ServiceNowSink::user_of(std::string email, Deadline deadline) -> Task<Result<std::string>> {
    if (!is_plain_email(email)) co_return fail(Errc::not_found, "no e-mail address to look up");
    const auto query = percent_encode(fmt::format("email={}^active=true", email));
    auto answer = co_await now_.get(
        fmt::format("/api/now/table/sys_user?sysparm_query={}&sysparm_fields=sys_id,email&sysparm_limit=10", query),
        deadline);
    if (!answer) co_return fail(answer.error());
    std::set<std::string> users;
    for (const auto& row : rows_of(*answer)) {
        const auto id = text_in(row, {"sys_id"});
        if (is_sys_id(id) && iequals(text_in(row, {"email"}), email)) users.insert(id);
    }
    if (users.size() == 1) co_return *users.begin();
    co_return fail(Errc::not_found,
                   users.empty() ? "no active user has this e-mail address" : "several users have this e-mail address");
}

} // namespace dossier::ticket
