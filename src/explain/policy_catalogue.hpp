#pragma once
// The templates of drafted policies, from the files of config/policies. A template is data: what it is for, whom it
// fits, which facts its texts need, and what judges it. Texts are filled with facts alone, each as a whole literal of
// the text's language (policy_literal.hpp); a text that lacks a fact is left out.

#include "dossier/base/error.hpp"
#include "dossier/base/json.hpp"
#include "dossier/finding/dossier.hpp"
#include "embedded.hpp"

#include <map>
#include <string>
#include <vector>

namespace dossier::explain {

struct PolicyTemplate {
    std::string id;
    std::string version;
    std::string title;
    std::vector<ControlFamily> failed; ///< none = any
    std::vector<std::string> clouds;
    std::vector<std::string> resources; ///< globs over type or id
    std::vector<std::string> controls;
    std::string intent; ///< closes | narrows | hardens
    std::string judge;  ///< bucket_policy | public_access_block | key_policy | identity_policy | ""
    std::string who;    ///< whom it shuts out, where no judge says it
    std::string deed;
    std::string explanation;
    std::vector<PolicyText> texts;
};

using PolicyFacts = std::map<std::string, Json, std::less<>>;

class PolicyCatalogue {
public:
    /// `malformed` with "file:line: …" for the first mistake.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<PolicyCatalogue>;
    /// Those that fit, in the order of the files.
    [[nodiscard]] auto fitting(ControlFamily failed, const Resource& resource) const
        -> std::vector<const PolicyTemplate*>;

private:
    std::vector<PolicyTemplate> templates_;
};

/// The text with every hole filled; nullopt where a fact is missing or can't be written.
[[nodiscard]] auto fill(const PolicyText& text, const PolicyFacts& facts) -> std::optional<PolicyText>;

} // namespace dossier::explain
