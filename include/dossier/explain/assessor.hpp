#pragma once
// The assess stage, in code, before any LLM is asked: risk with each factor shown, the regulations that data class and
// failed control touch (from the knowledge base in config/compliance), remediation steps and a policy snippet from the
// templates in config/remediation, filled with real names. Deterministic.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"

#include <memory>

namespace dossier::explain {

class Assessor {
public:
    /// @param directory with compliance/ and remediation/; "" = config/ if it has them, else the built-in copy
    [[nodiscard]] static auto load(const std::string& directory) -> Result<std::unique_ptr<Assessor>>;
    ~Assessor();
    /// @param findings of one dossier, the most severe first
    [[nodiscard]] auto assess(const std::vector<Finding>& findings, const Context& context) const -> Assessment;

private:
    struct Impl;
    explicit Assessor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::explain
