#include "servicenow_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace dossier::ticket {
namespace {

using net::Repeat;

constexpr std::size_t max_short_description = 160;
constexpr std::size_t max_text = 4'000;
constexpr std::size_t marker_room = 300;
constexpr std::string_view fields = "sys_id,number,correlation_id";

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
    if (code_points(html) <= max_text) return html;
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

auto is_sys_id(std::string_view id) -> bool {
    return id.size() == 32 && std::ranges::all_of(id, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

auto journal_marker(const std::string& event_id) -> std::string { return fmt::format("(dossier event {})", event_id); }

auto is_closed(const std::string& state, bool is_security_incident) -> bool {
    return is_security_incident ? state == "3" || state == "7" : state == "6" || state == "7" || state == "8";
}

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
    : config_(config), metrics_(metrics), now_(config, config.password, client, metrics, servicenow_error_text) {
    draft_state_ = text_in(string_columns(extra_fields(config)), {"state"});
    if (draft_state_.empty()) draft_state_ = is_security_incident() ? "10" : "3";
}

auto ServiceNowSink::ref(const Json& row) const -> TicketRef {
    const auto id = text_in(row, {"sys_id"});
    return {.sink = config_.name,
            .key = text_in(row, {"number"}),
            .url = fmt::format("{0}/nav_to.do?uri={1}.do?sys_id={2}", now_.base(), config_.table, id),
            .id = id};
}

auto ServiceNowSink::create_columns(const Draft& draft, const std::string& key) const -> Json {
    auto columns = string_columns(extra_fields(config_));
    columns.erase("assigned_to");
    const auto weight = weight_of(draft.severity);
    if (!columns.contains("impact")) columns["impact"] = weight.impact;
    if (!columns.contains("urgency")) columns["urgency"] = weight.urgency;
    // `incident` knows no draft: on hold, which wants a reason. `sn_si_incident` has one.
    columns["state"] = draft_state_;
    if (!is_security_incident() && draft_state_ == "3" && !columns.contains("hold_reason"))
        columns["hold_reason"] = "1";
    columns["short_description"] = shorten(one_line(draft.title), max_short_description);
    columns["description"] = markdown_to_plain(draft.body, max_text);
    columns["work_notes"] = narrative_note(draft.body);
    columns["correlation_id"] = key;
    columns["correlation_display"] = "dossier";
    return columns;
}

auto ServiceNowSink::create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a ticket needs a key");
    auto created = co_await now_.call("POST", fmt::format("/api/now/table/{}?sysparm_fields={}", config_.table, fields),
                                      create_columns(draft, key), Repeat::unsafe, deadline);
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
    co_return ref(row);
}

auto ServiceNowSink::find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> {
    if (!is_plain_key(key)) co_return fail(Errc::invalid_argument, "a look-up needs a key");
    const auto query = percent_encode(fmt::format("correlation_id={}^ORDERBYsys_created_on", key));
    auto answer = co_await now_.get(fmt::format("/api/now/table/{}?sysparm_query={}&sysparm_fields={}&sysparm_limit=20",
                                                config_.table, query, fields),
                                    deadline);
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object() || !answer->contains("result")) {
        co_return fail(Errc::malformed, config_.name + " answered the look-up without a result");
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

auto ServiceNowSink::state_of(std::string sys_id, Deadline deadline) -> Task<Result<std::string>> {
    if (!is_sys_id(sys_id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be read");
    auto record = co_await now_.get(
        fmt::format("/api/now/table/{}/{}?sysparm_fields=sys_id,state", config_.table, sys_id), deadline);
    if (!record) co_return fail(record.error());
    co_return text_in(*record, {"result", "state"});
}

auto ServiceNowSink::update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    co_return co_await patch(ticket.id,
                             Json{{"short_description", shorten(one_line(draft.title), max_short_description)},
                                  {"description", markdown_to_plain(draft.body, max_text)}},
                             deadline);
}

auto ServiceNowSink::has_note(std::string sys_id, std::string event_id, Deadline deadline) -> Task<Result<bool>> {
    const auto query = percent_encode(fmt::format("element_id={}^element=work_notes^valueLIKE{}", sys_id, event_id));
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
                             Deadline deadline) -> Task<Result<void>> {
    if (!is_plain_key(event_id)) co_return fail(Errc::invalid_argument, "a comment needs an event id");
    if (!is_sys_id(ticket.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be changed");
    auto there = co_await has_note(ticket.id, event_id, deadline);
    if (there && *there) co_return Result<void>{};
    const bool may_not_look = !there && there.error().code == Errc::forbidden;
    if (!there && !may_not_look) co_return fail(there.error());
    if (may_not_look) {
        log::warn(
            "ticket.journal_hidden",
            {{"sink", config_.name}, {"hint", "read access to sys_journal_field keeps work notes from repeating"}});
    }
    Json columns{{"work_notes",
                  fmt::format("{}\n\n{}", plain_note(markdown, max_text - marker_room), journal_marker(event_id))}};
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

auto ServiceNowSink::assign(const TicketRef& ticket, const std::string& email, Deadline deadline)
    -> Task<Result<void>> {
    auto state = co_await state_of(ticket.id, deadline);
    if (!state) co_return fail(state.error());
    auto user = co_await user_of(email, deadline);
    if (!user && user.error().code != Errc::not_found) co_return fail(user.error());
    Json columns = Json::object();
    if (user) columns["assigned_to"] = *user;
    // Only what still waits is moved on: people may have worked on it, or closed it.
    if (*state == draft_state_) columns["state"] = is_security_incident() ? "16" : user ? "2" : "1";
    if (!columns.empty()) {
        auto patched = co_await patch(ticket.id, std::move(columns), deadline);
        if (!patched) co_return patched;
    }
    if (!user) co_return fail(user.error());
    co_return Result<void>{};
}

auto ServiceNowSink::close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
    -> Task<Result<void>> {
    const auto words = fmt::format("Double of {}, made when an answer was lost. Please go on there.", original.key);
    auto said = co_await comment(duplicate, escape_markdown(words), "duplicate:" + duplicate.id, deadline);
    if (!said) co_return said;
    auto state = co_await state_of(duplicate.id, deadline);
    if (!state) co_return fail(state.error());
    if (is_closed(*state, is_security_incident())) co_return Result<void>{};
    const auto* parent = is_security_incident() ? "parent_security_incident" : "parent_incident";
    // Closed at once where the process allows it, else resolved, which closes by itself later.
    static constexpr std::array<const char*, 2> incident_states{"7", "6"};
    static constexpr std::array<const char*, 2> security_states{"7", "3"};
    for (const auto* next : is_security_incident() ? security_states : incident_states) {
        auto closed = co_await patch(
            duplicate.id,
            Json{{parent, original.id}, {"state", next}, {"close_code", "Duplicate"}, {"close_notes", words}},
            deadline);
        if (closed) co_return Result<void>{};
        const auto code = closed.error().code;
        if (code != Errc::rejected && code != Errc::forbidden) co_return closed;
    }
    log::warn("ticket.duplicate_left_open", {{"sink", config_.name}, {"key", duplicate.key}});
    co_return Result<void>{};
}

} // namespace dossier::ticket
