#pragma once
// Versioned prompts: one Markdown file a version in `llm.prompts`, front matter (YAML: id, version, schema, params)
// and text. The answer schema stands beside the prompt as JSON Schema. The hash covers file and schema, and goes on
// every answer.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::explain {

struct Prompt {
    PromptRef ref;
    std::string text;   ///< the instructions (system message)
    std::string schema; ///< JSON Schema of the answer, as text
    double temperature = 0;
    std::size_t max_tokens = 0; ///< 0 = provider's
};

class PromptCatalogue {
public:
    /// @param directory "" = config/prompts if it exists, else the built-in prompts
    [[nodiscard]] static auto load(const std::string& directory) -> Result<PromptCatalogue>;
    /// The newest version of `id` (versions compare as dotted numbers), or exactly `version`.
    [[nodiscard]] auto find(std::string_view id, std::string_view version = {}) const -> Result<Prompt>;

private:
    std::vector<Prompt> prompts_;
};

} // namespace dossier::explain
