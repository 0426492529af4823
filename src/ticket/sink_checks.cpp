// `dossier check --connect` for trackers: who we are there, and whether we may do what delivery does. Reads only.

#include "jira_fields.hpp"
#include "jira_sink.hpp"
#include "servicenow_sink.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

using net::ConnectCheck;

/// What delivery needs in the project (Jira Cloud REST v3, GET mypermissions).
constexpr std::string_view jira_permissions[] = {"BROWSE_PROJECTS", "CREATE_ISSUES",     "EDIT_ISSUES", "ASSIGN_ISSUES",
                                                 "ADD_COMMENTS",    "TRANSITION_ISSUES", "LINK_ISSUES"};

constexpr auto attach_permission = "CREATE_ATTACHMENTS";

auto all_jira_permissions() -> std::string {
    std::vector<std::string> names(std::begin(jira_permissions), std::end(jira_permissions));
    names.emplace_back(attach_permission);
    return join(names, ",");
}

/// A Jira that doesn't name the permission has nothing against us.
auto is_denied(const Json& answer, const char* name) -> bool {
    const auto permissions = answer.find("permissions");
    if (permissions == answer.end() || !permissions->is_object() || !permissions->contains(name)) return false;
    const auto& one = (*permissions)[name];
    return one.is_object() && one.contains("havePermission") && one["havePermission"] == false;
}

auto has_permission(const Json& answer, std::string_view name) -> bool {
    const auto permissions = answer.find("permissions");
    if (permissions == answer.end() || !permissions->is_object()) return false;
    const auto one = permissions->find(name);
    if (one == permissions->end() || !one->is_object()) return false;
    const auto has = one->find("havePermission");
    return has != one->end() && has->is_boolean() && has->get<bool>();
}

} // namespace

auto TicketSink::check(Deadline /*deadline*/) -> Task<ConnectCheck> {
    co_return ConnectCheck{
        .what = {}, .url = {}, .verdict = ConnectCheck::Verdict::skipped, .missing = {}, .detail = "kept in the store"};
}

auto JiraSink::check(Deadline deadline) -> Task<ConnectCheck> {
    const auto me = co_await jira_.get(dialect_.path("/myself"), deadline);
    if (!me) co_return net::failed_check({}, jira_.base(), me.error());
    ConnectCheck check{.what = {}, .url = jira_.base(), .missing = {}, .detail = {}};
    check.detail = fmt::format("as {}, project {}", text_in(*me, {"displayName"}), config_.project);
    const auto permissions =
        co_await jira_.get(dialect_.path(fmt::format("/mypermissions?projectKey={}", percent_encode(config_.project)) +
                                         (dialect_.is_cloud() ? "&permissions=" + all_jira_permissions() : "")),
                           deadline);
    if (!permissions) {
        // Jira answers 404 for a project that we can't see, whether it exists or not.
        auto failed = net::failed_check({}, jira_.base(), permissions.error());
        if (permissions.error().code == Errc::not_found) failed.verdict = ConnectCheck::Verdict::permission;
        co_return failed;
    }
    if (!permissions->is_object()) {
        check.verdict = ConnectCheck::Verdict::failed;
        check.detail = "mypermissions answered without an object";
        co_return check;
    }
    for (const auto name : jira_permissions)
        if (!has_permission(*permissions, name)) check.missing.emplace_back(name);
    if (config_.attachments && is_denied(*permissions, attach_permission))
        check.missing.emplace_back(attach_permission);
    if (!check.missing.empty()) check.verdict = ConnectCheck::Verdict::permission;
    if (check.verdict != ConnectCheck::Verdict::ok) co_return check;
    const auto screen = co_await read_screen(deadline);
    if (screen) {
        const auto problems = screen_problems(config_, *screen, dialect_);
        if (!problems.empty()) check.verdict = ConnectCheck::Verdict::failed;
        check.detail = problems.empty()
                           ? fmt::format("{}, {} fields of {}", check.detail, screen->fields.size(), config_.issue_type)
                           : join(problems, "; ");
    } else if (screen.error().code == Errc::rejected) {
        check.verdict = ConnectCheck::Verdict::failed;
        check.detail = screen.error().message;
    } else {
        check.detail += "; which fields are required, it doesn't tell";
    }
    co_return check;
}

auto ServiceNowSink::check(Deadline deadline) -> Task<ConnectCheck> {
    const auto rows = co_await now_.get(
        fmt::format("/api/now/table/{}?sysparm_fields=sys_id&sysparm_limit=1", percent_encode(config_.table)),
        deadline);
    if (!rows) {
        auto failed = net::failed_check({}, now_.base(), rows.error());
        if (failed.verdict == ConnectCheck::Verdict::permission) failed.missing.push_back("read on " + config_.table);
        co_return failed;
    }
    ConnectCheck check{.what = {}, .url = now_.base(), .missing = {}, .detail = {}};
    const auto& who = config_.user.empty() ? config_.oauth.client_id : config_.user;
    check.detail =
        fmt::format("as {}, table {}; the right to write shows with the first ticket only", who, config_.table);
    const auto& group = config_.assignment_group;
    if (group.empty() || group.find("{{") != std::string::npos) co_return check;
    if (const auto found = co_await group_of(group, deadline); !found) {
        check.verdict = ConnectCheck::Verdict::failed;
        check.detail = fmt::format("assignment_group '{}': {}", group, found.error().message);
    }
    co_return check;
}

} // namespace dossier::ticket
