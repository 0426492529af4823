#include "prisma_permissions.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr int permissions_page_size = 100;
constexpr int most_pages = 10;
constexpr std::size_t most_actions = 5;

auto node_of(JsonView item, std::string_view side) -> GraphNode {
    const auto field = [&](std::string_view name) { return item[fmt::format("{}{}", side, name)]; };
    GraphNode node;
    node.type = first_text({field("ResourceType")});
    node.name = first_text({field("ResourceName"), field("IdpEmail"), field("IdpUsername"), field("IdpGroup")});
    node.id = first_text({field("ResourceId"), field("IdpEmail"), field("CloudResourceUai"), field("CloudResourceRrn"),
                          field("IdpUsername"), field("IdpGroup")});
    if (node.id.empty()) node.id = node.name;
    if (node.name.empty()) node.name = node.id;
    node.kind = graph_kind_of(node.type, node.id);
    return node;
}

auto read_permission(JsonView item) -> Permission {
    Permission permission;
    permission.is_public = item["sourcePublic"].boolean().value_or(false);
    permission.who = node_of(item, "source");
    if (permission.who.kind == "resource") permission.who.kind = "identity";
    if (permission.is_public) permission.who = internet_node();
    permission.what = node_of(item, "dest");
    if (auto action = first_text({item["effectiveActionName"]}); !action.empty()) permission.actions.push_back(action);
    permission.policy_id = first_text({item["grantedByCloudPolicyId"]});
    permission.policy_name = first_text({item["grantedByCloudPolicyName"]});
    const auto entity = first_text({item["grantedByCloudEntityName"]});
    if (!entity.empty() && entity != permission.who.name) {
        const auto type = lower(first_text({item["grantedByCloudEntityType"]}));
        permission.through = type.empty() ? entity : type + " " + entity;
    }
    permission.last_used = first_text({item["lastAccessDate"]});
    return permission;
}

/// Rows of one source, destination and policy are one permission with several actions.
class Collected {
public:
    void add(Permission permission) {
        const auto key = std::tuple(permission.who.id, permission.what.id,
                                    permission.policy_id + permission.policy_name, permission.through);
        const auto [at, is_new] = index_.try_emplace(key, list_.size());
        if (is_new) {
            list_.push_back(std::move(permission));
            return;
        }
        for (auto& action : permission.actions) {
            auto& actions = list_[at->second].actions;
            if (std::ranges::find(actions, action) == actions.end()) actions.push_back(std::move(action));
        }
    }
    [[nodiscard]] auto take() && -> std::vector<Permission> { return std::move(list_); }

private:
    std::map<std::tuple<std::string, std::string, std::string, std::string>, std::size_t> index_;
    std::vector<Permission> list_;
};

auto query(RestClient& client, std::string rql, std::string account, std::string_view side, Deadline deadline)
    -> Task<Result<std::vector<Permission>>> {
    Collected collected;
    std::string page;
    for (int number = 0; number < most_pages; ++number) {
        Json body = {{"limit", permissions_page_size}};
        if (page.empty())
            body["query"] = rql;
        else
            body["pageToken"] = page;
        auto answer = co_await client.ask("POST", page.empty() ? "/api/v1/permission" : "/api/v1/permission/page",
                                          dump_json(body), deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        // The first page stands in `data`, later ones are the data.
        const auto data = first_object({answer->root()["data"], answer->root()});
        if (!data["items"].is_array())
            co_return fail(Errc::malformed, "Prisma Cloud listed permissions without `items`");
        for (const auto& item : data["items"].elements()) {
            const auto where = first_text({item[fmt::format("{}CloudAccount", side)]});
            const bool is_elsewhere = !account.empty() && !where.empty() && where != account &&
                                      std::ranges::all_of(where, [](char c) { return c >= '0' && c <= '9'; });
            if (item.is_object() && !is_elsewhere) collected.add(read_permission(item));
        }
        auto next = first_text({data["nextPageToken"]});
        if (next.empty() || next == page) break;
        page = std::move(next);
    }
    co_return std::move(collected).take();
}

auto some_of(std::vector<std::string> words) -> std::string {
    const auto left = words.size() > most_actions ? words.size() - most_actions : 0;
    if (left > 0) words.resize(most_actions);
    const auto text = join(words, ", ");
    return left == 0 ? text : fmt::format("{} and {} more", text, left);
}

auto reason_of(const Permission& permission) -> std::string {
    auto text = "can " + (permission.actions.empty() ? std::string("act on it") : some_of(permission.actions));
    if (!permission.policy_name.empty()) text += " by the policy " + permission.policy_name;
    if (!permission.through.empty()) text += " through the " + permission.through;
    return text;
}

auto kind_of_principal(const Permission& permission) -> std::string {
    if (permission.is_public) return "anyone";
    const auto type = lower(permission.who.type);
    for (const auto* kind : {"role", "group", "service", "account", "user"})
        if (type.contains(kind)) return kind;
    return permission.who.kind == "compute" ? "service" : "user";
}

auto level_of(const Permission& permission) -> std::string {
    std::string_view level;
    for (const auto& action : permission.actions) level = stronger_level(level, access_level_of(action));
    return std::string(level);
}

} // namespace

auto permissions_on(RestClient& client, std::string name, std::string account, Deadline deadline)
    -> Task<Result<std::vector<Permission>>> {
    co_return co_await query(client, fmt::format("config from iam where dest.cloud.resource.name = '{}'", name),
                             std::move(account), "dest", deadline);
}

auto permissions_of(RestClient& client, std::string name, std::string account, Deadline deadline)
    -> Task<Result<std::vector<Permission>>> {
    co_return co_await query(client, fmt::format("config from iam where source.cloud.resource.name = '{}'", name),
                             std::move(account), "source", deadline);
}

void add_permissions(const std::vector<Permission>& permissions, RadiusBuilder& radius) {
    for (const auto& permission : permissions) radius.add_source(permission.who, "can_access", reason_of(permission));
}

void add_reach(const std::vector<Permission>& permissions, RadiusBuilder& radius) {
    for (const auto& permission : permissions) {
        if (permission.what.id.empty() || permission.what.id == "*") continue; // a wildcard is no thing
        radius.add_target(permission.what, "can_access", "it " + reason_of(permission));
    }
}

void describe_permissions(const std::vector<Permission>& permissions, const std::string& origin,
                          ResourceInsight& insight) {
    for (const auto& permission : permissions) {
        if (permission.is_public) insight.exposure_path.push_back("anybody " + reason_of(permission));
        const auto id = permission.is_public ? std::string("*") : permission.who.id;
        const auto there = std::ranges::find(insight.access, id, &Principal::id);
        if (there != insight.access.end()) {
            there->level = stronger_level(there->level, level_of(permission));
        } else if (!id.empty()) {
            insight.access.push_back(
                {.id = id, .kind = kind_of_principal(permission), .level = level_of(permission), .origin = origin});
        }
        const auto& policy = permission.policy_id.empty() ? permission.policy_name : permission.policy_id;
        const auto known = std::ranges::find(insight.policies, policy, &PolicyFact::id);
        if (policy.empty() || known != insight.policies.end()) continue;
        insight.policies.push_back(
            {.id = policy,
             .name = permission.policy_name,
             .kind = "attached",
             .statement = fmt::format("lets {} {}", permission.who.name, some_of(permission.actions)),
             .origin = origin});
    }
}

} // namespace dossier::ingest
