#pragma once
// Puts a blast radius together from what a platform answers in pieces: nodes and edges come in any order and more than
// once; what hangs together with the resource is kept, the nearest first, within the bounds. What was left out, by a
// bound or because a question went unanswered, is said and never silently missing.

#include "dossier/ingest/platform_api.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace dossier::ingest {

class RadiusBuilder {
public:
    RadiusBuilder(GraphNode resource, GraphLimits limits, std::string origin);

    /// Adds a node, or completes one that is there. Nodes without an id are no nodes.
    void add(GraphNode node);
    /// Adds an edge between nodes that are, or will be, added.
    void connect(std::string from, std::string to, std::string relation, std::string why = {});
    /// Adds `node` and its edge to the resource.
    void add_source(GraphNode node, std::string relation, std::string why); ///< it acts on the resource
    void add_target(GraphNode node, std::string relation, std::string why); ///< the resource acts on it
    /// Another id under which the platform speaks of the node `id`.
    void alias(std::string other, const std::string& id);
    /// Something could not be asked: "permissions: Prisma Cloud answered 403".
    void lacks(std::string what);
    [[nodiscard]] auto root() const -> const std::string& { return root_; }
    [[nodiscard]] auto size() const -> std::size_t { return nodes_.size(); }

    [[nodiscard]] auto build() && -> BlastRadius;

private:
    [[nodiscard]] auto known(const std::string& id) const -> const std::string&;
    void measure();

    std::string root_;
    GraphLimits limits_;
    std::string origin_;
    std::map<std::string, GraphNode> nodes_;
    std::map<std::string, std::string> aliases_;
    std::map<std::tuple<std::string, std::string, std::string>, std::string> edges_; ///< from, to, relation → why
    std::vector<std::string> lacking_;
};

/// The node of a finding's resource: its provider id, else its name.
[[nodiscard]] auto resource_node(const Resource& resource) -> GraphNode;

/// One of `graph_kinds`, by the platform's word for the type ("AwsS3Bucket", "IAM_ROLE"), else by an ARN's service,
/// else `resource`.
[[nodiscard]] auto graph_kind_of(std::string_view type, std::string_view id) -> std::string;

/// read | write | admin by an action ("s3:GetObject", "Owner"); the strongest of several wins.
[[nodiscard]] auto access_level_of(std::string_view action) -> std::string_view;
[[nodiscard]] auto stronger_level(std::string_view one, std::string_view other) -> std::string_view;

/// Anybody on the internet, as one node whatever the platform calls it.
[[nodiscard]] auto internet_node() -> GraphNode;

} // namespace dossier::ingest
