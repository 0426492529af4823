// The part of ServiceNowSink that follows a record through its life: who has it, what state it is in, where it can go.
#include "servicenow_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/ticket_facts.hpp"
#include "markdown_escape.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_group_name = 80;

/// A state model, a business rule or a data policy said no: repeating won't change that.
auto is_no(const Error& error) -> bool { return error.code == Errc::rejected || error.code == Errc::forbidden; }

} // namespace

auto ServiceNowSink::record_of(const TicketRef& ticket, Deadline deadline) -> Task<Result<Json>> {
    if (!is_sys_id(ticket.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be read");
    auto record = co_await now_.get(
        fmt::format("/api/now/table/{}/{}?sysparm_fields=sys_id,state,active,close_code,assigned_to,assigned_to.email,"
                    "sys_updated_on&sysparm_display_value=all",
                    config_.table, ticket.id),
        deadline);
    if (!record) co_return fail(record.error());
    if (!record->is_object() || column_value((*record)["result"], "sys_id") != ticket.id)
        co_return fail(Errc::malformed, config_.name + " showed another record than it was asked for");
    co_return std::move((*record)["result"]);
}

auto ServiceNowSink::standing_of(const Json& record) const -> Standing {
    const bool is_end = std::ranges::find(states_.ends, column_value(record, "state")) != states_.ends.end();
    return is_end || column_value(record, "active") == "false" ? Standing::done : Standing::open;
}

auto ServiceNowSink::state(const TicketRef& ticket, Deadline deadline) -> Task<Result<TicketState>> {
    auto record = co_await record_of(ticket, deadline);
    if (!record) co_return fail(record.error());
    TicketState state;
    state.status = column_display(*record, "state");
    state.standing = standing_of(*record);
    state.resolution = column_display(*record, "close_code");
    state.assignee = column_value(*record, "assigned_to.email");
    if (state.assignee.empty()) state.assignee = column_display(*record, "assigned_to");
    state.updated = parse_time(column_value(*record, "sys_updated_on"));
    co_return state;
}

auto ServiceNowSink::assign(const TicketRef& ticket, const std::string& email, Deadline deadline)
    -> Task<Result<void>> {
    co_return co_await give_to(ticket, email, Json::object(), deadline);
}

auto ServiceNowSink::hand_over(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    Json columns = Json::object();
    const auto name = std::string(trim(fill_in(config_.assignment_group, draft.facts)));
    if (!name.empty()) {
        auto group = co_await group_of(name, deadline);
        if (!group && group.error().code != Errc::not_found) co_return fail(group.error());
        if (group) {
            columns["assignment_group"] = *group;
        } else {
            log::warn("ticket.group_unknown", {{"sink", config_.name}, {"group", name}});
            auto said =
                co_await comment(ticket,
                                 fmt::format("The CMDB names {} as its support group, but {}. Please choose one.",
                                             escape_markdown(name), group.error().message),
                                 draft.id + ":group", Audience::staff, deadline);
            if (!said) co_return said;
        }
    }
    co_return co_await give_to(ticket, draft.assignee, std::move(columns), deadline);
}

auto ServiceNowSink::give_to(TicketRef ticket, std::string email, Json columns, Deadline deadline)
    -> Task<Result<void>> {
    auto record = co_await record_of(ticket, deadline);
    if (!record) co_return fail(record.error());
    auto user = co_await user_of(email, deadline);
    if (!user && user.error().code != Errc::not_found) co_return fail(user.error());
    if (user) columns["assigned_to"] = *user;
    // Only what still waits is moved on: people may have worked on it, or closed it.
    const auto& next = user ? states_.assigned : states_.approved;
    if (!states_.draft.empty() && !next.empty() && column_value(*record, "state") == states_.draft)
        columns["state"] = next;
    if (!columns.empty()) {
        auto patched = co_await patch(ticket.id, std::move(columns), deadline);
        if (!patched) co_return patched;
    }
    if (!user) co_return fail(user.error());
    co_return Result<void>{};
}

auto ServiceNowSink::group_of(std::string name, Deadline deadline) -> Task<Result<std::string>> {
    if (is_sys_id(name)) co_return name;
    // A caret would begin another condition, and nothing can escape it.
    const bool is_askable = name.find_first_of("^\r\n") == std::string::npos && name.size() <= max_group_name;
    if (!is_askable) co_return fail(Errc::not_found, "that is no name of a group");
    auto answer = co_await now_.get(
        fmt::format("/api/now/table/sys_user_group?sysparm_query={}&sysparm_fields=sys_id,name&sysparm_limit=10",
                    percent_encode(fmt::format("name={}^active=true", name))),
        deadline);
    if (!answer) co_return fail(answer.error());
    std::set<std::string> groups;
    for (const auto& row : array_in(*answer, "result")) {
        const auto id = text_in(row, {"sys_id"});
        if (is_sys_id(id) && iequals(text_in(row, {"name"}), name)) groups.insert(id);
    }
    if (groups.size() == 1) co_return *groups.begin();
    co_return fail(Errc::not_found,
                   groups.empty() ? "no active group here has that name" : "several groups here have that name");
}

auto ServiceNowSink::transition(const TicketRef& ticket, const TicketTarget& target, Deadline deadline)
    -> Task<Result<void>> {
    auto record = co_await record_of(ticket, deadline);
    if (!record) co_return fail(record.error());
    const bool is_end = target.standing == Standing::done;
    const auto next = !target.status.empty() ? target.status : is_end ? states_.done : states_.reopened;
    const bool is_there = target.status.empty() ? standing_of(*record) == target.standing
                                                : column_value(*record, "state") == next ||
                                                      iequals(column_display(*record, "state"), next);
    if (is_there) co_return Result<void>{};
    Json columns{{"state", next}};
    if (is_end) {
        const auto& code = target.resolution.empty() ? states_.close_code : target.resolution;
        if (!code.empty()) columns["close_code"] = code;
        columns["close_notes"] = shorten_text(target.note.empty() ? "Closed by dossier." : target.note, max_text);
    }
    auto moved = co_await patch(ticket.id, std::move(columns), deadline);
    if (!moved && is_no(moved.error())) co_return fail(Errc::conflict, moved.error().message);
    co_return moved;
}

auto ServiceNowSink::move_due(const TicketRef& ticket, const DueDate& before, const DueDate& now, Deadline deadline)
    -> Task<Result<void>> {
    if (!is_sys_id(ticket.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be changed");
    auto record = co_await now_.get(fmt::format("/api/now/table/{}/{}?sysparm_fields=sys_id,due_date"
                                                "&sysparm_display_value=all",
                                                config_.table, ticket.id),
                                    deadline);
    if (!record) co_return fail(record.error());
    if (!record->is_object() || column_value((*record)["result"], "sys_id") != ticket.id)
        co_return fail(Errc::malformed, config_.name + " showed another record than it was asked for");
    // A date that isn't ours is a person's, also where they took ours away.
    if (column_value((*record)["result"], "due_date") != due_column(before)) co_return Result<void>{};
    auto moved = co_await patch(ticket.id, Json{{"due_date", due_column(now)}}, deadline);
    if (moved || !is_no(moved.error())) co_return moved;
    log::warn("ticket.due_not_set", {{"sink", config_.name}, {"key", ticket.key}, {"reason", moved.error().message}});
    co_return Result<void>{};
}

auto ServiceNowSink::link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
    -> Task<Result<void>> {
    if (!is_sys_id(other.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't be linked to");
    if (kind != LinkKind::relates) co_return co_await patch(ticket.id, Json{{states_.parent, other.id}}, deadline);
    // Tasks have no column for "see also": a note has to do.
    co_return co_await comment(ticket, "Related: " + markdown_link(other.key, other.url), "related:" + other.id,
                               Audience::staff, deadline);
}

auto ServiceNowSink::close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
    -> Task<Result<void>> {
    const auto words = fmt::format("Double of {}, made when an answer was lost. Please go on there.", original.key);
    auto said =
        co_await comment(duplicate, escape_markdown(words), "duplicate:" + duplicate.id, Audience::staff, deadline);
    if (!said) co_return said;
    auto record = co_await record_of(duplicate, deadline);
    if (!record) co_return fail(record.error());
    if (standing_of(*record) == Standing::done) co_return Result<void>{};
    // Closed at once where the process allows it, else resolved, which closes by itself later.
    for (const auto& next : states_.duplicate) {
        auto closed = co_await patch(
            duplicate.id,
            Json{{states_.parent, original.id}, {"state", next}, {"close_code", "Duplicate"}, {"close_notes", words}},
            deadline);
        if (closed) co_return Result<void>{};
        if (!is_no(closed.error())) co_return closed;
    }
    log::warn("ticket.duplicate_left_open", {{"sink", config_.name}, {"key", duplicate.key}});
    co_return Result<void>{};
}

} // namespace dossier::ticket
