#pragma once
// Governance drafts for an inventory of stores: like stores (same platform, data, environment and use) form a group,
// and each group gets one draft of a retention rule in the platform's own syntax, with its legal basis and the controls
// that health data asks for. Rules are data (config/policies/90-retention.yaml); texts are filled by code.
// Deterministic.

#include "dossier/base/error.hpp"
#include "dossier/base/time.hpp"
#include "dossier/finding/dossier.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// One store of an inventory; what is not known is "".
struct InventoryStore {
    std::string id;
    std::string name;
    std::string type; ///< the platform's own word: "bucket", "table", "blob container"
    std::string cloud;
    std::string account;
    std::string region;
    std::string environment;
    std::string owner;
    std::string date_column; ///< of a table: what says how old a row is
    std::vector<std::string> data_classes;
    std::vector<std::string> access; ///< access patterns in words: "daily", "archive", "batch"
    std::optional<Timestamp> last_access;
    bool archived = false;
};

/// Reads `[{…}]` or `{"stores":[{…}]}`; members are named as in InventoryStore, `location` is taken for `region`, and
/// `access_patterns` for `access`. `invalid_argument` names the first store that has neither id nor name, or a member
/// of the wrong type; `too_large` over 5,000 stores.
[[nodiscard]] auto read_inventory(std::string_view json) -> Result<std::vector<InventoryStore>>;
/// The store behind a finding.
[[nodiscard]] auto store_of(const Finding& finding, const Context& context) -> InventoryStore;

struct GovernanceDraft {
    std::string group; ///< in words: "3 archived stores in snowflake with customer, pii data (prod)"
    std::vector<InventoryStore> stores;
    PolicyProposal policy;
    std::vector<RegulationRef> basis;
};
struct GovernanceResult {
    std::vector<GovernanceDraft> drafts;  ///< the largest group first
    std::vector<std::string> not_covered; ///< groups that no rule fits, in words
};

class Governor {
public:
    /// @param directory with policies/; "" = config/ if it has it, else the built-in copy
    [[nodiscard]] static auto load(const std::string& directory) -> Result<std::unique_ptr<Governor>>;
    ~Governor();
    [[nodiscard]] auto draft(std::vector<InventoryStore> stores, Timestamp now) const -> GovernanceResult;

private:
    struct Impl;
    explicit Governor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::explain
