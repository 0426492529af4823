// Orca's API (VENDORS §3.3) behind PlatformApi: a token that lives for long, REST for alerts, the serving layer for all
// that is asked by content.

#include "dossier/base/json.hpp"

#include "adapters.hpp"
#include "orca_alerts.hpp"
#include "orca_assets.hpp"
#include "orca_data.hpp"
#include "orca_delivery.hpp"
#include "orca_query.hpp"
#include "orca_tags.hpp"
#include "platform_apis.hpp"
#include "rest_client.hpp"
#include "tag_endpoint.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::chrono::minutes automations_stay{10};

void apply_orca_token(net::ClientRequest& request, const Secret& token) {
    request.headers.set("Authorization", "Token " + token.reveal());
}

auto rest_options(const SourceConfig& config) -> RestOptions {
    // Users copy the base with or without its "/api".
    auto base = base_url(config.api->url);
    if (base.ends_with("/api")) base.resize(base.size() - 4);
    return {.name = config.name,
            .base = std::move(base),
            .rate = config.api->rate,
            .max_in_flight = config.api->max_in_flight,
            .timeout = config.api->timeout,
            .words = orca_words,
            .apply = apply_orca_token,
            .is_final = says_does_not_exist};
}

auto hand_out(Secret token) -> Task<Result<net::AccessToken>> {
    co_return net::AccessToken{.value = std::move(token),
                               .expires_at = std::chrono::steady_clock::now() + std::chrono::hours{24}};
}

auto configured_token(const ApiConfig& api) -> net::TokenSource::Fetch {
    return [token = api.token](std::optional<Secret>, Deadline) { return hand_out(token); };
}

class OrcaApi final : public PlatformApi {
public:
    OrcaApi(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config),
          adapter_(make_orca_adapter(config)),
          client_(rest_options(config), client, metrics, configured_token(*config.api)) {}

    auto source() const -> const std::string& override { return config_.name; }

    auto capabilities() const -> Capabilities override {
        return {.fetch = true,
                .changes = true,
                .graph = true,
                .backlog = true,
                .access_log = false,
                .policies = true,
                .comment = true,
                .tags = true,
                .status = true,
                .ticket_link = false,
                .remarks = true};
    }

    auto fetch(std::string source_id, Deadline deadline) -> Task<Result<ApiItem>> override {
        auto alert = co_await orca_alert(client_, std::move(source_id), deadline);
        if (!alert) co_return fail(std::move(alert.error()));
        co_return orca_item(alert->view(), *adapter_);
    }

    auto remarks(std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>> override {
        return orca_remarks(client_, std::move(source_id), deadline);
    }

    auto changes(std::string cursor, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>> override {
        auto page = co_await orca_changes(client_, *adapter_, std::move(cursor), since, deadline);
        if (!page) co_return fail(std::move(page.error()));
        if (!page->changes.items.empty()) {
            // Reading automations may be forbidden; then nothing is said of deliveries.
            if (const auto automations = co_await known_automations(deadline)) {
                const auto alerts = page->answer.root()["data"].elements();
                for (std::size_t i = 0; i < alerts.size() && i < page->changes.items.size(); ++i)
                    page->changes.items[i].why_not_delivered = why_orca_was_silent(*automations, alerts[i]);
            }
        }
        co_return std::move(page->changes);
    }

    auto neighbours(Finding finding, GraphLimits limits, Deadline deadline)
        -> Task<Result<std::optional<BlastRadius>>> override {
        co_return co_await orca_neighbours(client_, std::move(finding), limits, config_.name, deadline);
    }

    auto insight(Finding finding, Deadline deadline) -> Task<Result<ResourceInsight>> override {
        co_return co_await orca_insight(client_, std::move(finding), config_.name, deadline);
    }

    auto backlog(std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> override {
        co_return co_await orca_backlog(client_, std::move(cursor), deadline);
    }

    auto classification_policies(Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        co_return co_await orca_policies(client_, config_.name, deadline);
    }

    auto comment(std::string source_id, std::string text, std::string key, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        co_return co_await orca_comment(client_, std::move(source_id), std::move(text), std::move(key), deadline);
    }

    auto link_ticket(std::string, TicketRef, Deadline) -> Task<Result<WriteReceipt>> override {
        co_return fail(Errc::invalid_argument, "Orca shows links only to tickets that it made itself");
    }

    auto set_status(std::string source_id, Status status, std::string note, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        static_cast<void>(note); // a change of status carries none; comments are calls of their own
        co_return co_await orca_set_status(client_, std::move(source_id), status, deadline);
    }

    auto tag(std::string source_id, Resource resource, Classification classification, std::string key,
             Deadline deadline) -> Task<Result<WriteReceipt>> override {
        if (!config_.api->write_back.tag_endpoint.url.empty())
            co_return co_await write_tags(client_.upstream(), client_.tokens(), client_.apply(), *config_.api,
                                          std::move(resource), std::move(source_id), std::move(classification),
                                          std::move(key), deadline);
        auto asset = co_await orca_asset_id(client_, std::move(source_id), resource.id, deadline);
        if (!asset) co_return fail(std::move(asset.error()));
        co_return co_await orca_tag(client_, std::move(*asset), std::move(classification), deadline);
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    auto known_automations(Deadline deadline) -> Task<std::shared_ptr<const OrcaAutomations>> {
        {
            const std::scoped_lock lock(mutex_);
            if (std::chrono::steady_clock::now() < automations_until_) co_return automations_;
        }
        auto read = co_await orca_automations(client_, deadline);
        const std::scoped_lock lock(mutex_);
        automations_ = read ? std::move(*read) : nullptr;
        automations_until_ = std::chrono::steady_clock::now() + automations_stay;
        co_return automations_;
    }

    SourceConfig config_;
    std::unique_ptr<Adapter> adapter_;
    RestClient client_;
    std::mutex mutex_;
    std::shared_ptr<const OrcaAutomations> automations_;
    std::chrono::steady_clock::time_point automations_until_{};
};

auto OrcaApi::check(Deadline deadline) -> Task<net::ConnectCheck> {
    const auto what = fmt::format("sources[{}].api", config_.name);
    net::ConnectCheck check{.what = what, .url = client_.base(), .verdict = net::ConnectCheck::Verdict::ok};
    struct Right {
        const char* name;
        const char* model;
    };
    std::vector<Right> rights{{"Alerts: read", "Alert"}};
    if (config_.api->blast_radius || config_.api->backlog) rights.push_back({"Assets: read", "Inventory"});
    for (const auto& right : rights) {
        auto answer = co_await ask_orca(client_, dump_json(orca_query(right.model, Json::array(), 1, 0)), deadline);
        if (answer) continue;
        if (answer.error().code != Errc::forbidden) co_return net::failed_check(what, client_.base(), answer.error());
        check.missing.emplace_back(right.name);
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.detail = answer.error().message;
    }
    if (check.missing.empty()) check.detail = "the token is good";
    co_return check;
}

} // namespace

auto make_orca_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi> {
    return std::make_shared<OrcaApi>(config, client, metrics);
}

} // namespace dossier::ingest
