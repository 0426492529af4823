#include "dossier/explain/config.hpp"

#include "dossier/base/json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace dossier::explain {
namespace {

auto is_amount(double usd) -> bool { return usd >= 0 && usd <= 1e6; }

/// `{narrative: {"1.0.0": 90, "1.1.0": 10}}`; which versions there are is checked where prompts are known.
auto read_rollout(config::Section& section) -> std::map<std::string, std::map<std::string, double>> {
    std::map<std::string, std::map<std::string, double>> rollout;
    std::string text;
    section.read_json("rollout", text);
    if (text.empty()) return rollout;
    const auto json = parse_json(text);
    const auto complain = [&](std::string what) { section.problem("rollout", std::move(what)); };
    if (!json || !json->is_object()) {
        complain("must name prompts, each with the share of its versions: {narrative: {\"1.0.0\": 90, \"1.1.0\": 10}}");
        return rollout;
    }
    for (const auto& [id, versions] : json->items()) {
        double sum = 0;
        auto& shares = rollout[id];
        const Json named = versions.is_object() ? versions : Json::object();
        for (const auto& [version, share] : named.items()) {
            const double part = share.is_number() ? share.get<double>() : -1;
            if (part < 0 || part > 100) complain(fmt::format("`{}` {} needs a share from 0 to 100", id, version));
            shares[version] = part;
            sum += part;
        }
        if (std::abs(sum - 100) > 1e-6) complain(fmt::format("the shares of `{}` add up to {:g}, not to 100", id, sum));
    }
    return rollout;
}

/// Dollars for a million tokens.
auto read_price(config::Section section) -> LlmPrice {
    LlmPrice price;
    section.read("input", price.input);
    section.read("output", price.output);
    for (const auto* key : {"input", "output"}) section.require(key);
    if (!is_amount(price.input) || !is_amount(price.output)) section.problem("", "must be dollars from 0 to 1000000");
    return price;
}

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
    if (section.has("price")) provider.price = read_price(section.child("price"));
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

/// A mapping of names to dollars a day.
auto read_dollars(config::Section& section, std::string_view key) -> std::map<std::string, double> {
    std::map<std::string, double> limits;
    std::vector<std::pair<std::string, std::string>> entries;
    section.read(key, entries);
    for (const auto& [name, text] : entries) {
        double usd = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), usd);
        if (error != std::errc{} || end != text.data() + text.size() || !is_amount(usd))
            section.problem(key, fmt::format("`{}` needs dollars a day, such as 2.50", name));
        else if (usd > 0)
            limits.emplace(name, usd);
    }
    return limits;
}

auto read_budget(config::Section section) -> LlmBudget {
    LlmBudget budget;
    section.read("tokens_per_minute", budget.tokens_per_minute);
    section.read("usd_per_day", budget.usd_per_day);
    if (!is_amount(budget.usd_per_day)) section.problem("usd_per_day", "must be dollars from 0 to 1000000");
    budget.usd_per_source = read_dollars(section, "per_source");
    budget.usd_per_route = read_dollars(section, "per_route");
    return budget;
}

} // namespace

auto read_llm(config::Section section) -> LlmConfig {
    LlmConfig llm;
    std::vector<std::string> names;
    auto sections = section.items("providers");
    for (auto& provider : sections) {
        llm.providers.push_back(read_provider(provider, names));
        const bool follows_template =
            llm.providers.size() > 1 && llm.providers[llm.providers.size() - 2].kind == "template";
        if (follows_template) provider.warning("", "is never asked: the template narrator before it can't fail");
    }
    section.read("prompts", llm.prompts);
    llm.rollout = read_rollout(section);
    llm.budget = read_budget(section.child("budget"));
    for (std::size_t i = 0; i < sections.size() && llm.budget.is_in_money(); ++i) {
        if (llm.providers[i].kind != "template" && !sections[i].has("price"))
            sections[i].problem("price", "is needed: without it the budget in money (`llm.budget`) can't hold; "
                                         "{input: 0, output: 0} is for a model that costs nothing");
    }
    section.read("cache", llm.cache);
    section.read("share", llm.share);
    if (llm.share && !llm.cache) section.problem("share", "needs `cache: true`: shared texts are kept there");
    return llm;
}

} // namespace dossier::explain
