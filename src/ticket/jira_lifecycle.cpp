// The part of JiraSink that follows a ticket through its life: what state it is in, where it can go, what it belongs
// to. Ids of statuses and transitions differ by workflow, so that names and status categories are what counts.
#include "jira_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "markdown_escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ticket {
namespace {

using net::Repeat;

auto standing_of(const Json& status) -> Standing {
    return text_in(status, {"statusCategory", "key"}) == "done" ? Standing::done : Standing::open;
}

auto link_type(LinkKind kind) -> const char* {
    // A child is related only: which issue types may be parents of which is each project's own matter.
    return kind == LinkKind::duplicates ? "Duplicate" : "Relates";
}

auto member(const Json& value, std::initializer_list<const char*> path) -> const Json& {
    static const Json none;
    const auto* at = &value;
    for (const auto* key : path) {
        if (!at->is_object()) return none;
        const auto found = at->find(key);
        if (found == at->end()) return none;
        at = &*found;
    }
    return *at;
}

auto state_from(const Json& issue) -> TicketState {
    TicketState state;
    state.status = text_in(issue, {"fields", "status", "name"});
    state.standing = standing_of(member(issue, {"fields", "status"}));
    state.resolution = text_in(issue, {"fields", "resolution", "name"});
    for (const auto* key : {"emailAddress", "accountId", "name"}) {
        if (state.assignee.empty()) state.assignee = text_in(issue, {"fields", "assignee", key});
    }
    state.updated = parse_time(text_in(issue, {"fields", "updated"}));
    return state;
}

auto is_at(const TicketState& state, const TicketTarget& target) -> bool {
    return target.status.empty() ? state.standing == target.standing : iequals(state.status, target.status);
}

/// The transitions that lead to the target; back to work rather than to where nobody has begun.
auto ways_to(const TicketTarget& target, const Json& offered) -> std::vector<Json> {
    std::vector<Json> ways;
    for (const auto& one : array_in(offered, "transitions")) {
        if (text_in(one, {"id"}).empty()) continue;
        const auto& to = member(one, {"to"});
        const bool leads_there = target.status.empty() ? standing_of(to) == target.standing
                                                       : iequals(text_in(to, {"name"}), target.status) ||
                                                             iequals(text_in(one, {"name"}), target.status);
        if (leads_there) ways.push_back(one);
    }
    return ways;
}

/// What the transition's screen wants filled in of a resolution; "" = nothing.
auto resolution_for(const Json& way, const TicketTarget& target) -> std::string {
    static constexpr std::array<std::string_view, 3> plain_ends{"Done", "Fixed", "Resolved"};
    const auto& field = member(way, {"fields", "resolution"});
    if (!field.is_object()) return "";
    if (!target.resolution.empty()) return target.resolution;
    if (member(field, {"required"}) != Json(true)) return "";
    for (const auto end : plain_ends) {
        for (const auto& allowed : array_in(field, "allowedValues"))
            if (iequals(text_in(allowed, {"name"}), end)) return text_in(allowed, {"name"});
    }
    return "";
}

} // namespace

auto JiraSink::state(const TicketRef& ticket, Deadline deadline) -> Task<Result<TicketState>> {
    auto issue = co_await jira_.get(issue_path(ticket, "?fields=status,resolution,assignee,updated"), deadline);
    if (!issue) co_return fail(issue.error());
    if (text_in(*issue, {"fields", "status", "statusCategory", "key"}).empty())
        co_return fail(Errc::malformed, config_.name + " showed an issue without its status");
    co_return state_from(*issue);
}

auto JiraSink::transition(const TicketRef& ticket, const TicketTarget& wanted, Deadline deadline)
    -> Task<Result<void>> {
    auto target = wanted;
    const bool is_end = target.standing == Standing::done;
    if (target.status.empty()) target.status = is_end ? config_.states.done : config_.states.reopened;
    if (target.resolution.empty()) target.resolution = config_.states.resolution;
    auto now = co_await state(ticket, deadline);
    if (!now) co_return fail(now.error());
    if (is_at(*now, target)) co_return Result<void>{};
    auto moved = co_await move(ticket, target, deadline);
    if (moved || moved.error().code != Errc::conflict) co_return moved;
    // Where an answer was lost, the repeat finds the way gone because it has been taken.
    now = co_await state(ticket, deadline);
    if (now && is_at(*now, target)) co_return Result<void>{};
    co_return moved;
}

auto JiraSink::move(TicketRef ticket, TicketTarget target, Deadline deadline) -> Task<Result<void>> {
    const auto path = issue_path(ticket, "/transitions");
    auto offered = co_await jira_.get(path + "?expand=transitions.fields", deadline);
    if (!offered) co_return fail(offered.error());
    const auto wanted =
        !target.status.empty() ? target.status : std::string(target.standing == Standing::done ? "done" : "open");
    auto refusal = fmt::format("{} offers no transition to '{}'", config_.name, wanted);
    for (const auto& way : ways_to(target, *offered)) {
        Json body{{"transition", {{"id", text_in(way, {"id"})}}}};
        if (const auto resolution = resolution_for(way, target); !resolution.empty())
            body["fields"]["resolution"]["name"] = resolution;
        auto moved = co_await jira_.call("POST", path, std::move(body), Repeat::safe, deadline);
        if (moved) co_return Result<void>{};
        // 409 is a change at the same moment: worth another try, unlike a screen that wants more.
        if (moved.error().code == Errc::conflict) co_return fail(Errc::unavailable, moved.error().message);
        if (moved.error().code != Errc::rejected) co_return fail(moved.error());
        refusal = moved.error().message;
    }
    co_return fail(Errc::conflict, refusal);
}

auto JiraSink::move_due(const TicketRef& ticket, const DueDate& before, const DueDate& now, Deadline deadline)
    -> Task<Result<void>> {
    auto issue = co_await jira_.get(issue_path(ticket, "?fields=duedate"), deadline);
    if (!issue) co_return fail(issue.error());
    const auto& fields = member(*issue, {"fields"});
    const bool has_field = fields.is_object() && fields.contains("duedate");
    const auto set = has_field ? text_in(fields, {"duedate"}) : std::string();
    // A date that isn't ours is a person's, also where they took ours away.
    if (!has_field || set != before.on) co_return Result<void>{};
    auto put =
        co_await jira_.call("PUT", issue_path(ticket), Json{{"fields", {{"duedate", now.on}}}}, Repeat::safe, deadline);
    if (put) co_return Result<void>{};
    if (put.error().code != Errc::rejected) co_return fail(put.error());
    log::warn("ticket.due_not_set", {{"sink", config_.name}, {"key", ticket.key}, {"reason", put.error().message}});
    co_return Result<void>{};
}

auto JiraSink::has_link(TicketRef ticket, std::string other, std::string type, Deadline deadline)
    -> Task<Result<bool>> {
    auto seen = co_await jira_.get(issue_path(ticket, "?fields=issuelinks"), deadline);
    if (!seen) co_return fail(seen.error());
    co_return std::ranges::any_of(array_in(member(*seen, {"fields"}), "issuelinks"), [&](const Json& one) {
        return text_in(one, {"type", "name"}) == type &&
               (text_in(one, {"outwardIssue", "key"}) == other || text_in(one, {"inwardIssue", "key"}) == other);
    });
}

auto JiraSink::link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
    -> Task<Result<void>> {
    const auto* type = link_type(kind);
    auto there = co_await has_link(ticket, other.key, type, deadline);
    if (!there) co_return fail(there.error());
    if (*there) co_return Result<void>{};
    // "inward" is the end that the outward words are said of: duplicate "duplicates" original.
    Json body{
        {"type", {{"name", type}}}, {"inwardIssue", {{"key", ticket.key}}}, {"outwardIssue", {{"key", other.key}}}};
    auto linked = co_await jira_.call("POST", dialect_.path("/issueLink"), std::move(body), Repeat::safe, deadline);
    if (!linked) co_return fail(linked.error());
    co_return Result<void>{};
}

auto JiraSink::close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
    -> Task<Result<void>> {
    auto linked = co_await link(duplicate, original, LinkKind::duplicates, deadline);
    if (!linked) log::warn("ticket.link_refused", {{"sink", config_.name}, {"reason", linked.error().describe()}});
    auto said = co_await comment(duplicate,
                                 fmt::format("This ticket is a double of {}, made when an answer was lost. "
                                             "Please go on there.",
                                             markdown_link(original.key, original.url)),
                                 "duplicate:" + duplicate.key, Audience::staff, deadline);
    if (!said) co_return said;
    auto closed = co_await transition(duplicate, {.standing = Standing::done}, deadline);
    if (closed || closed.error().code != Errc::conflict) co_return closed;
    // Nothing leads to done for us, or a screen wants more: link and comment have to do.
    log::warn("ticket.duplicate_left_open", {{"sink", config_.name}, {"key", duplicate.key}});
    co_return Result<void>{};
}

} // namespace dossier::ticket
