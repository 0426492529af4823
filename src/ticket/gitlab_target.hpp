#pragma once
// A policy draft as a merge request on GitLab (REST v4). One commit makes our branch and all of its files at once
// (`start_branch`), so that there is no half of it; no branch but our own is written to, and nothing is merged.

#include "forge_client.hpp"
#include "policy_files.hpp"

namespace dossier::ticket {

class GitlabTarget final : public ActionTarget {
public:
    GitlabTarget(PolicyTargetConfig config, net::HttpClient& client, Metrics& metrics);

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view override { return "policy"; }
    auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> override;
    auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    [[nodiscard]] auto at(std::string_view rest) const -> std::string;
    auto request_of(std::string branch, Deadline deadline) -> Task<Result<Json>>;
    auto ensure_commit(Action action, std::string branch, std::string base, Deadline deadline) -> Task<Result<void>>;
    [[nodiscard]] auto receipt_of(const Json& request) const -> ActionReceipt;

    PolicyTargetConfig config_;
    ForgeClient gitlab_;
};

} // namespace dossier::ticket
