#include "prisma_assets.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "prisma_alerts.hpp"
#include "prisma_config.hpp"
#include "prisma_permissions.hpp"
#include "radius_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr int most_events = 100;

/// What is known of the resource before anything around it is asked for.
struct Subject {
    std::optional<JsonDocument> alert;
    std::optional<JsonDocument> resource; ///< answer of POST /resource, where the alert had no data
    std::optional<Error> error;           ///< the first one
    std::string name;
    std::string account;
    std::string cloud;
    std::string type;

    [[nodiscard]] auto data() const -> JsonView {
        if (resource) return resource->root()["data"];
        return alert ? alert->root().at("/resource/data") : JsonView();
    }
    [[nodiscard]] auto is_known() const -> bool { return alert || resource; }
};

void note(Subject& subject, Error error) {
    if (!subject.error && error.code != Errc::not_found) subject.error = std::move(error);
}

auto rrn_of(const Subject& subject, const Finding& finding) -> std::string {
    if (subject.alert) {
        auto rrn =
            first_text({subject.alert->root().at("/resource/rrn"), subject.alert->root().at("/metadata/bucketRrn")});
        if (!rrn.empty()) return rrn;
    }
    return finding.resource.id.starts_with("rrn:") ? finding.resource.id : std::string();
}

auto look_at(RestClient& client, Finding finding, Deadline deadline) -> Task<Subject> {
    Subject subject;
    if (!finding.source_id.empty()) {
        auto alert = co_await prisma_alert(client, finding.source_id, deadline);
        if (alert)
            subject.alert = std::move(*alert);
        else
            note(subject, std::move(alert.error()));
    }
    const auto rrn = rrn_of(subject, finding);
    if (!subject.data().is_object() && !rrn.empty()) {
        auto resource = co_await client.ask("POST", "/resource", dump_json({{"rrn", rrn}}), deadline);
        if (resource)
            subject.resource = std::move(*resource);
        else
            note(subject, std::move(resource.error()));
    }
    const auto own = subject.resource ? subject.resource->root()
                     : subject.alert  ? subject.alert->root()["resource"]
                                      : JsonView();
    const auto metadata = subject.alert ? subject.alert->root()["metadata"] : JsonView();
    subject.name = first_text({metadata["bucketName"], own["name"]});
    if (subject.name.empty()) subject.name = finding.resource.name;
    subject.account = first_text({own["accountId"]});
    if (subject.account.empty()) subject.account = finding.resource.account;
    subject.cloud = lower(first_text({own["cloudType"]}));
    if (subject.cloud.empty()) subject.cloud = finding.resource.cloud;
    subject.type = first_text({own["resourceType"], own["resourceApiName"]});
    if (subject.type.empty()) subject.type = finding.resource.type;
    co_return subject;
}

void add_data_types(JsonView types, const std::string& holder, RadiusBuilder& radius) {
    for (const auto& type : types.elements()) {
        const auto name = first_text({type["name"], type["label"]});
        if (name.empty()) continue;
        const auto count = type["count"].integer();
        const auto why = count ? fmt::format("{} of {} found in it", *count, name) : name + " found in it";
        radius.add({.id = "data:" + name, .name = name, .kind = "data", .type = "data type", .hops = 0, .why = why});
        radius.connect(holder, "data:" + name, "holds_data", why);
    }
}

/// The alert of Data Security says itself what it found.
void add_classification(const Subject& subject, RadiusBuilder& radius) {
    if (!subject.alert) return;
    const auto metadata = subject.alert->root()["metadata"];
    for (const auto* list : {"classification", "dataIdentifiers"}) {
        for (const auto& name : words_in(metadata[list]))
            radius.add_target({.id = "data:" + name, .name = name, .kind = "data", .type = list, .hops = 0, .why = {}},
                              "holds_data", "Data Security found it there");
    }
}

void add_network_paths(JsonView graph, RadiusBuilder& radius) {
    for (const auto& [name, cloud_graph] : graph["cloudGraphs"].members()) {
        for (const auto& entry : cloud_graph["nodes"].elements()) {
            const auto node = first_object({entry["nodeData"], entry});
            const auto type = first_text({node["type"], entry["type"]});
            const auto id = first_text({node["nativeID"], node["unifiedAssetID"], node["id"]});
            if (icontains(type, "internet") || icontains(id, "internet"))
                radius.add_source(internet_node(), "can_reach", "Prisma Cloud found a network path");
        }
    }
}

void add_evidence_node(std::string_view id, JsonView node, RadiusBuilder& radius) {
    const auto kind = first_text({node["type"]});
    const auto metadata = node["metadata"];
    const auto external = first_text({metadata["externalAssetId"]});
    const std::string key(id);
    if (iequals(kind, "PrimaryAsset")) {
        radius.alias(key, radius.root());
        radius.alias(external, radius.root());
        add_data_types(metadata["dataSensitivityDatatypeDetails"], radius.root(), radius);
        return;
    }
    GraphNode made{.id = external.empty() ? key : external,
                   .name = first_text({node["label"], metadata["type"]}),
                   .kind = "resource",
                   .type = kind,
                   .hops = 0,
                   .why = {}};
    if (made.name.empty()) made.name = made.id;
    if (iequals(kind, "Asset"))
        made.kind = graph_kind_of({}, external);
    else if (iequals(kind, "Finding") || iequals(kind, "Vulnerability"))
        made.kind = "finding";
    else if (iequals(kind, "Capability"))
        made.kind = icontains(first_text({metadata["capabilityType"]}), "secret") ? "secret" : "identity";
    made.why = shorten(first_text({metadata["description"]}), 200);
    const auto known_as = made.id;
    radius.add(std::move(made));
    radius.alias(key, known_as);
    add_data_types(metadata["dataSensitivityDatatypeDetails"], known_as, radius);
    add_network_paths(metadata["networkGraph"], radius);
}

void add_evidence(JsonView answer, RadiusBuilder& radius) {
    for (const auto& entry : answer["graphs"].elements()) {
        const auto graph = first_object({entry["graph"], entry});
        for (const auto& [id, node] : graph["nodes"].members()) add_evidence_node(id, node, radius);
        for (const auto& edge : graph["edges"].elements()) {
            const auto severity = first_text({edge.at("/metadata/severity")});
            radius.connect(first_text({edge["source"]}), first_text({edge["target"]}), "relates_to",
                           severity.empty() ? std::string() : severity + " by the alert's evidence");
        }
    }
}

auto may_act(std::string_view type, std::string_view id) -> bool {
    const auto kind = graph_kind_of(type, id);
    return kind == "compute" || kind == "identity";
}

/// The audit log's way of naming the resource differs by cloud (RQL reference, "event from cloud.audit_logs").
auto events_query(const Subject& subject) -> std::string {
    if (!is_quotable_in_rql(subject.name)) return {};
    const auto rule = subject.cloud == "gcp"     ? "$.protoPayload.resourceName contains"
                      : subject.cloud == "azure" ? "$.resourceId contains"
                      : subject.cloud == "aws"   ? "$.requestParameters.bucketName ="
                                                 : "";
    if (std::string_view(rule).empty()) return {};
    return fmt::format("event from cloud.audit_logs where cloud.type = '{}' AND json.rule = {} '{}'", subject.cloud,
                       rule, subject.name);
}

auto read_events(JsonView answer, const std::string& origin) -> std::vector<AccessEvent> {
    std::vector<AccessEvent> events;
    for (const auto& item : answer.at("/data/items").elements()) {
        AccessEvent event;
        event.principal = first_text({item["subject"], item["role"]});
        event.action = first_text({item["name"], item["operation"]});
        event.at = first_time({item["eventTs"]});
        event.origin = origin;
        if (!event.principal.empty() && events.size() < most_events) events.push_back(std::move(event));
    }
    std::ranges::sort(events, std::greater<>{}, [](const AccessEvent& event) {
        return std::tuple(event.at.value_or(Timestamp{}), event.principal, event.action);
    });
    return events;
}

auto events_of(RestClient& client, std::string query, std::string origin, Deadline deadline)
    -> Task<Result<std::vector<AccessEvent>>> {
    const Json body = {{"query", query},
                       {"timeRange", {{"type", "relative"}, {"value", {{"amount", 7}, {"unit", "day"}}}}},
                       {"limit", most_events}};
    auto answer = co_await client.ask("POST", "/search/event", dump_json(body), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    co_return read_events(answer->root(), origin);
}

} // namespace

auto is_quotable_in_rql(std::string_view text) -> bool {
    return !text.empty() && text.size() <= 512 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{" ._-:/@+=,#()"}.contains(c);
    });
}

auto prisma_neighbours(RestClient& client, Finding finding, GraphLimits limits, std::string origin, Deadline deadline)
    -> Task<Result<std::optional<BlastRadius>>> {
    auto subject = co_await look_at(client, finding, deadline);
    RadiusBuilder radius(resource_node(finding.resource.id.empty() && finding.resource.name.empty()
                                           ? Resource{.id = subject.name, .name = subject.name, .type = subject.type}
                                           : finding.resource),
                         limits, origin);
    if (radius.root().empty()) {
        if (subject.error) co_return fail(std::move(*subject.error));
        co_return std::nullopt;
    }
    bool anything = subject.is_known();
    add_relations_of(subject.data(), radius);
    add_classification(subject, radius);
    if (subject.alert) {
        auto evidence = co_await client.get("/alert/v1/" + percent_encode(finding.source_id) + "/graph", deadline);
        // Tenants of the classic release have no such graph.
        if (evidence)
            add_evidence(evidence->root(), radius);
        else if (evidence.error().code != Errc::not_found)
            radius.lacks("evidence graph: " + evidence.error().message);
    }
    if (is_quotable_in_rql(subject.name)) {
        auto permissions = co_await permissions_on(client, subject.name, subject.account, deadline);
        if (permissions) {
            anything = anything || !permissions->empty();
            add_permissions(*permissions, radius);
        } else {
            radius.lacks("permissions: " + permissions.error().message);
            note(subject, std::move(permissions.error()));
        }
        if (may_act(subject.type, finding.resource.id)) {
            auto reach = co_await permissions_of(client, subject.name, subject.account, deadline);
            if (reach)
                add_reach(*reach, radius);
            else
                radius.lacks("what it can reach: " + reach.error().message);
        }
    } else {
        radius.lacks("permissions: the resource's name can't be asked for");
    }
    if (!anything) {
        if (subject.error) co_return fail(std::move(*subject.error));
        co_return std::nullopt;
    }
    co_return std::optional(std::move(radius).build());
}

auto prisma_insight(RestClient& client, Finding finding, std::string origin, Deadline deadline)
    -> Task<Result<ResourceInsight>> {
    auto subject = co_await look_at(client, finding, deadline);
    ResourceInsight insight;
    int answers = subject.is_known() ? 1 : 0;
    insight.exposure_path = public_ways(subject.data());
    insight.policies = attached_policies(subject.data(), origin);
    if (is_quotable_in_rql(subject.name)) {
        auto permissions = co_await permissions_on(client, subject.name, subject.account, deadline);
        if (permissions) {
            ++answers;
            describe_permissions(*permissions, origin, insight);
        } else {
            note(subject, std::move(permissions.error()));
        }
    }
    if (auto query = events_query(subject); !query.empty()) {
        auto events = co_await events_of(client, std::move(query), origin, deadline);
        if (events) {
            ++answers;
            insight.access_log = std::move(*events);
        } else {
            note(subject, std::move(events.error()));
        }
    }
    if (answers == 0 && subject.error) co_return fail(std::move(*subject.error));
    co_return insight;
}

} // namespace dossier::ingest
