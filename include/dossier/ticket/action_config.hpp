#pragma once
// Section `actions`: where approved drafts may go besides trackers and platforms.

#include "dossier/base/config.hpp"
#include "dossier/ticket/action.hpp"

#include <string>
#include <vector>

namespace dossier::ticket {

/// A place for approved drafts of policies.
struct PolicyTargetConfig {
    std::string name;
    std::string kind;       ///< github | gitlab | file | webhook
    std::string url;        ///< of the API (GitHub Enterprise: https://host/api/v3), or of the webhook
    Secret token;           ///< github, gitlab
    std::string repository; ///< github: owner/name; gitlab: group/…/project
    std::string base;       ///< branch that is asked to take it; "" = the repository's default branch
    /// Folder of the files. `{{placeholders}}` are facts of the finding, made harmless, or `policy.id` and `draft.id`.
    std::string path;
    std::vector<std::string> labels;
    std::vector<std::string> reviewers; ///< github: logins
    bool draft = true;                  ///< the request is opened as a draft
    std::string directory;              ///< file: has to exist
    Secret secret;                      ///< webhook: signs `<timestamp>.<body>`
    Duration timeout{15'000};
};

struct ActionConfig {
    std::vector<PolicyTargetConfig> policies;
};

[[nodiscard]] auto read_actions(config::Section section) -> ActionConfig;
[[nodiscard]] auto make_targets(const ActionConfig& config, net::HttpClient& client, const Clock& clock,
                                Metrics& metrics) -> Actions::Targets;

} // namespace dossier::ticket
