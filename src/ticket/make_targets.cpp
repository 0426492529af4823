#include "github_target.hpp"
#include "gitlab_target.hpp"
#include "local_targets.hpp"

#include <memory>
#include <stdexcept>

namespace dossier::ticket {

auto make_targets(const ActionConfig& config, net::HttpClient& client, const Clock& clock, Metrics& metrics)
    -> Actions::Targets {
    Actions::Targets targets;
    for (const auto& one : config.policies) {
        std::shared_ptr<ActionTarget> target;
        if (one.kind == "github")
            target = std::make_shared<GithubTarget>(one, client, metrics);
        else if (one.kind == "gitlab")
            target = std::make_shared<GitlabTarget>(one, client, metrics);
        else if (one.kind == "file")
            target = std::make_shared<FileTarget>(one);
        else if (one.kind == "webhook")
            target = std::make_shared<WebhookTarget>(one, client, clock, metrics);
        else
            throw std::invalid_argument("'" + one.kind + "' is no kind of target");
        targets.emplace(one.name, std::move(target));
    }
    return targets;
}

} // namespace dossier::ticket
