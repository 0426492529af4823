#pragma once
// Context windows that vendors publish for the models they serve themselves (their model pages, 2026). What runs on
// somebody's own server has the window that was configured there, so open weights are not listed.

#include <cstddef>
#include <string_view>

namespace dossier::explain {

/// Tokens of prompt and answer; 0 = not known. `llm.providers[].context_window` wins over this.
[[nodiscard]] auto known_context_window(std::string_view model) -> std::size_t;

} // namespace dossier::explain
