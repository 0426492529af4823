#include "github_target.hpp"
#include "gitlab_target.hpp"
#include "local_targets.hpp"
#include "tracker_client.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace dossier::ticket {
namespace {

auto message_of(const Action& action, const std::string& folder) -> std::string {
    const auto& draft = action.draft;
    Json files = Json::array();
    for (const auto& file : policy_files(draft, folder))
        files.push_back({{"path", file.path}, {"content", file.content}});
    Json links = Json::array();
    for (const auto& link : draft.links) links.push_back({{"title", link.title}, {"url", link.url}});
    return dump_json({{"event", "policy.approved"},
                      {"key", action.key},
                      {"draft",
                       {{"id", draft.id},
                        {"dossier_id", draft.dossier_id},
                        {"finding_ids", draft.finding_ids},
                        {"title", draft.title},
                        {"body", draft.body},
                        {"content_hash", draft.approved_hash},
                        {"approved_by", draft.decided_by},
                        {"approved_at", draft.decided_at ? Json(format_time(*draft.decided_at)) : Json(nullptr)}}},
                      {"evidence", std::move(links)},
                      {"files", std::move(files)}});
}

} // namespace

WebhookTarget::WebhookTarget(PolicyTargetConfig config, net::HttpClient& client, const Clock& clock, Metrics& metrics)
    : config_(std::move(config)), client_(config_, {}, client, metrics), clock_(clock) {}

auto WebhookTarget::find(Action /*action*/, Deadline /*deadline*/) -> Task<Result<std::optional<ActionReceipt>>> {
    co_return std::optional<ActionReceipt>{}; // the key tells the receiver
}

auto WebhookTarget::perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> {
    auto body = message_of(action, config_.path);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
    const auto stamp = std::to_string(seconds);
    const auto mac = hmac(HashAlgorithm::sha256, config_.secret.reveal(), stamp + "." + body);
    net::Headers headers{{"Content-Type", "application/json"},
                         {"X-Dossier-Timestamp", stamp},
                         {"X-Dossier-Signature", "sha256=" + to_hex(mac)},
                         {"Idempotency-Key", action.key}};
    auto answer = co_await client_.deliver(std::move(headers), std::move(body), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    auto id = answer->is_object() ? tracker_words(text_at(*answer, "id")) : std::string();
    co_return ActionReceipt{
        .id = id.empty() ? action.key : shorten(id, 200), .url = address_at(*answer, "url"), .detail = {}};
}

auto WebhookTarget::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> {
    co_return net::ConnectCheck{.what = {},
                                .url = client_.base(),
                                .verdict = net::ConnectCheck::Verdict::skipped,
                                .missing = {},
                                .detail = "nothing can be read there; the first message shows"};
}

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
