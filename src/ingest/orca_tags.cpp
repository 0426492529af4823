#include "orca_tags.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/classification_payload.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::string_view rules_path = "/api/custom_tags";
constexpr std::string_view our_prefix = "dossier classification ";
constexpr std::size_t most_assets = 500; ///< of one rule

using TagMap = std::map<std::string, std::string>;

struct TagRule {
    std::string id;
    std::string name;
    TagMap tags;
    std::vector<std::string> assets; ///< that a rule of ours names
    bool is_ours = false;
};

auto tags_of(const Classification& classification) -> TagMap {
    TagMap tags;
    for (auto& [key, value] : flat_tags(classification)) tags.emplace(key, value);
    return tags;
}

/// Assets in the query that `rule_for` writes.
auto assets_of(JsonView rule) -> std::vector<std::string> {
    std::vector<std::string> assets;
    for (const auto& condition : rule.at("/with/values").elements()) {
        if (condition["key"].string() != "asset_unique_id") continue;
        for (const auto& value : condition["values"].elements())
            if (auto text = value.text()) assets.push_back(std::move(*text));
    }
    return assets;
}

auto read_rule(JsonView view) -> TagRule {
    TagRule rule;
    rule.id = first_text({view["id"], view["tags_rule_id"]});
    rule.name = first_text({view["name"]});
    for (const auto& [key, value] : view["tags"].members()) rule.tags.emplace(std::string(key), value.text_or(""));
    rule.is_ours = rule.name.starts_with(our_prefix);
    if (!rule.is_ours) return rule;
    if (view["rule"].is_object()) {
        rule.assets = assets_of(view["rule"]);
    } else if (const auto text = view["rule"].string()) {
        if (const auto inner = JsonDocument::parse(*text)) rule.assets = assets_of(inner->root());
    }
    return rule;
}

auto rule_body(const std::string& name, const TagMap& tags, const std::vector<std::string>& assets,
               const std::string& reasoning) -> std::string {
    const Json query = {
        {"models", {"Inventory"}},
        {"type", "object_set"},
        {"with",
         {{"operator", "and"}, {"type", "operation"}, {"values", Json::array({orca_in("asset_unique_id", assets)})}}}};
    const Json body = {{"name", name},        {"description", shorten(reasoning, 1'000)},
                       {"tags", tags},        {"rule", query},
                       {"rule_type", "json"}, {"disabled", false}};
    return dump_json(body);
}

auto name_for(const TagMap& tags) -> std::string {
    return std::string(our_prefix) + sha256_hex(dump_json(Json(tags))).substr(0, 16);
}

/// A rule that keeps `tags` from being written: a key of ours with its own value elsewhere.
auto blocking(const std::vector<TagRule>& rules, const TagMap& tags, const std::string& own_id) -> const TagRule* {
    for (const auto& rule : rules) {
        if (rule.id == own_id && !own_id.empty()) continue;
        for (const auto& [key, value] : rule.tags)
            if (tags.contains(key)) return &rule;
    }
    return nullptr;
}

auto with_asset(std::vector<std::string> assets, const std::string& asset) -> std::vector<std::string> {
    if (std::ranges::find(assets, asset) == assets.end()) assets.push_back(asset);
    std::ranges::sort(assets);
    return assets;
}

auto all_rules(RestClient& client, Deadline deadline) -> Task<Result<std::vector<TagRule>>> {
    auto answer = co_await orca_list(client, std::string(rules_path), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    std::vector<TagRule> rules;
    for (const auto& view : answer->root()["data"].elements()) rules.push_back(read_rule(view));
    co_return rules;
}

auto send(RestClient& client, std::string id, std::string body, Deadline deadline) -> Task<Result<std::string>> {
    const bool is_new = id.empty();
    const auto path = is_new ? std::string(rules_path) : fmt::format("{}/{}", rules_path, percent_encode(id));
    auto written = co_await client.write(is_new ? "POST" : "PUT", path, std::move(body), deadline);
    if (!written) co_return fail(std::move(written.error()));
    if (auto error = inner_error(written->root())) co_return fail(std::move(*error));
    const auto root = written->root();
    auto made = first_text({root.at("/data/tags_rule_id"), root.at("/data/id"), root["tags_rule_id"], root["id"]});
    co_return made.empty() ? id : made;
}

} // namespace

auto orca_tag(RestClient& client, std::string asset_id, Classification classification, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    const auto tags = tags_of(classification);
    auto rules = co_await all_rules(client, deadline);
    if (!rules) co_return fail(std::move(rules.error()));
    const auto name = name_for(tags);
    const auto same =
        std::ranges::find_if(*rules, [&](const TagRule& rule) { return rule.is_ours && rule.tags == tags; });
    if (same != rules->end()) {
        if (std::ranges::find(same->assets, asset_id) != same->assets.end())
            co_return WriteReceipt{.remote_id = same->id, .was_there = true};
        if (same->assets.size() >= most_assets)
            co_return fail(Errc::conflict, "Orca's rule for this classification names too many assets already");
        auto done = co_await send(
            client, same->id, rule_body(same->name, tags, with_asset(same->assets, asset_id), classification.reasoning),
            deadline);
        if (!done) co_return fail(std::move(done.error()));
        co_return WriteReceipt{.remote_id = std::move(*done), .was_there = false};
    }
    // A rule of ours that names this asset alone gets the new tags.
    const auto own = std::ranges::find_if(*rules, [&](const TagRule& rule) {
        return rule.is_ours && rule.assets.size() == 1 && rule.assets.front() == asset_id;
    });
    const auto own_id = own == rules->end() ? std::string() : own->id;
    if (const auto* taken = blocking(*rules, tags, own_id)) {
        std::string key;
        for (const auto& [name_of_key, value] : taken->tags)
            if (tags.contains(name_of_key) && key.empty()) key = name_of_key;
        co_return fail(Errc::conflict,
                       fmt::format("Orca allows the tag key {} in one rule only, and the rule \"{}\" has it; set "
                                   "`write_back.tag_endpoint` to tag assets with different values",
                                   key, error_line(taken->name)));
    }
    auto done = co_await send(client, own_id, rule_body(name, tags, {asset_id}, classification.reasoning), deadline);
    if (done) co_return WriteReceipt{.remote_id = std::move(*done), .was_there = false};
    if (done.error().code != Errc::outcome_unknown) co_return fail(std::move(done.error()));
    auto seen = co_await all_rules(client, deadline);
    if (seen) {
        const auto there =
            std::ranges::find_if(*seen, [&](const TagRule& rule) { return rule.is_ours && rule.tags == tags; });
        if (there != seen->end()) co_return WriteReceipt{.remote_id = there->id, .was_there = false};
    }
    co_return fail(std::move(done.error()));
}

} // namespace dossier::ingest
