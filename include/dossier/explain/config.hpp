#pragma once
// Section `llm`.

#include "dossier/base/config.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

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
};

struct LlmConfig {
    std::vector<LlmProviderConfig> providers; ///< in this order; `template` is always last, named or not
    std::string prompts;               ///< directory; "" = config/prompts if it exists, else the built-in prompts
    std::size_t tokens_per_minute = 0; ///< 0 = no limit; over it → next provider
    bool cache = true;
};
[[nodiscard]] auto read_llm(config::Section section) -> LlmConfig;

} // namespace dossier::explain
