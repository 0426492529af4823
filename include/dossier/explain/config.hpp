#pragma once
// Section `llm`.

#include "dossier/base/config.hpp"

#include <cstdint>
#include <map>
#include <string>
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
    std::string kind; ///< openai | template
    std::string url;  ///< base with version, …/v1
    std::string model;
    Secret api_key;
    Duration timeout{60'000};
    std::size_t max_in_flight = 64;
    std::string max_tokens_field = "max_completion_tokens"; ///< older compatible servers know only max_tokens
    std::size_t max_tokens = 2'000;
    std::size_t context_window = 0; ///< tokens of prompt and answer; 0 = as known for the model, else no limit
    LlmPrice price;
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
};
[[nodiscard]] auto read_llm(config::Section section) -> LlmConfig;

} // namespace dossier::explain
