// Prisma Cloud's API (VENDORS §2.3 and pan.dev) behind PlatformApi. There is no comment without a dismissal and no tag
// on a resource: a comment is not offered, and tags go by `write_back.tag_endpoint` only.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "platform_apis.hpp"
#include "prisma_alerts.hpp"
#include "prisma_assets.hpp"
#include "prisma_data.hpp"
#include "prisma_session.hpp"
#include "remarks.hpp"
#include "rest_client.hpp"
#include "tag_endpoint.hpp"

#include <fmt/format.h>

#include <utility>

namespace dossier::ingest {
namespace {

auto rest_options(const SourceConfig& config) -> RestOptions {
    return {.name = config.name,
            .base = base_url(config.api->url),
            .rate = config.api->rate,
            .max_in_flight = config.api->max_in_flight,
            .timeout = config.api->timeout,
            .words = prisma_words,
            .apply = apply_redlock};
}

auto login_upstream(const SourceConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = config.name + "-login";
    upstream.max_in_flight = 1;
    upstream.timeout = config.api->timeout;
    return upstream;
}

class PrismaApi final : public PlatformApi {
public:
    PrismaApi(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config),
          login_(client, metrics, login_upstream(config)),
          client_(rest_options(config), client, metrics, prisma_sign_in(login_, *config.api)) {}

    auto source() const -> const std::string& override { return config_.name; }

    auto capabilities() const -> Capabilities override {
        return {.fetch = true,
                .changes = true,
                .graph = true,
                .backlog = true,
                .access_log = true,
                .policies = true,
                .comment = false,
                .tags = has_tag_endpoint(),
                .status = true,
                .ticket_link = false,
                .remarks = true};
    }

    auto fetch(std::string source_id, Deadline deadline) -> Task<Result<ApiItem>> override {
        auto alert = co_await prisma_alert(client_, std::move(source_id), deadline);
        if (!alert) co_return fail(std::move(alert.error()));
        co_return prisma_item(alert->root());
    }

    auto remarks(std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>> override {
        auto alert = co_await prisma_alert(client_, std::move(source_id), deadline);
        if (!alert) co_return fail(std::move(alert.error()));
        co_return prisma_remarks(alert->root());
    }

    auto changes(std::string cursor, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>> override {
        co_return co_await prisma_changes(client_, std::move(cursor), since, deadline);
    }

    auto neighbours(Finding finding, GraphLimits limits, Deadline deadline)
        -> Task<Result<std::optional<BlastRadius>>> override {
        co_return co_await prisma_neighbours(client_, std::move(finding), limits, config_.name, deadline);
    }

    auto insight(Finding finding, Deadline deadline) -> Task<Result<ResourceInsight>> override {
        co_return co_await prisma_insight(client_, std::move(finding), config_.name, deadline);
    }

    auto backlog(std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> override {
        co_return co_await prisma_backlog(client_, std::move(cursor), deadline);
    }

    auto classification_policies(Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        co_return co_await prisma_policies(client_, config_.name, deadline);
    }

    auto comment(std::string, std::string, std::string, Deadline) -> Task<Result<WriteReceipt>> override {
        co_return fail(Errc::invalid_argument, "Prisma Cloud takes a note only together with a dismissal");
    }

    auto link_ticket(std::string, TicketRef, Deadline) -> Task<Result<WriteReceipt>> override {
        co_return fail(Errc::invalid_argument, "Prisma Cloud keeps no links to tickets of others");
    }

    auto set_status(std::string source_id, Status status, std::string note, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        co_return co_await prisma_set_status(client_, std::move(source_id), status, std::move(note), deadline);
    }

    auto tag(std::string source_id, Resource resource, Classification classification, std::string key,
             Deadline deadline) -> Task<Result<WriteReceipt>> override {
        if (!has_tag_endpoint())
            co_return fail(Errc::invalid_argument,
                           "Prisma Cloud lets no client tag a resource; set `write_back.tag_endpoint`");
        co_return co_await write_tags(client_.upstream(), client_.tokens(), client_.apply(), *config_.api,
                                      std::move(resource), std::move(source_id), std::move(classification),
                                      std::move(key), deadline);
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    [[nodiscard]] auto has_tag_endpoint() const -> bool { return !config_.api->write_back.tag_endpoint.url.empty(); }

    SourceConfig config_;
    net::Upstream login_;
    RestClient client_;
};

/// A read that needs a right, in the words of Prisma Cloud's permission groups.
struct Right {
    const char* name;
    const char* method;
    const char* path;
    std::string body;
};

auto rights_of(const ApiConfig& api) -> std::vector<Right> {
    const Json alerts = {{"detailed", false},
                         {"filters", Json::array()},
                         {"timeRange", {{"type", "relative"}, {"value", {{"amount", 1}, {"unit", "hour"}}}}},
                         {"limit", 1}};
    std::vector<Right> rights{{"Alerts: Overview (view)", "POST", "/v2/alert?detailed=false", dump_json(alerts)}};
    if (api.blast_radius)
        rights.push_back(
            {"Investigate: IAM (view)", "POST", "/api/v1/permission",
             dump_json({{"query", "config from iam where dest.cloud.resource.name = 'dossier-check'"}, {"limit", 1}})});
    if (api.backlog)
        rights.push_back({"Data Security: Inventory (view)", "GET", "/dlp/api/v1/resource-inventory/resources", ""});
    return rights;
}

auto PrismaApi::check(Deadline deadline) -> Task<net::ConnectCheck> {
    const auto what = fmt::format("sources[{}].api", config_.name);
    auto signed_in = co_await client_.sign_in(deadline);
    if (!signed_in)
        co_return net::failed_check(what,
                                    base_url(config_.api->auth_url.empty() ? config_.api->url : config_.api->auth_url),
                                    signed_in.error());
    net::ConnectCheck check{.what = what, .url = client_.base(), .verdict = net::ConnectCheck::Verdict::ok};
    for (auto& right : rights_of(*config_.api)) {
        auto answer = co_await client_.ask(right.method, right.path, std::move(right.body), deadline);
        if (answer) continue;
        // A module that the tenant lacks answers as if its path were none.
        const auto code = answer.error().code;
        const bool is_lacking = code == Errc::forbidden || code == Errc::not_found;
        if (!is_lacking) co_return net::failed_check(what, client_.base(), answer.error());
        check.missing.emplace_back(right.name);
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.detail = answer.error().message;
    }
    if (check.missing.empty()) check.detail = "signed in with an access key";
    co_return check;
}

} // namespace

auto make_prisma_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi> {
    return std::make_shared<PrismaApi>(config, client, metrics);
}

} // namespace dossier::ingest
