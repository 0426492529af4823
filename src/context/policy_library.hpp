#pragma once
// The documents of one place, cut into sections and indexed once, and what of them bears on a finding.

#include "dossier/finding/dossier.hpp"
#include "policy_document.hpp"
#include "policy_relevance.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::context {

class PolicyLibrary {
public:
    void add(const PolicyDocument& document);
    [[nodiscard]] auto sections() const -> std::size_t { return sections_.size(); }
    /// At most a few quotations, the most relevant first; kind `company`, origin "policies:<file>#<heading>".
    [[nodiscard]] auto relevant_to(const Finding& finding) const -> std::vector<PolicyFact>;

private:
    struct Section {
        std::string document;
        std::string title;
        PolicySection section;
        IndexedText index;
    };
    std::vector<Section> sections_;
};

} // namespace dossier::context
