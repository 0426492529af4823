#include "dossier/context/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace dossier::context {
namespace {

auto read_providers(config::Section& root, std::string_view key, const std::vector<std::string_view>& kinds)
    -> std::vector<ProviderConfig> {
    std::vector<ProviderConfig> providers;
    std::vector<std::string> names;
    for (auto& section : root.items(key)) {
        ProviderConfig provider;
        section.require("kind");
        section.read_word("kind", provider.kind, kinds);
        if (section.has("name")) {
            section.read_name("name", provider.name, names);
        } else {
            provider.name = provider.kind;
            for (int next = 2; std::ranges::find(names, provider.name) != names.end(); ++next)
                provider.name = fmt::format("{}-{}", provider.kind, next);
            names.push_back(provider.name);
        }
        section.read("path", provider.path);
        if (provider.kind == "file")
            section.require("path");
        else if (!provider.kind.empty())
            section.unavailable("kind", fmt::format("the {} source `{}`", key, provider.kind));
        for (const auto* other : {"url", "token", "user", "password", "headers", "map", "table", "domain", "tenant_id",
                                  "client_id", "client_secret", "region", "identity_store_id"})
            if (provider.kind == "file" && section.has(other))
                section.problem(other, "is not used by kind `file`");
            else
                section.ignore(other);
        if (!provider.kind.empty()) providers.push_back(std::move(provider));
    }
    return providers;
}

} // namespace

auto read_context(config::Section& root) -> ContextConfig {
    ContextConfig context;
    context.identity =
        read_providers(root, "identity", {"file", "scim", "okta", "msgraph", "aws_iam", "aws_identity_center"});
    context.cmdb = read_providers(root, "cmdb", {"file", "servicenow", "http"});
    auto section = root.child("context");
    section.read("timeout", context.timeout);
    section.read("cache_ttl", context.cache_ttl);
    section.read("max_in_flight", context.max_in_flight, 1);
    if (context.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    return context;
}

} // namespace dossier::context
