// Wiz (VENDORS §1.3–1.6; Wiz's GraphQL schema as public clients carry it): what the platform interface asks, put
// together from the parts beside this file.

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "platform_apis.hpp"
#include "remarks.hpp"
#include "tag_endpoint.hpp"
#include "wiz_backlog.hpp"
#include "wiz_changes.hpp"
#include "wiz_check.hpp"
#include "wiz_graph.hpp"
#include "wiz_insight.hpp"
#include "wiz_operations.hpp"
#include "wiz_writes.hpp"

#include <fmt/format.h>

namespace dossier::ingest {
namespace {

/// An error that only says that the id is of something else.
auto is_other_kind(const Error& error) -> bool {
    return error.code == Errc::not_found || error.code == Errc::rejected || error.code == Errc::forbidden;
}

class WizApi final : public PlatformApi {
public:
    WizApi(const SourceConfig& source, net::HttpClient& client, Metrics& metrics)
        : console_(source.console_url), client_(source, client, metrics), changes_(client_) {}

    [[nodiscard]] auto source() const -> const std::string& override { return client_.source(); }
    [[nodiscard]] auto capabilities() const -> Capabilities override {
        return {.fetch = true,
                .changes = true,
                .graph = true,
                .backlog = true,
                .access_log = true,
                .policies = true,
                .comment = true,
                .tags = true,
                .status = true,
                .ticket_link = true,
                .remarks = true};
    }

    auto fetch(std::string source_id, Deadline deadline) -> Task<Result<ApiItem>> override;
    auto remarks(std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>> override {
        auto item = co_await fetch(std::move(source_id), deadline);
        if (!item) co_return fail(std::move(item.error()));
        const auto issue = JsonDocument::parse(item->raw);
        if (!issue) co_return fail(issue.error());
        co_return wiz_remarks(issue->root());
    }
    auto changes(std::string cursor, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>> override {
        return changes_.next(std::move(cursor), since, deadline);
    }
    auto neighbours(Finding finding, GraphLimits limits, Deadline deadline)
        -> Task<Result<std::optional<BlastRadius>>> override;
    auto insight(Finding finding, Deadline deadline) -> Task<Result<ResourceInsight>> override;
    auto backlog(std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> override {
        return wiz_backlog(client_, std::move(cursor), console_, deadline);
    }
    auto classification_policies(Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        return wiz_classification_policies(client_, deadline);
    }
    auto comment(std::string source_id, std::string text, std::string key, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        return wiz_comment(client_, std::move(source_id), std::move(text), std::move(key), deadline);
    }
    auto link_ticket(std::string source_id, TicketRef ticket, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        return wiz_link_ticket(client_, std::move(source_id), std::move(ticket), deadline);
    }
    auto set_status(std::string source_id, Status status, std::string note, Deadline deadline)
        -> Task<Result<WriteReceipt>> override {
        return wiz_set_status(client_, std::move(source_id), status, std::move(note), deadline);
    }
    auto tag(std::string source_id, Resource resource, Classification classification, std::string key,
             Deadline deadline) -> Task<Result<WriteReceipt>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override { return wiz_check(client_, deadline); }

private:
    /// One thing under a root field that takes `id` or `filterBy.id`; nullopt where Wiz has none of that kind.
    auto fetch_as(WizOperation operation, std::string id, bool by_filter, Deadline deadline)
        -> Task<Result<std::optional<ApiItem>>>;
    /// Where the graph's walk begins: the entity of the finding's resource, of a data finding the store that holds it.
    auto start_of(Finding finding, Deadline deadline) -> Task<Result<std::optional<WizEntity>>>;

    std::string console_;
    WizClient client_;
    WizChanges changes_;
};

auto WizApi::fetch_as(WizOperation operation, std::string id, bool by_filter, Deadline deadline)
    -> Task<Result<std::optional<ApiItem>>> {
    Json variables = Json::object();
    if (by_filter) {
        variables["filterBy"]["id"] = Json::array({id});
        variables["first"] = 2;
    } else {
        variables["id"] = id;
    }
    const auto answer = co_await client_.ask(std::move(operation), std::move(variables), deadline);
    if (!answer) {
        if (is_other_kind(answer.error())) co_return std::nullopt;
        co_return fail(answer.error());
    }
    auto nodes = by_filter ? answer->nodes() : std::vector<JsonView>{answer->root()};
    // A server that doesn't know the filter answers with whatever it has.
    std::erase_if(nodes, [&](const auto& node) { return first_text({node["id"]}) != id; });
    if (nodes.empty()) co_return std::nullopt;
    nodes.resize(1);
    auto items = co_await wiz_issue_items(client_, nodes, deadline);
    if (items.empty()) co_return std::nullopt;
    co_return std::move(items.front());
}

auto WizApi::fetch(std::string source_id, Deadline deadline) -> Task<Result<ApiItem>> {
    if (source_id.empty()) co_return fail(Errc::invalid_argument, "nothing can be fetched without an id");
    struct Kind {
        WizOperation operation;
        bool by_filter;
    };
    // The likely kinds first; a finding of a kind that this service account may not read is as good as none.
    const Kind kinds[] = {{wiz::issues(), true},
                          {wiz::issue(), false},
                          {wiz::configuration_findings(), true},
                          {wiz::data_finding(), false},
                          {wiz::vulnerability_findings(), true},
                          {wiz::detection(), false}};
    for (const auto& kind : kinds) {
        auto item = co_await fetch_as(kind.operation, source_id, kind.by_filter, deadline);
        if (!item) co_return fail(std::move(item.error()));
        if (*item) co_return std::move(**item);
    }
    co_return fail(Errc::not_found, fmt::format("Wiz has no finding {}", shorten(source_id, 80)));
}

auto WizApi::start_of(Finding finding, Deadline deadline) -> Task<Result<std::optional<WizEntity>>> {
    std::string id;
    std::string type;
    if (!finding.source_id.empty()) {
        Json variables{{"filterBy", {{"id", Json::array({finding.source_id})}}}, {"first", 2}};
        const auto marks = co_await client_.ask(wiz::issue_marks(), std::move(variables), deadline);
        if (!marks && !is_other_kind(marks.error())) co_return fail(marks.error());
        if (marks) {
            for (const auto& node : marks->nodes()) {
                if (first_text({node["id"]}) != finding.source_id) continue;
                id = first_text({node.at("/entitySnapshot/id")});
                type = first_text({node.at("/entitySnapshot/type")});
            }
        }
    }
    if (iequals(type, "DATA_FINDING")) {
        auto stores = co_await wiz_stores_of(client_, {id}, deadline);
        if (!stores) co_return fail(std::move(stores.error()));
        if (!stores->empty()) co_return std::move(stores->front().second);
    } else if (!id.empty()) {
        auto found = co_await wiz_entity(client_, id, type, deadline);
        if (!found || *found) co_return found;
    }
    co_return co_await wiz_entity_of(client_, finding.resource, deadline);
}

auto WizApi::neighbours(Finding finding, GraphLimits limits, Deadline deadline)
    -> Task<Result<std::optional<BlastRadius>>> {
    auto start = co_await start_of(std::move(finding), deadline);
    if (!start) co_return fail(std::move(start.error()));
    if (!*start) co_return std::nullopt;
    auto radius = co_await wiz_blast_radius(client_, std::move(**start), limits, deadline);
    if (!radius) co_return fail(std::move(radius.error()));
    co_return std::move(*radius);
}

auto WizApi::insight(Finding finding, Deadline deadline) -> Task<Result<ResourceInsight>> {
    auto start = co_await start_of(std::move(finding), deadline);
    if (!start) co_return fail(std::move(start.error()));
    if (!*start) co_return ResourceInsight{};
    co_return co_await wiz_insight(client_, std::move(**start), deadline);
}

auto WizApi::tag(std::string source_id, Resource resource, Classification classification, std::string key,
                 Deadline deadline) -> Task<Result<WriteReceipt>> {
    if (!client_.api().write_back.tag_endpoint.url.empty()) {
        co_return co_await write_tags(client_.upstream(), client_.tokens(), net::apply_bearer, client_.api(),
                                      std::move(resource), std::move(source_id), std::move(classification),
                                      std::move(key), deadline);
    }
    auto note = wiz_classification_note(resource, classification, key);
    co_return co_await wiz_comment(client_, std::move(source_id), std::move(note), std::move(key), deadline);
}

} // namespace

auto make_wiz_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi> {
    return std::make_shared<WizApi>(config, client, metrics);
}

} // namespace dossier::ingest
