#pragma once
// Section `llm`.

#include "dossier/base/config.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dossier::explain {

/// US dollars for a million tokens; 0 = costs nothing or is not known.
struct LlmPrice {
    double input = 0;
    double output = 0;
    [[nodiscard]] auto of(std::int64_t prompt_tokens, std::int64_t completion_tokens) const -> double {
        return (input * static_cast<double>(prompt_tokens) + output * static_cast<double>(completion_tokens)) / 1e6;
    }
};

struct LlmProviderConfig {
    std::string name;
    std::string kind; ///< openai | azure_openai | anthropic | bedrock | template
    /// openai, anthropic: base with version, …/v1; azure_openai: the resource; bedrock: "" = AWS' own endpoint
    std::string url;
    std::string model; ///< azure_openai: the model behind the deployment, for its context window
    Secret api_key;
    std::string structured = "json_schema";                   ///< json_schema | tool | json_object | none
    std::vector<std::pair<std::string, std::string>> headers; ///< for gateways; values may be secrets
    Duration max_wait{10'000}; ///< for a rate limit's reset; past it the next provider is asked
    Duration timeout{60'000};
    std::size_t max_in_flight = 64;
    std::string max_tokens_field = "max_completion_tokens"; ///< older compatible servers know only max_tokens
    std::size_t max_tokens = 2'000;
    std::size_t context_window = 0; ///< tokens of prompt and answer; 0 = as known for the model, else no limit
    LlmPrice price;

    std::string version = "2023-06-01"; ///< anthropic: header anthropic-version

    std::string deployment;  ///< azure_openai
    std::string api_version; ///< azure_openai; "" = the v1 API
    std::string tenant_id;   ///< azure_openai: Entra instead of a key
    std::string client_id;
    Secret client_secret;
    std::string authority = "https://login.microsoftonline.com";

    std::string region; ///< bedrock
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;
    std::string role_arn;
    std::string sts_url;
};

/// Dollars are of one day (UTC). 0 or no entry = no limit; over a limit → the next provider, in the end the template.
struct LlmBudget {
    std::size_t tokens_per_minute = 0; ///< of prompts and answers, over all providers
    double usd_per_day = 0;
    std::map<std::string, double> usd_per_source; ///< by the configured name
    std::map<std::string, double> usd_per_route;
    [[nodiscard]] auto is_in_money() const -> bool {
        return usd_per_day > 0 || !usd_per_source.empty() || !usd_per_route.empty();
    }
    [[nodiscard]] auto is_limited() const -> bool { return tokens_per_minute > 0 || is_in_money(); }
};

struct LlmConfig {
    std::vector<LlmProviderConfig> providers; ///< in this order; `template` is always last, named or not
    std::string prompts; ///< directory; "" = config/prompts if it exists, else the built-in prompts
    std::map<std::string, std::map<std::string, double>> rollout; ///< prompt id → version → share of 100
    LlmBudget budget;
    bool cache = true;
    bool share = false; ///< like findings share one text, their own facts filled in by code; needs the cache
    /// Without `share`: so many like findings in the making at once are a storm, in which they share all the same; 0 =
    /// never. Nothing of it needs the setting: who has few findings has a text for each.
    std::size_t share_storms_of = 64;
};
[[nodiscard]] auto read_llm(config::Section section) -> LlmConfig;

} // namespace dossier::explain
