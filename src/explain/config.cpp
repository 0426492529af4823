#include "dossier/explain/config.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

void read_azure(config::Section& section, LlmProviderConfig& provider) {
    for (const auto* key : {"url", "deployment"}) section.require(key);
    section.read("deployment", provider.deployment);
    if (provider.model.empty()) provider.model = provider.deployment;
    section.read("api_version", provider.api_version);
    section.read("tenant_id", provider.tenant_id);
    section.read("client_id", provider.client_id);
    section.read("client_secret", provider.client_secret);
    section.read_url("authority", provider.authority);
    const bool has_any = !provider.tenant_id.empty() || !provider.client_id.empty() || !provider.client_secret.empty();
    const bool has_all = !provider.tenant_id.empty() && !provider.client_id.empty() && !provider.client_secret.empty();
    if (has_any != has_all || has_all == !provider.api_key.empty())
        section.problem("", "needs either `api_key`, or `tenant_id`, `client_id` and `client_secret`");
}

void read_bedrock(config::Section& section, LlmProviderConfig& provider) {
    for (const auto* key : {"region", "model"}) section.require(key);
    section.read("region", provider.region);
    if (provider.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
        section.problem("region", "expected the name of a region, as eu-west-1");
    section.read("access_key_id", provider.access_key_id);
    section.read("secret_access_key", provider.secret_access_key);
    section.read("session_token", provider.session_token);
    section.read("role_arn", provider.role_arn);
    section.read_url("sts_url", provider.sts_url);
    // Half a pair would fall back to the environment in silence and ask as somebody else.
    if (provider.access_key_id.empty() != provider.secret_access_key.empty())
        section.problem(provider.access_key_id.empty() ? "access_key_id" : "secret_access_key",
                        "access_key_id and secret_access_key belong together");
    if (!provider.session_token.empty() && provider.access_key_id.empty())
        section.problem("session_token", "works only with access_key_id and secret_access_key");
    if (!provider.api_key.empty() && (!provider.access_key_id.empty() || !provider.role_arn.empty()))
        section.problem("api_key", "is a Bedrock API key and stands instead of access keys and roles");
}

/// Headers that a provider sets itself, or that would lead past what the configuration says.
void check_headers(config::Section& section, const LlmProviderConfig& provider) {
    for (const auto& [name, value] : provider.headers) {
        static constexpr std::array taken = {"authorization",  "api-key", "x-api-key", "content-type",
                                             "content-length", "host",    "accept"};
        if (std::ranges::find(taken, lower(name)) != taken.end())
            section.problem("headers", fmt::format("`{}` is set by the provider itself", name));
        if (value.find_first_of("\r\n") != std::string::npos)
            section.problem("headers", fmt::format("the value of `{}` holds a line break", name));
    }
}

/// What binds the answer to its schema, and the dialect of the vendor.
void read_means(config::Section& section, LlmProviderConfig& provider) {
    const bool has_tools = provider.kind == "anthropic" || provider.kind == "bedrock";
    const std::vector<std::string_view> means =
        has_tools ? std::vector<std::string_view>{"json_schema", "tool", "none"}
                  : std::vector<std::string_view>{"json_schema", "json_object", "none"};
    section.read_word("structured", provider.structured, means);
    if (!has_tools)
        section.read_word("max_tokens_field", provider.max_tokens_field, {"max_completion_tokens", "max_tokens"});
}

void read_endpoint(config::Section& section, LlmProviderConfig& provider) {
    section.read_url("url", provider.url);
    section.read("model", provider.model);
    section.read("api_key", provider.api_key);
    section.read("timeout", provider.timeout);
    if (provider.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    section.read("max_wait", provider.max_wait);
    section.read("max_in_flight", provider.max_in_flight, 1);
    section.read("max_tokens", provider.max_tokens, 16);
    section.read("context_window", provider.context_window);
    if (provider.context_window > 0 && provider.context_window <= provider.max_tokens)
        section.problem("context_window", fmt::format("must be larger than max_tokens ({}): prompt and answer share it",
                                                      provider.max_tokens));
    section.read("headers", provider.headers);
    check_headers(section, provider);
    read_means(section, provider);
    if (provider.kind == "openai" || provider.kind == "anthropic")
        for (const auto* key : {"url", "model"}) section.require(key);
    if (provider.kind == "anthropic") section.read("version", provider.version);
    if (provider.kind == "azure_openai") read_azure(section, provider);
    if (provider.kind == "bedrock") read_bedrock(section, provider);
}

auto read_provider(config::Section& section, std::vector<std::string>& names) -> LlmProviderConfig {
    LlmProviderConfig provider;
    section.read_name("name", provider.name, names);
    section.require("kind");
    section.read_word("kind", provider.kind, {"openai", "azure_openai", "anthropic", "bedrock", "template"});
    read_endpoint(section, provider);
    if (section.has("price")) provider.price = read_price(section.child("price"));
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
    section.read("share_storms_of", llm.share_storms_of);
    if (llm.share && !llm.cache) section.problem("share", "needs `cache: true`: shared texts are kept there");
    return llm;
}

} // namespace dossier::explain
