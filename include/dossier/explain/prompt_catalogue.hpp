#pragma once
// Versioned prompts: one Markdown file a version in `llm.prompts`, front matter (YAML: id, version, schema, params,
// changes) and text. The answer schema stands beside the prompt as JSON Schema. The hash covers file and schema, and
// goes on every answer. README.md and CHANGELOG.md are for people.

#include "dossier/base/error.hpp"
#include "dossier/base/fixed_text.hpp"
#include "dossier/finding/dossier.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dossier::explain {

struct Prompt {
    PromptRef ref;
    FixedText text;   ///< the instructions (system message)
    FixedText schema; ///< JSON Schema of the answer, as text
    double temperature = 0;
    std::size_t max_tokens = 0;       ///< 0 = provider's
    std::vector<std::string> changes; ///< against the version before, and why
};

/// Prompt id → version → share of 100.
using Rollout = std::map<std::string, std::map<std::string, double>>;

class PromptCatalogue {
public:
    /// @param directory "" = config/prompts if it exists, else the built-in prompts
    [[nodiscard]] static auto load(const std::string& directory) -> Result<PromptCatalogue>;
    /// The newest version of `id` (versions compare as dotted numbers), or exactly `version`.
    [[nodiscard]] auto find(std::string_view id, std::string_view version = {}) const -> Result<Prompt>;
    /// Shares that hold for `choose` from now on. `not_found` names a prompt or version that isn't there.
    auto roll_out(Rollout rollout) -> Result<void>;
    /// The version of `id` that `key` (a dossier's id) falls to: the newest, or by the shares of the rollout. The same
    /// key falls to the same version for as long as the shares stay, also after a restart and on other replicas.
    [[nodiscard]] auto choose(std::string_view id, std::string_view key) const -> Result<Prompt>;
    [[nodiscard]] auto all() const -> const std::vector<Prompt>& { return prompts_; } ///< newest first

private:
    std::vector<Prompt> prompts_;
    Rollout rollout_;
};

} // namespace dossier::explain
