#include "dossier/explain/config.hpp"

#include <fmt/format.h>

namespace dossier::explain {
namespace {

auto read_provider(config::Section& section, std::vector<std::string>& names) -> LlmProviderConfig {
    LlmProviderConfig provider;
    section.read_name("name", provider.name, names);
    section.require("kind");
    section.read_word("kind", provider.kind, {"openai", "azure_openai", "anthropic", "bedrock", "template"});
    section.read_url("url", provider.url);
    section.read("model", provider.model);
    section.read("api_key", provider.api_key);
    section.read("timeout", provider.timeout);
    section.read("max_in_flight", provider.max_in_flight, 1);
    section.read_word("max_tokens_field", provider.max_tokens_field, {"max_completion_tokens", "max_tokens"});
    section.read("max_tokens", provider.max_tokens, 16);
    if (provider.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (provider.kind == "openai") {
        section.require("url");
        section.require("model");
    } else if (!provider.kind.empty() && provider.kind != "template") {
        section.unavailable("kind", fmt::format("the LLM kind `{}`", provider.kind));
        for (const auto* key : {"region", "deployment", "api_version", "profile"}) section.ignore(key);
    }
    return provider;
}

} // namespace

auto read_llm(config::Section section) -> LlmConfig {
    LlmConfig llm;
    std::vector<std::string> names;
    for (auto& provider : section.items("providers")) {
        llm.providers.push_back(read_provider(provider, names));
        const bool follows_template =
            llm.providers.size() > 1 && llm.providers[llm.providers.size() - 2].kind == "template";
        if (follows_template) provider.warning("", "is never asked: the template narrator before it can't fail");
    }
    section.read("prompts", llm.prompts);
    auto budget = section.child("budget");
    budget.read("tokens_per_minute", llm.tokens_per_minute);
    double usd_per_day = 0;
    budget.read("usd_per_day", usd_per_day);
    if (usd_per_day > 0) budget.unavailable("usd_per_day", "a budget in money");
    if (usd_per_day < 0) budget.problem("usd_per_day", "must not be negative");
    section.read("cache", llm.cache);
    return llm;
}

} // namespace dossier::explain
