#include "orca_assets.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "orca_alerts.hpp"
#include "orca_relations.hpp"
#include "payload_fields.hpp"
#include "radius_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t assets_of_query = 50;
constexpr std::size_t most_facts = 50;

auto assets_query(const std::vector<std::string>& keys) -> std::string {
    auto query = orca_query("Inventory", Json::array({orca_in("asset_unique_id", keys)}), keys.size(), 0);
    query["additional_models[]"] = {"Inventory", "SensitiveData"};
    query["full_graph_fetch"] = {{"enabled", true}};
    query["max_tier"] = 2;
    return dump_json(query);
}

/// A walk over the inventory, hop by hop.
class Walk {
public:
    /// @param root_kind of the first asset, where Orca's answer doesn't tell
    Walk(RestClient& client, RadiusBuilder& radius, std::string start, std::string root_kind)
        : client_(client),
          radius_(radius),
          root_kind_(std::move(root_kind)),
          waiting_{start},
          seen_{std::move(start)} {}

    /// @return whether Orca knows the first asset
    auto run(GraphLimits limits, Deadline deadline) -> Task<Result<bool>> {
        bool is_known = false;
        // One hop past the last: whether there is more has to be known.
        for (int hop = 0; hop <= limits.max_hops && !waiting_.empty(); ++hop) {
            auto batch = std::exchange(waiting_, {});
            for (std::size_t at = 0; at < batch.size(); at += assets_of_query) {
                if (radius_.size() > limits.max_nodes) co_return is_known;
                const auto end = std::min(batch.size(), at + assets_of_query);
                std::vector<std::string> keys(batch.begin() + static_cast<std::ptrdiff_t>(at),
                                              batch.begin() + static_cast<std::ptrdiff_t>(end));
                auto answer = co_await ask_orca(client_, assets_query(keys), deadline);
                if (!answer) {
                    if (hop == 0) co_return fail(std::move(answer.error()));
                    radius_.lacks("more of the inventory: " + answer.error().message);
                    co_return is_known;
                }
                for (const auto& asset : answer->root()["data"].elements()) {
                    is_known = true;
                    read(asset, hop == 0);
                }
            }
        }
        if (left_out_) radius_.lacks("relations that Orca left out of its answer");
        co_return is_known;
    }

private:
    void read(JsonView asset, bool is_first) {
        auto node = orca_node(asset);
        if (is_first) {
            radius_.alias(node.id, radius_.root());
            radius_.alias(orca_key_of(asset), radius_.root());
            node.id = radius_.root();
            if (node.kind == "resource") node.kind = root_kind_;
        } else {
            radius_.add(node);
        }
        if (is_exposed(asset)) {
            auto internet = internet_node();
            const auto why = "Orca's Exposure is " + first_text({orca_field(asset, "Exposure")});
            internet.why = why;
            radius_.add(internet);
            radius_.connect(internet.id, node.id, "can_reach", why);
        }
        for (const auto& relative : orca_relatives(asset, left_out_)) {
            auto other = orca_node(relative.object);
            if (other.id.empty() || other.id == node.id) continue;
            const auto edge = orca_relation(node, other);
            other.why = reason(relative.relation, edge, node, other);
            const auto key = orca_key_of(relative.object);
            const bool is_asset =
                !first_text({relative.object["asset_unique_id"], orca_field(relative.object, "AssetUniqueId"),
                             orca_field(relative.object, "asset_unique_id")})
                     .empty();
            radius_.connect(edge.from, edge.to, edge.relation, "Orca: " + relative.relation);
            radius_.add(std::move(other));
            if (is_asset && seen_.insert(key).second) waiting_.push_back(key);
        }
    }

    /// "payments-etl can access payments-exports (Roles in Orca)".
    static auto reason(const std::string& relation, const DirectedRelation& edge, const GraphNode& node,
                       const GraphNode& other) -> std::string {
        const bool acts = edge.from == other.id;
        return fmt::format("{} {} {} ({} in Orca)", acts ? other.name : node.name, replace_all(edge.relation, "_", " "),
                           acts ? node.name : other.name, relation);
    }

    RestClient& client_;
    RadiusBuilder& radius_;
    std::string root_kind_;
    std::vector<std::string> waiting_;
    std::set<std::string, std::less<>> seen_;
    bool left_out_ = false;
};

auto looks_like_asset_id(std::string_view id) -> bool {
    return !id.empty() && !id.starts_with("arn:") && !id.starts_with('/') && id.contains('_');
}

auto principal_kind(const GraphNode& node) -> std::string {
    const auto type = lower(node.type);
    for (const auto* kind : {"role", "group", "serviceaccount", "service", "user"})
        if (type.contains(kind)) return std::string_view(kind) == "serviceaccount" ? "service" : kind;
    return "user";
}

/// Whoever Orca relates to a store can at least read it.
auto principal_level(JsonView object) -> std::string {
    for (const auto* name : {"IsAdmin", "IsAdministrator"})
        if (orca_field(object, name).boolean().value_or(false)) return "admin";
    std::string_view level = "read";
    for (const auto* name : {"AccessLevel", "Permissions", "Actions"})
        for (const auto& word : words_in(orca_field(object, name)))
            level = stronger_level(level, iequals(word, "write") ? "write" : access_level_of(word));
    return std::string(level);
}

void read_insight(JsonView asset, const std::string& origin, ResourceInsight& insight) {
    const auto name = first_text({asset["name"], orca_field(asset, "Name")});
    if (is_exposed(asset))
        insight.exposure_path.push_back(
            fmt::format("{} is {} by Orca's inventory", name.empty() ? "the resource" : name,
                        first_text({orca_field(asset, "Exposure")}).empty()
                            ? "internet facing"
                            : replace_all(first_text({orca_field(asset, "Exposure")}), "_", " ")));
    for (const auto& endpoint : words_in(orca_field(asset, "AccessEndpoints")))
        insight.exposure_path.push_back("it answers at " + endpoint);
    for (const auto& observation : words_in(orca_field(asset, "Observations")))
        insight.exposure_path.push_back("observed: " + replace_all(observation, "_", " "));
    for (const auto& standard : words_in(orca_field(asset, "RelatedCompliances"))) {
        if (insight.policies.size() >= most_facts) break;
        insight.policies.push_back({.id = standard,
                                    .name = standard,
                                    .kind = "attached",
                                    .statement = "Orca checks it against " + standard,
                                    .origin = origin});
    }
    bool has_more = false;
    for (const auto& relative : orca_relatives(asset, has_more)) {
        const auto node = orca_node(relative.object);
        if (node.kind != "identity" || insight.access.size() >= most_facts) continue;
        if (icontains(node.type, "policy")) {
            insight.policies.push_back(
                {.id = node.id,
                 .name = node.name,
                 .kind = "attached",
                 .statement = fmt::format("the policy {} is attached ({} in Orca)", node.name, relative.relation),
                 .origin = origin});
        } else {
            insight.access.push_back({.id = node.id,
                                      .kind = principal_kind(node),
                                      .level = principal_level(relative.object),
                                      .origin = origin});
        }
    }
}

} // namespace

auto orca_asset_id(RestClient& client, std::string source_id, std::string resource_id, Deadline deadline)
    -> Task<Result<std::string>> {
    if (source_id.starts_with("orca-")) {
        auto alert = co_await orca_alert(client, source_id, deadline);
        if (alert) {
            const auto view = alert->view();
            auto id = first_text({view["asset_unique_id"], orca_field(view, "AssetUniqueId"),
                                  view.at("/data/AssetData/value/asset_unique_id"), view["cluster_unique_id"]});
            if (!id.empty()) co_return id;
        } else if (alert.error().code != Errc::not_found) {
            co_return fail(std::move(alert.error()));
        }
    } else if (looks_like_asset_id(source_id)) {
        co_return source_id; // a store of the backlog is known by its asset
    }
    if (looks_like_asset_id(resource_id)) co_return resource_id;
    co_return fail(Errc::not_found, "Orca names no asset of this alert");
}

auto orca_neighbours(RestClient& client, Finding finding, GraphLimits limits, std::string origin, Deadline deadline)
    -> Task<Result<std::optional<BlastRadius>>> {
    auto asset = co_await orca_asset_id(client, finding.source_id, finding.resource.id, deadline);
    if (!asset) {
        if (asset.error().code == Errc::not_found) co_return std::nullopt;
        co_return fail(std::move(asset.error()));
    }
    auto root = resource_node(finding.resource);
    if (root.id.empty()) root.id = *asset;
    RadiusBuilder radius(std::move(root), limits, origin);
    radius.alias(*asset, radius.root());
    Walk walk(client, radius, *asset, graph_kind_of(finding.resource.type, finding.resource.id));
    auto known = co_await walk.run(limits, deadline);
    if (!known) co_return fail(std::move(known.error()));
    if (!*known) co_return std::nullopt;
    co_return std::optional(std::move(radius).build());
}

auto orca_insight(RestClient& client, Finding finding, std::string origin, Deadline deadline)
    -> Task<Result<ResourceInsight>> {
    ResourceInsight insight;
    auto asset = co_await orca_asset_id(client, finding.source_id, finding.resource.id, deadline);
    if (!asset) {
        if (asset.error().code == Errc::not_found) co_return insight;
        co_return fail(std::move(asset.error()));
    }
    auto answer = co_await ask_orca(client, assets_query({*asset}), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    for (const auto& one : answer->root()["data"].elements()) read_insight(one, origin, insight);
    co_return insight;
}

} // namespace dossier::ingest
