#include "radius_builder.hpp"

#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_pieces = 20'000; ///< nodes or edges held while a graph is put together
constexpr std::size_t longest_label = 300;

struct KindWord {
    std::string_view part; ///< of the type's word in lower case
    std::string_view kind;
};

/// Looked at in this order: a "security group" is no group of people, a "database user" no database.
constexpr std::array kind_words = {
    KindWord{"sensitivedata", "data"},
    KindWord{"securitygroup", "network"},
    KindWord{"networkacl", "network"},
    KindWord{"loadbalancer", "network"},
    KindWord{"elb", "network"},
    KindWord{"subnet", "network"},
    KindWord{"vpc", "network"},
    KindWord{"virtualnetwork", "network"},
    KindWord{"networkinterface", "network"},
    KindWord{"gateway", "network"},
    KindWord{"firewall", "network"},
    KindWord{"cloudfront", "network"},
    KindWord{"publicip", "network"},
    KindWord{"internet", "internet"},
    KindWord{"instanceprofile", "identity"},
    KindWord{"serviceaccount", "identity"},
    KindWord{"serviceprincipal", "identity"},
    KindWord{"iamrole", "identity"},
    KindWord{"role", "identity"},
    KindWord{"user", "identity"},
    KindWord{"iamgroup", "identity"},
    KindWord{"group", "identity"},
    KindWord{"principal", "identity"},
    KindWord{"identity", "identity"},
    KindWord{"policy", "identity"},
    KindWord{"kmskey", "secret"},
    KindWord{"keyvault", "secret"},
    KindWord{"secret", "secret"},
    KindWord{"kms", "secret"},
    KindWord{"accesskey", "secret"},
    KindWord{"bucket", "data_store"},
    KindWord{"storage", "data_store"},
    KindWord{"database", "data_store"},
    KindWord{"rds", "data_store"},
    KindWord{"dbinstance", "data_store"},
    KindWord{"dbcluster", "data_store"},
    KindWord{"dynamodb", "data_store"},
    KindWord{"redshift", "data_store"},
    KindWord{"bigquery", "data_store"},
    KindWord{"snowflake", "data_store"},
    KindWord{"cosmos", "data_store"},
    KindWord{"snapshot", "data_store"},
    KindWord{"volume", "data_store"},
    KindWord{"disk", "data_store"},
    KindWord{"fileshare", "data_store"},
    KindWord{"datalake", "data_store"},
    KindWord{"sqlserver", "data_store"},
    KindWord{"instance", "compute"},
    KindWord{"lambda", "compute"},
    KindWord{"function", "compute"},
    KindWord{"virtualmachine", "compute"},
    KindWord{"computevm", "compute"},
    KindWord{"container", "compute"},
    KindWord{"cluster", "compute"},
    KindWord{"task", "compute"},
    KindWord{"pod", "compute"},
    KindWord{"webapp", "compute"},
    KindWord{"alert", "finding"},
    KindWord{"finding", "finding"},
    KindWord{"vulnerability", "finding"},
};

struct ServiceKind {
    std::string_view service;
    std::string_view kind;
};
constexpr std::array services = {
    ServiceKind{"s3", "data_store"},
    ServiceKind{"rds", "data_store"},
    ServiceKind{"dynamodb", "data_store"},
    ServiceKind{"redshift", "data_store"},
    ServiceKind{"elasticfilesystem", "data_store"},
    ServiceKind{"iam", "identity"},
    ServiceKind{"sts", "identity"},
    ServiceKind{"lambda", "compute"},
    ServiceKind{"ecs", "compute"},
    ServiceKind{"eks", "compute"},
    ServiceKind{"kms", "secret"},
    ServiceKind{"secretsmanager", "secret"},
    ServiceKind{"elasticloadbalancing", "network"},
    ServiceKind{"cloudfront", "network"},
    ServiceKind{"apigateway", "network"},
};

auto letters_of(std::string_view text) -> std::string {
    auto plain = lower(text);
    std::erase_if(plain, [](char c) { return c < 'a' || c > 'z'; });
    return plain;
}

auto level_rank(std::string_view level) -> int {
    return level == "admin" ? 3 : level == "write" ? 2 : level == "read" ? 1 : 0;
}

void bound(std::string& text) { text = shorten(to_valid_utf8(text), longest_label); }

} // namespace

RadiusBuilder::RadiusBuilder(GraphNode resource, GraphLimits limits, std::string origin)
    : root_(resource.id), limits_(limits), origin_(std::move(origin)) {
    resource.hops = 0;
    nodes_.emplace(root_, std::move(resource));
}

auto RadiusBuilder::known(const std::string& id) const -> const std::string& {
    const auto at = aliases_.find(id);
    return at == aliases_.end() ? id : at->second;
}

void RadiusBuilder::alias(std::string other, const std::string& id) {
    if (other.empty() || other == id || nodes_.contains(other) || aliases_.size() >= most_pieces) return;
    aliases_.emplace(std::move(other), known(id));
}

void RadiusBuilder::add(GraphNode node) {
    node.id = known(node.id);
    if (node.id.empty()) return;
    for (auto* text : {&node.id, &node.name, &node.type, &node.why}) bound(*text);
    const auto at = nodes_.find(node.id);
    if (at == nodes_.end()) {
        if (nodes_.size() < most_pieces) nodes_.emplace(node.id, std::move(node));
        return;
    }
    auto& there = at->second;
    if (there.name.empty()) there.name = std::move(node.name);
    if (there.type.empty()) there.type = std::move(node.type);
    if (there.why.empty() && node.id != root_) there.why = std::move(node.why);
    if (there.kind.empty() || (there.kind == "resource" && node.id != root_)) there.kind = std::move(node.kind);
}

void RadiusBuilder::connect(std::string from, std::string to, std::string relation, std::string why) {
    from = known(from);
    to = known(to);
    if (from.empty() || to.empty() || from == to || edges_.size() >= most_pieces) return;
    for (auto* text : {&from, &to, &why}) bound(*text);
    auto& reason = edges_[{std::move(from), std::move(to), std::move(relation)}];
    if (reason.empty()) reason = std::move(why);
}

void RadiusBuilder::add_source(GraphNode node, std::string relation, std::string why) {
    auto id = node.id;
    if (node.why.empty()) node.why = why;
    add(std::move(node));
    connect(std::move(id), root_, std::move(relation), std::move(why));
}

void RadiusBuilder::add_target(GraphNode node, std::string relation, std::string why) {
    auto id = node.id;
    if (node.why.empty()) node.why = why;
    add(std::move(node));
    connect(root_, std::move(id), std::move(relation), std::move(why));
}

void RadiusBuilder::lacks(std::string what) {
    bound(what);
    if (std::ranges::find(lacking_, what) == lacking_.end()) lacking_.push_back(std::move(what));
}

void RadiusBuilder::measure() {
    std::map<std::string, std::vector<std::string>> beside;
    for (const auto& [ends, why] : edges_) {
        const auto& [from, to, relation] = ends;
        if (!nodes_.contains(from) || !nodes_.contains(to)) continue;
        beside[from].push_back(to);
        beside[to].push_back(from);
    }
    for (auto& [id, node] : nodes_) node.hops = -1;
    nodes_.at(root_).hops = 0;
    std::deque<std::string> waiting{root_};
    while (!waiting.empty()) {
        const auto id = std::move(waiting.front());
        waiting.pop_front();
        for (const auto& next : beside[id]) {
            auto& node = nodes_.at(next);
            if (node.hops >= 0) continue;
            node.hops = nodes_.at(id).hops + 1;
            waiting.push_back(next);
        }
    }
}

auto RadiusBuilder::build() && -> BlastRadius {
    measure();
    BlastRadius radius;
    radius.origin = origin_;
    bool too_far = false;
    for (auto& [id, node] : nodes_) {
        if (node.hops < 0) continue; // no edge leads there: not part of this graph
        if (node.hops > limits_.max_hops) {
            too_far = true;
            continue;
        }
        radius.nodes.push_back(std::move(node));
    }
    std::ranges::sort(radius.nodes, {}, [](const GraphNode& node) { return std::pair(node.hops, node.id); });
    const auto most = std::max<std::size_t>(1, limits_.max_nodes);
    if (radius.nodes.size() > most) {
        radius.truncated = true;
        radius.truncated_by = fmt::format("more than {} nodes", most);
        radius.nodes.resize(most);
    } else if (too_far) {
        radius.truncated = true;
        radius.truncated_by = fmt::format("more than {} hops", limits_.max_hops);
    }
    std::set<std::string> kept;
    for (const auto& node : radius.nodes) {
        kept.insert(node.id);
        radius.hops = std::max(radius.hops, node.hops);
    }
    for (auto& [ends, why] : edges_) {
        const auto& [from, to, relation] = ends;
        if (kept.contains(from) && kept.contains(to))
            radius.edges.push_back({.from = from, .to = to, .relation = relation, .why = std::move(why)});
    }
    if (!lacking_.empty()) {
        radius.truncated = true;
        if (!radius.truncated_by.empty()) radius.truncated_by += "; ";
        radius.truncated_by += "not answered: " + join(lacking_, "; ");
    }
    return radius;
}

auto resource_node(const Resource& resource) -> GraphNode {
    GraphNode node;
    node.id = resource.id.empty() ? resource.name : resource.id;
    node.name = resource.name.empty() ? resource.id : resource.name;
    node.type = resource.type;
    node.kind = "resource";
    node.why = "the finding's resource";
    return node;
}

auto graph_kind_of(std::string_view type, std::string_view id) -> std::string {
    const auto letters = letters_of(type);
    for (const auto& row : kind_words) {
        if (letters.contains(row.part)) return std::string(row.kind);
    }
    if (id.starts_with("arn:")) {
        const auto parts = split(id, ':');
        for (const auto& row : services) {
            if (parts.size() > 2 && parts[2] == row.service) return std::string(row.kind);
        }
    }
    return "resource";
}

auto access_level_of(std::string_view action) -> std::string_view {
    auto verb = lower(action);
    if (const auto at = verb.find_last_of(":/."); at != std::string::npos && at + 1 < verb.size())
        verb.erase(0, at + 1);
    if (verb == "*" || verb.contains("admin") || verb.contains("owner") || verb.contains("fullcontrol") ||
        verb.contains("full_control") || verb.contains("policy") || verb.contains("acl"))
        return verb.starts_with("get") || verb.starts_with("list") ? "read" : "admin";
    for (const auto* word : {"put", "write", "delete", "create", "update", "modify", "insert", "upload", "contributor",
                             "editor", "restore", "replicate", "start", "stop", "invoke", "run"})
        if (verb.contains(word)) return "write";
    return "read";
}

auto stronger_level(std::string_view one, std::string_view other) -> std::string_view {
    return level_rank(other) > level_rank(one) ? other : one;
}

auto internet_node() -> GraphNode {
    return {.id = "internet", .name = "the internet", .kind = "internet", .type = "internet", .hops = 0, .why = {}};
}

} // namespace dossier::ingest
