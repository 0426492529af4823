#pragma once
// A policy draft as a pull request on GitHub (REST, API version 2022-11-28; also GitHub Enterprise Server). The branch
// is named after the action and nothing else, begins at the base branch and gets one commit a file. Every step looks
// before it adds; no branch is ever forced, none but our own is written to, and nothing is merged.

#include "forge_client.hpp"
#include "policy_files.hpp"

namespace dossier::ticket {

class GithubTarget final : public ActionTarget {
public:
    GithubTarget(PolicyTargetConfig config, net::HttpClient& client, Metrics& metrics);

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view override { return "policy"; }
    auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> override;
    auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    [[nodiscard]] auto at(std::string_view rest) const -> std::string;
    auto request_of(std::string branch, Deadline deadline) -> Task<Result<Json>>;
    auto ensure_branch(std::string branch, std::string base, Deadline deadline) -> Task<Result<void>>;
    auto ensure_file(std::string branch, PolicyFile file, std::string message, Deadline deadline) -> Task<Result<void>>;
    auto open(Action action, std::string base, Deadline deadline) -> Task<Result<Json>>;
    auto dress(Json request, Deadline deadline) -> Task<Result<std::string>>;
    [[nodiscard]] auto receipt_of(const Json& request, std::string detail) const -> ActionReceipt;
    [[nodiscard]] auto is_dressed(const Json& request) const -> bool;

    PolicyTargetConfig config_;
    ForgeClient github_;
};

} // namespace dossier::ticket
