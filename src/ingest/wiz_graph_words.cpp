#include "wiz_graph_words.hpp"

#include <algorithm>
#include <array>

namespace dossier::ingest {
namespace {

constexpr std::array relations = {
    WizRelation{.name = "ALLOWS_ACCESS_TO", .relation = "can_access", .verb = "has access to"},
    WizRelation{.name = "PERMITS", .relation = "can_access", .verb = "permits access to"},
    WizRelation{.name = "ADMINISTRATE", .relation = "can_access", .verb = "administers"},
    // A binding ENTITLES a principal to what it ALLOWS_ACCESS_TO.
    WizRelation{.name = "ENTITLES", .relation = "can_access", .verb = "is entitled by", .points_at_actor = true},
    WizRelation{.name = "ACTING_AS", .relation = "runs_as", .verb = "acts as"},
    WizRelation{.name = "EXPOSES", .relation = "exposes", .verb = "exposes"},
    WizRelation{.name = "SERVES", .relation = "serves", .verb = "serves"},
    WizRelation{.name = "ROUTES_TRAFFIC_TO", .relation = "can_reach", .verb = "routes traffic to"},
    WizRelation{.name = "INVOKES", .relation = "can_reach", .verb = "invokes"},
    WizRelation{.name = "RUNS", .relation = "runs", .verb = "runs"},
    WizRelation{.name = "STORES_DATA_IN", .relation = "stores_data_in", .verb = "stores data in"},
    WizRelation{.name = "READS_DATA_FROM", .relation = "reads_data_from", .verb = "reads data from"},
    WizRelation{.name = "OWNS", .relation = "owns", .verb = "owns"},
    WizRelation{.name = "CONTAINS", .relation = "contains", .verb = "contains", .narrow_inward = true},
    WizRelation{.name = "HAS_DATA_STORE", .relation = "contains", .verb = "holds", .leads_in = false},
    WizRelation{.name = "HAS_DATA_INVENTORY", .relation = "holds_data", .verb = "holds", .leads_in = false},
    WizRelation{.name = "HAS_DATA_FINDING", .relation = "holds_data", .verb = "holds", .leads_in = false},
};

struct Kind {
    std::string_view kind;
    std::vector<std::string_view> types;
};

auto kinds() -> const std::vector<Kind>& {
    static const std::vector<Kind> table = {
        {"data_store",
         {"BUCKET",
          "DATABASE",
          "DB_SERVER",
          "DATA_STORE",
          "DATABASE_TABLE",
          "STORAGE_ACCOUNT",
          "FILE_SYSTEM_SERVICE",
          "FILE_STORAGE",
          "VIRTUAL_DRIVE",
          "VOLUME",
          "SNAPSHOT",
          "SEARCH_INDEX",
          "DATA_WORKLOAD",
          "DATA_CATALOG",
          "DATA_RESOURCE",
          "AI_DATASET",
          "CRM_TABLE",
          "TICKETING_TABLE",
          "MAILBOX",
          "METADATA_REPOSITORY",
          "BACKUP_SERVICE",
          "KUBERNETES_PERSISTENT_VOLUME"}},
        {"data", {"DATA_FINDING", "DATA_INVENTORY", "DATA_SCHEMA"}},
        {"identity",
         {"USER_ACCOUNT", "SERVICE_ACCOUNT", "ACCESS_ROLE", "ACCESS_ROLE_BINDING", "ACCESS_ROLE_PERMISSION",
          "IAM_BINDING", "GROUP", "IDENTITY", "PRINCIPAL", "LOCAL_USER", "LOCAL_GROUP", "PREDEFINED_GROUP",
          "IDENTITY_PROVIDER", "PRINCIPAL_DIRECTORY"}},
        {"internet", {"IP_RANGE"}},
        {"network",
         {"ENDPOINT",
          "API_ENDPOINT",
          "API_GATEWAY",
          "LOAD_BALANCER",
          "GATEWAY",
          "NETWORK_INTERFACE",
          "NETWORK_ADDRESS",
          "SUBNET",
          "VIRTUAL_NETWORK",
          "FIREWALL",
          "NAT",
          "PEERING",
          "PRIVATE_ENDPOINT",
          "PRIVATE_LINK",
          "CDN",
          "DNS_RECORD",
          "DNS_ZONE",
          "DOMAIN",
          "TARGET_GROUP",
          "PROXY_RULE",
          "ROUTE_TABLE",
          "NETWORK_APPLIANCE",
          "KUBERNETES_INGRESS",
          "KUBERNETES_SERVICE",
          "MESH_GATEWAY",
          "NETWORK_SECURITY_RULE"}},
        {"compute",
         {"VIRTUAL_MACHINE",
          "VIRTUAL_DESKTOP",
          "CONTAINER",
          "CONTAINER_GROUP",
          "CONTAINER_IMAGE",
          "CONTAINER_SERVICE",
          "SERVERLESS",
          "POD",
          "DEPLOYMENT",
          "DAEMON_SET",
          "STATEFUL_SET",
          "REPLICA_SET",
          "KUBERNETES_CLUSTER",
          "KUBERNETES_NODE",
          "KUBERNETES_JOB",
          "KUBERNETES_CRON_JOB",
          "COMPUTE_INSTANCE_GROUP",
          "APPLICATION",
          "HOSTED_APPLICATION",
          "HOSTED_TECHNOLOGY",
          "WEB_SERVICE",
          "MAP_REDUCE_CLUSTER",
          "DATA_WORKFLOW",
          "MESSAGING_SERVICE",
          "CI_JOB",
          "CI_RUNNER",
          "AI_AGENT",
          "AI_MODEL",
          "AI_PIPELINE",
          "AI_SERVICE",
          "AI_TOOL",
          "MCP_SERVER",
          "WORKSTATION"}},
        {"secret",
         {"SECRET", "SECRET_CONTAINER", "SECRET_DATA", "SECRET_INSTANCE", "ACCESS_KEY", "ENCRYPTION_KEY",
          "PRIVATE_KEY_BINDING"}},
        {"finding",
         {"EXCESSIVE_ACCESS_FINDING", "LATERAL_MOVEMENT_FINDING", "ACCESS_FINDING", "CONFIGURATION_FINDING", "FINDING",
          "SECURITY_TOOL_FINDING", "SECURITY_EVENT_FINDING", "ATTACK_SURFACE_FINDING"}},
        {"resource",
         {"CLOUD_RESOURCE", "CONFIG_MAP", "REPOSITORY", "REPOSITORY_BRANCH", "CONTAINER_REGISTRY",
          "CONTAINER_REPOSITORY", "ARTIFACT_REPOSITORY", "RAW_ACCESS_POLICY", "NAMESPACE"}},
    };
    return table;
}

} // namespace

auto wiz_relations() -> std::span<const WizRelation> { return relations; }

auto wiz_type_name(std::string_view type) -> std::string {
    std::string name(type);
    std::ranges::transform(name, name.begin(), [](char c) {
        if (c == ' ' || c == '-') return '_';
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

auto kind_of_wiz_type(std::string_view type) -> std::string_view {
    const auto name = wiz_type_name(type);
    for (const auto& kind : kinds())
        if (std::ranges::find(kind.types, name) != kind.types.end()) return kind.kind;
    return "resource";
}

auto wiz_types() -> const std::vector<std::string>& {
    static const auto all = [] {
        std::vector<std::string> types;
        for (const auto& kind : kinds()) types.insert(types.end(), kind.types.begin(), kind.types.end());
        return types;
    }();
    return all;
}

auto wiz_types_of(std::initializer_list<std::string_view> wanted) -> std::vector<std::string> {
    std::vector<std::string> types;
    for (const auto& kind : kinds())
        if (std::ranges::find(wanted, kind.kind) != wanted.end())
            types.insert(types.end(), kind.types.begin(), kind.types.end());
    return types;
}

auto wiz_container_types() -> const std::vector<std::string>& {
    static const std::vector<std::string> types = {"DB_SERVER",
                                                   "DATABASE",
                                                   "STORAGE_ACCOUNT",
                                                   "BUCKET",
                                                   "DATA_STORE",
                                                   "FILE_SYSTEM_SERVICE",
                                                   "DATA_WORKLOAD",
                                                   "SECRET_CONTAINER",
                                                   "VIRTUAL_MACHINE",
                                                   "CONTAINER",
                                                   "POD",
                                                   "KUBERNETES_CLUSTER",
                                                   "KUBERNETES_NODE",
                                                   "CONTAINER_SERVICE",
                                                   "SERVERLESS",
                                                   "GROUP",
                                                   "DEPLOYMENT",
                                                   "LOAD_BALANCER",
                                                   "APPLICATION",
                                                   "WEB_SERVICE",
                                                   "API_GATEWAY",
                                                   "CONTAINER_GROUP",
                                                   "STATEFUL_SET"};
    return types;
}

} // namespace dossier::ingest
