#include "gitlab_target.hpp"

#include "tracker_client.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

auto merge_branch(const Action& action) -> std::string { return "policy/" + action.key; }

} // namespace

GitlabTarget::GitlabTarget(PolicyTargetConfig config, net::HttpClient& client, Metrics& metrics)
    : config_(std::move(config)),
      gitlab_(config_, net::Headers{{"PRIVATE-TOKEN", config_.token.reveal()}}, client, metrics) {}

auto GitlabTarget::at(std::string_view rest) const -> std::string {
    return fmt::format("/api/v4/projects/{}{}", percent_encode(config_.repository), rest);
}

/// The merge request of our branch, open or not; null = there is none.
auto GitlabTarget::request_of(std::string branch, Deadline deadline) -> Task<Result<Json>> {
    auto listed =
        co_await gitlab_.get(at("/merge_requests?state=all&source_branch=" + percent_encode(branch)), deadline);
    if (!listed) co_return fail(std::move(listed.error()));
    if (!listed->is_array()) co_return fail(Errc::unavailable, "GitLab's list of merge requests is no list");
    for (auto& one : *listed)
        if (text_in(one, {"source_branch"}) == branch && number_at(one, "iid") > 0) co_return std::move(one);
    co_return Json{};
}

auto GitlabTarget::receipt_of(const Json& request) const -> ActionReceipt {
    return {.id = fmt::format("{}!{}", shorten(config_.repository, 180), number_at(request, "iid")),
            .url = address_at(request, "web_url"),
            .detail = {}};
}

auto GitlabTarget::find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> {
    auto request = co_await request_of(merge_branch(action), deadline);
    if (!request) co_return fail(std::move(request.error()));
    if (request->is_null()) co_return std::optional<ActionReceipt>{};
    co_return receipt_of(*request);
}

auto GitlabTarget::perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> {
    const auto branch = merge_branch(action);
    auto known = co_await request_of(branch, deadline);
    if (!known) co_return fail(std::move(known.error()));
    if (!known->is_null()) co_return receipt_of(*known);
    auto base = config_.base;
    if (base.empty()) {
        auto project = co_await gitlab_.get(at(""), deadline);
        if (!project) co_return fail(std::move(project.error()));
        base = text_in(*project, {"default_branch"});
        if (base.empty()) co_return fail(Errc::unavailable, "GitLab names no default branch");
    }
    if (auto done = co_await ensure_commit(action, branch, base, deadline); !done)
        co_return fail(std::move(done.error()));
    Json wanted{{"source_branch", branch},
                {"target_branch", base},
                {"title", (config_.draft ? "Draft: " : "") + request_title(action.draft)},
                {"description", request_text(action)},
                {"remove_source_branch", true}};
    if (!config_.labels.empty()) wanted["labels"] = join(config_.labels, ",");
    auto made = co_await gitlab_.ask("POST", at("/merge_requests"), std::move(wanted), net::Repeat::unsafe, deadline);
    if (!made) co_return fail(std::move(made.error()));
    if (made->ok() && number_at(made->body, "iid") > 0) co_return receipt_of(made->body);
    if (made->ok()) co_return fail(Errc::outcome_unknown, "GitLab's answer names no merge request");
    if (made->status != 409) co_return fail(gitlab_.refusal(*made, net::Repeat::unsafe));
    auto there = co_await request_of(branch, deadline); // somebody was first: another try of ours
    if (!there) co_return fail(std::move(there.error()));
    if (!there->is_null()) co_return receipt_of(*there);
    co_return fail(Errc::unavailable, "GitLab says that the merge request exists and doesn't show it yet");
}

auto GitlabTarget::ensure_commit(Action action, std::string branch, std::string base, Deadline deadline)
    -> Task<Result<void>> {
    if (branch == base) co_return fail(Errc::invalid_argument, "the branch of a draft can't be the base branch");
    auto ours = co_await gitlab_.look(at("/repository/branches/" + percent_encode(branch)), deadline);
    if (!ours) co_return fail(std::move(ours.error()));
    if (!ours->is_null()) co_return Result<void>{}; // its commit came with it
    Json actions = Json::array();
    for (const auto& file : policy_files(action.draft, config_.path)) {
        auto known = co_await gitlab_.look(
            at(fmt::format("/repository/files/{}?ref={}", percent_encode(file.path), percent_encode(base))), deadline);
        if (!known) co_return fail(std::move(known.error()));
        actions.push_back(
            {{"action", known->is_null() ? "create" : "update"}, {"file_path", file.path}, {"content", file.content}});
    }
    auto made = co_await gitlab_.ask("POST", at("/repository/commits"),
                                     {{"branch", branch},
                                      {"start_branch", base},
                                      {"commit_message", request_title(action.draft)},
                                      {"actions", std::move(actions)}},
                                     net::Repeat::unsafe, deadline);
    if (!made) co_return fail(std::move(made.error()));
    if (made->ok() || made->words.find("already exists") != std::string::npos) {
        if (made->ok()) co_return Result<void>{};
        auto meanwhile = co_await gitlab_.look(at("/repository/branches/" + percent_encode(branch)), deadline);
        if (!meanwhile) co_return fail(std::move(meanwhile.error()));
        if (!meanwhile->is_null()) co_return Result<void>{};
    }
    co_return fail(gitlab_.refusal(*made, net::Repeat::unsafe));
}

auto GitlabTarget::check(Deadline deadline) -> Task<net::ConnectCheck> {
    constexpr long long developer = 30; // access level that may push and open merge requests
    auto project = co_await gitlab_.get(at(""), deadline);
    if (!project) {
        auto failed = net::failed_check({}, gitlab_.base(), project.error());
        if (project.error().code == Errc::not_found) failed.verdict = net::ConnectCheck::Verdict::permission;
        co_return failed;
    }
    net::ConnectCheck check{.what = {}, .url = gitlab_.base(), .missing = {}, .detail = {}};
    check.detail = fmt::format("project {}, base {}", config_.repository,
                               config_.base.empty() ? text_in(*project, {"default_branch"}) : config_.base);
    const auto rights = project->is_object() && project->contains("permissions") ? (*project)["permissions"] : Json{};
    if (!rights.is_object()) co_return check;
    long long level = 0;
    for (const auto* access : {"project_access", "group_access"})
        if (rights.contains(access)) level = std::max(level, number_at(rights[access], "access_level"));
    if (level < developer) {
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.missing.emplace_back("Developer");
    }
    co_return check;
}

} // namespace dossier::ticket
