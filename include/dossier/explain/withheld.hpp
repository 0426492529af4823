#pragma once
// Findings and contexts as they may be told on: what reads like an instruction to a model is neither shown to one nor
// posted to a tracker, where people and further models read. Names of resources, people and accounts stay, since a
// ticket without them is none; the original stays with the finding.

#include "dossier/finding/dossier.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

inline constexpr auto withheld_mark = "(withheld: the text reads like an instruction)";

/// Where a text reads like an instruction.
struct TamperSign {
    std::string place; ///< "the title": names of fields only, the hostile text has no place in a statement about it
    std::string kind;  ///< what it reads like
};

/// What reads like an instruction in findings and their context. Every text has to be looked at for it.
struct Orders {
    std::vector<std::vector<TamperSign>> of_findings; ///< finding by finding
    std::vector<TamperSign> of_context;
};
[[nodiscard]] auto orders_in(const std::vector<Finding>& findings, const Context& context) -> Orders;

/// Findings and their context as they may be told; where nothing is withheld, the originals, which have to outlive it.
class Told {
public:
    /// @param orders of these findings and this context
    Told(const std::vector<Finding>& findings, const Context& context, const Orders& orders);

    [[nodiscard]] auto findings() const -> const std::vector<Finding>& {
        return own_findings_ ? *own_findings_ : findings_;
    }
    [[nodiscard]] auto context() const -> const Context& { return own_context_ ? *own_context_ : context_; }

private:
    const std::vector<Finding>& findings_;
    const Context& context_;
    std::optional<std::vector<Finding>> own_findings_;
    std::optional<Context> own_context_;
};

} // namespace dossier::explain
