#include "dossier/context/config.hpp"

#include "aws_config.hpp"
#include "cmdb_config.hpp"
#include "policy_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace dossier::context {
namespace {

using Keys = std::vector<std::string_view>;

/// What a kind of provider needs and takes besides `kind`, `name` and the limits that all of them have.
struct KindKeys {
    std::string_view section;
    std::string_view kind;
    Keys required;
    Keys optional;
};

const Keys aws_keys = {"access_key_id", "secret_access_key", "session_token", "role_arn", "endpoints"};

auto with(Keys keys, const Keys& more) -> Keys {
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
}

auto kinds() -> const std::vector<KindKeys>& {
    static const std::vector<KindKeys> table = {
        {"identity", "file", {"path"}, {}},
        {"identity", "scim", {"url"}, {"token", "auth_url", "client_id", "client_secret", "scope"}},
        {"identity", "okta", {"url"}, {"token", "auth_url", "client_id", "private_key", "key_id", "scope"}},
        {"identity", "msgraph", {"tenant_id", "client_id", "client_secret"}, {"url", "auth_url", "scope"}},
        {"identity", "aws_iam", {"region"}, with({"analyzer_arn", "calls"}, aws_keys)},
        {"identity", "aws_identity_center", {"region", "identity_store_id"}, aws_keys},
        {"cmdb", "file", {"path"}, {}},
        {"cmdb", "servicenow", {"url"}, {"user", "password", "auth_url", "client_id", "client_secret", "table", "map"}},
        {"cmdb", "http", {"url", "map"}, {"headers", "token", "user", "password"}},
        {"cmdb", "backstage", {"url"}, {"token", "annotations"}},
    };
    return table;
}

auto kinds_of(std::string_view section) -> Keys {
    Keys words;
    for (const auto& kind : kinds())
        if (kind.section == section) words.push_back(kind.kind);
    return words;
}

void read_keys(config::Section& section, ProviderConfig& provider) {
    section.read("path", provider.path);
    section.read_url("url", provider.url);
    section.read("token", provider.token);
    section.read("user", provider.user);
    section.read("password", provider.password);
    section.read_url("auth_url", provider.auth_url);
    section.read("client_id", provider.client_id);
    section.read("client_secret", provider.client_secret);
    section.read("scope", provider.scope);
    section.read("tenant_id", provider.tenant_id);
    section.read("private_key", provider.private_key);
    section.read("key_id", provider.key_id);
    section.read("region", provider.region);
    section.read("identity_store_id", provider.identity_store_id);
    section.read("access_key_id", provider.access_key_id);
    section.read("secret_access_key", provider.secret_access_key);
    section.read("session_token", provider.session_token);
    section.read("role_arn", provider.role_arn);
    section.read("analyzer_arn", provider.analyzer_arn);
    section.read("endpoints", provider.endpoints);
    section.read("table", provider.table);
    section.read("headers", provider.headers);
    section.read("map", provider.map);
    section.read("annotations", provider.annotations);
    section.read_words("calls", provider.calls,
                       {"tags", "analyzer", "bucket", "organization", "account", "trail", "simulate"});
    section.read("rate", provider.rate);
    section.read("max_in_flight", provider.max_in_flight);
    section.read("cache_ttl", provider.cache_ttl);
}

/// Every key that belongs to some kind and not to this one.
void refuse_foreign(config::Section& section, const KindKeys& mine) {
    const auto takes = [&](std::string_view key) {
        return std::ranges::count(mine.required, key) + std::ranges::count(mine.optional, key) > 0;
    };
    Keys refused;
    for (const auto& other : kinds()) {
        for (const auto* list : {&other.required, &other.optional}) {
            for (const auto key : *list) {
                if (takes(key) || std::ranges::find(refused, key) != refused.end() || !section.has(key)) continue;
                refused.push_back(key);
                section.problem(key, fmt::format("is not used by kind `{}`", mine.kind));
            }
        }
    }
}

/// Directories that can be signed in to in two ways: by a token, or as an OAuth client with these keys.
void check_sign_in(config::Section& section, std::string_view kind) {
    Keys client;
    if (kind == "scim") client = {"auth_url", "client_id", "client_secret"};
    if (kind == "okta") client = {"client_id", "private_key"};
    if (client.empty()) return;
    const bool is_client = std::ranges::any_of(client, [&](auto key) { return section.has(key); });
    if (section.has("token") && is_client)
        section.problem("token", fmt::format("use either `token` or `{}`", fmt::join(client, "`, `")));
    if (section.has("token")) return;
    if (!is_client) section.problem("token", fmt::format("is required, or `{}`", fmt::join(client, "`, `")));
    if (is_client)
        for (const auto key : client) section.require(key);
}

auto read_providers(config::Section& root, std::string_view key) -> std::vector<ProviderConfig> {
    std::vector<ProviderConfig> providers;
    std::vector<std::string> names;
    for (auto& section : root.items(key)) {
        ProviderConfig provider;
        section.require("kind");
        section.read_word("kind", provider.kind, kinds_of(key));
        if (section.has("name")) {
            section.read_name("name", provider.name, names);
        } else {
            provider.name = provider.kind;
            for (int next = 2; std::ranges::find(names, provider.name) != names.end(); ++next)
                provider.name = fmt::format("{}-{}", provider.kind, next);
            names.push_back(provider.name);
        }
        read_keys(section, provider);
        const auto mine = std::ranges::find_if(
            kinds(), [&](const KindKeys& one) { return one.section == key && one.kind == provider.kind; });
        if (mine == kinds().end()) continue;
        for (const auto needed : mine->required) section.require(needed);
        refuse_foreign(section, *mine);
        if (key == "cmdb") check_cmdb_entry(section, provider);
        if (provider.kind.starts_with("aws_")) aws::check_provider(section, provider);
        check_sign_in(section, mine->kind);
        providers.push_back(std::move(provider));
    }
    return providers;
}

} // namespace

auto read_context(config::Section& root) -> ContextConfig {
    ContextConfig context;
    context.identity = read_providers(root, "identity");
    context.cmdb = read_providers(root, "cmdb");
    auto section = root.child("context");
    section.read("timeout", context.timeout);
    section.read("graph_timeout", context.graph_timeout);
    section.read("cache_ttl", context.cache_ttl);
    section.read("cache_negative_ttl", context.cache_negative_ttl);
    section.read("cache_stale", context.cache_stale);
    section.read("max_in_flight", context.max_in_flight, 1);
    section.read("cache_entries", context.cache_entries, 1);
    section.read("policies", context.policies);
    for (const auto& place : context.policies)
        if (const auto fault = fault_in_policy_place(place); !fault.empty()) section.problem("policies", fault);
    if (context.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (context.graph_timeout.count() <= 0) section.problem("graph_timeout", "must be longer than nothing");
    return context;
}

} // namespace dossier::context
