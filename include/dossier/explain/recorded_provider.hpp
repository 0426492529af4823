#pragma once
// Stands in for a configured LLM where nothing may be asked: it has that one's name, model, price and window, and its
// answers are what somebody remembers. So budgets, prices and the order of providers are tried by the gateway itself.

#include "dossier/explain/llm_provider.hpp"

#include <functional>
#include <memory>

namespace dossier::explain {

/// @param provider configured name of who is asked. A answer that tells no tokens is charged by the gateway's estimate.
using Recall = std::function<Result<LlmAnswer>(const std::string& provider)>;

[[nodiscard]] auto make_recorded_provider(const LlmProviderConfig& config, Recall recall)
    -> std::unique_ptr<LlmProvider>;

} // namespace dossier::explain
