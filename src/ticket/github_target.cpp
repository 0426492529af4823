#include "github_target.hpp"

#include "tracker_client.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr int unprocessable = 422;

auto github_headers(const PolicyTargetConfig& config) -> net::Headers {
    return {{"Authorization", "Bearer " + config.token.reveal()},
            {"Accept", "application/vnd.github+json"},
            {"X-GitHub-Api-Version", "2022-11-28"}};
}

auto encoded_path(std::string_view path) -> std::string {
    std::vector<std::string> parts;
    for (const auto part : split(path, '/')) parts.push_back(percent_encode(part));
    return join(parts, "/");
}

auto branch_of(const Action& action) -> std::string { return "policy/" + action.key; }

} // namespace

GithubTarget::GithubTarget(PolicyTargetConfig config, net::HttpClient& client, Metrics& metrics)
    : config_(std::move(config)), github_(config_, github_headers(config_), client, metrics) {}

auto GithubTarget::at(std::string_view rest) const -> std::string {
    return fmt::format("/repos/{}{}", config_.repository, rest);
}

/// The pull request of our branch, open or not; null = there is none.
auto GithubTarget::request_of(std::string branch, Deadline deadline) -> Task<Result<Json>> {
    const auto owner = config_.repository.substr(0, config_.repository.find('/'));
    auto listed = co_await github_.get(
        at(fmt::format("/pulls?state=all&per_page=100&head={}", percent_encode(owner + ":" + branch))), deadline);
    if (!listed) co_return fail(std::move(listed.error()));
    if (!listed->is_array()) co_return fail(Errc::unavailable, "GitHub's list of pull requests is no list");
    // A filter that was not understood lists every pull request: only our own branch counts.
    for (auto& one : *listed)
        if (text_in(one, {"head", "ref"}) == branch && number_at(one, "number") > 0) co_return std::move(one);
    co_return Json{};
}

auto GithubTarget::is_dressed(const Json& request) const -> bool {
    return std::ranges::all_of(config_.labels, [&](const std::string& label) {
        return std::ranges::any_of(array_in(request, "labels"),
                                   [&](const Json& one) { return one.is_object() && text_at(one, "name") == label; });
    });
}

auto GithubTarget::receipt_of(const Json& request, std::string detail) const -> ActionReceipt {
    return {.id = fmt::format("{}#{}", config_.repository, number_at(request, "number")),
            .url = address_at(request, "html_url"),
            .detail = std::move(detail)};
}

auto GithubTarget::find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> {
    auto request = co_await request_of(branch_of(action), deadline);
    if (!request) co_return fail(std::move(request.error()));
    if (request->is_null() || !is_dressed(*request)) co_return std::optional<ActionReceipt>{};
    co_return receipt_of(*request, {});
}

auto GithubTarget::perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> {
    const auto branch = branch_of(action);
    auto known = co_await request_of(branch, deadline);
    if (!known) co_return fail(std::move(known.error()));
    auto request = std::move(*known);
    if (request.is_null()) {
        auto base = config_.base;
        if (base.empty()) {
            auto repository = co_await github_.get(at(""), deadline);
            if (!repository) co_return fail(std::move(repository.error()));
            base = repository->is_object() ? text_at(*repository, "default_branch") : "";
            if (base.empty()) co_return fail(Errc::unavailable, "GitHub names no default branch");
        }
        if (auto ready = co_await ensure_branch(branch, base, deadline); !ready)
            co_return fail(std::move(ready.error()));
        for (auto& file : policy_files(action.draft, config_.path)) {
            auto there = co_await ensure_file(branch, std::move(file), request_title(action.draft), deadline);
            if (!there) co_return fail(std::move(there.error()));
        }
        auto opened = co_await open(action, base, deadline);
        if (!opened) co_return fail(std::move(opened.error()));
        request = std::move(*opened);
    }
    auto detail = co_await dress(request, deadline);
    if (!detail) co_return fail(std::move(detail.error()));
    co_return receipt_of(request, std::move(*detail));
}

auto GithubTarget::ensure_branch(std::string branch, std::string base, Deadline deadline) -> Task<Result<void>> {
    if (branch == base) co_return fail(Errc::invalid_argument, "the branch of a draft can't be the base branch");
    auto ours = co_await github_.look(at("/git/ref/heads/" + encoded_path(branch)), deadline);
    if (!ours) co_return fail(std::move(ours.error()));
    if (!ours->is_null()) co_return Result<void>{};
    auto from = co_await github_.get(at("/git/ref/heads/" + encoded_path(base)), deadline);
    if (!from) co_return fail(std::move(from.error()));
    const auto sha = text_in(*from, {"object", "sha"});
    if (sha.empty()) co_return fail(Errc::unavailable, "GitHub names no commit of the branch " + base);
    auto made = co_await github_.ask("POST", at("/git/refs"), {{"ref", "refs/heads/" + branch}, {"sha", sha}},
                                     net::Repeat::unsafe, deadline);
    if (!made) co_return fail(std::move(made.error()));
    if (made->ok()) co_return Result<void>{};
    if (made->status == unprocessable && made->words.find("already exists") != std::string::npos)
        co_return Result<void>{};
    co_return fail(github_.refusal(*made, net::Repeat::unsafe));
}

auto GithubTarget::ensure_file(std::string branch, PolicyFile file, std::string message, Deadline deadline)
    -> Task<Result<void>> {
    const auto place = at("/contents/" + encoded_path(file.path));
    auto known = co_await github_.look(place + "?ref=" + percent_encode(branch), deadline);
    if (!known) co_return fail(std::move(known.error()));
    Json wanted{{"message", message}, {"content", base64_encode(file.content)}, {"branch", branch}};
    if (known->is_array()) co_return fail(Errc::conflict, "a folder stands where " + file.path + " should be");
    if (known->is_object()) {
        auto content = text_at(*known, "content");
        std::erase_if(content, [](char c) { return c == '\n' || c == '\r'; });
        const auto bytes = base64_decode(content);
        if (bytes && *bytes == file.content) co_return Result<void>{};
        wanted["sha"] = text_at(*known, "sha");
    }
    auto put = co_await github_.ask("PUT", place, std::move(wanted), net::Repeat::unsafe, deadline);
    if (!put) co_return fail(std::move(put.error()));
    if (put->ok()) co_return Result<void>{};
    auto error = github_.refusal(*put, net::Repeat::unsafe);
    // Two commits that met: the next try looks again.
    if (put->status == 409) error.code = Errc::unavailable;
    co_return fail(std::move(error));
}

auto GithubTarget::open(Action action, std::string base, Deadline deadline) -> Task<Result<Json>> {
    const auto branch = branch_of(action);
    Json wanted{{"title", request_title(action.draft)},
                {"head", branch},
                {"base", base},
                {"body", request_text(action)},
                {"draft", config_.draft}};
    auto made = co_await github_.ask("POST", at("/pulls"), wanted, net::Repeat::unsafe, deadline);
    if (made && made->status == unprocessable && config_.draft &&
        lower(made->words).find("draft pull requests are not supported") != std::string::npos) {
        wanted["draft"] = false; // the plan of this repository has none
        made = co_await github_.ask("POST", at("/pulls"), wanted, net::Repeat::unsafe, deadline);
    }
    if (!made) co_return fail(std::move(made.error()));
    if (made->ok() && number_at(made->body, "number") > 0) co_return std::move(made->body);
    if (made->ok()) co_return fail(Errc::outcome_unknown, "GitHub's answer names no pull request");
    if (made->status == unprocessable && made->words.find("already exists") != std::string::npos) {
        auto known = co_await request_of(branch, deadline);
        if (!known) co_return fail(std::move(known.error()));
        if (!known->is_null()) co_return std::move(*known);
        co_return fail(Errc::unavailable, "GitHub says that the pull request exists and doesn't show it yet");
    }
    co_return fail(github_.refusal(*made, net::Repeat::unsafe));
}

/// Labels and reviewers. A pull request stands without them: what is refused is said and not held against it.
auto GithubTarget::dress(Json request, Deadline deadline) -> Task<Result<std::string>> {
    const auto number = number_at(request, "number");
    std::string detail;
    if (!is_dressed(request)) {
        auto done = co_await github_.ask("POST", at(fmt::format("/issues/{}/labels", number)),
                                         {{"labels", config_.labels}}, net::Repeat::safe, deadline);
        if (!done) co_return fail(std::move(done.error()));
        if (!done->ok()) detail += "Labels were refused: " + github_.refusal(*done, net::Repeat::safe).message + ". ";
    }
    if (!config_.reviewers.empty() && array_in(request, "requested_reviewers").empty()) {
        auto done = co_await github_.ask("POST", at(fmt::format("/pulls/{}/requested_reviewers", number)),
                                         {{"reviewers", config_.reviewers}}, net::Repeat::safe, deadline);
        if (!done) co_return fail(std::move(done.error()));
        if (!done->ok()) detail += "Reviewers were refused: " + github_.refusal(*done, net::Repeat::safe).message + ".";
    }
    co_return std::string(trim(detail));
}

auto GithubTarget::check(Deadline deadline) -> Task<net::ConnectCheck> {
    auto repository = co_await github_.get(at(""), deadline);
    if (!repository) {
        auto failed = net::failed_check({}, github_.base(), repository.error());
        // GitHub answers 404 for what the token may not see.
        if (repository.error().code == Errc::not_found) failed.verdict = net::ConnectCheck::Verdict::permission;
        co_return failed;
    }
    net::ConnectCheck check{.what = {}, .url = github_.base(), .missing = {}, .detail = {}};
    check.detail = fmt::format("repository {}, base {}", config_.repository,
                               config_.base.empty() ? text_in(*repository, {"default_branch"}) : config_.base);
    if (repository->is_object() && repository->contains("permissions")) {
        const auto& rights = (*repository)["permissions"];
        const auto push = rights.is_object() ? rights.find("push") : rights.end();
        if (rights.is_object() && (push == rights.end() || *push != true)) {
            check.verdict = net::ConnectCheck::Verdict::permission;
            check.missing.emplace_back("push (contents: write, pull requests: write)");
        }
    }
    co_return check;
}

} // namespace dossier::ticket
