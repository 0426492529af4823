#pragma once
// What is to be remembered for ever. Any write of the store may carry audit entries: they are committed with it or not
// at all. The chain (sequence, predecessor, hash) is made inside the same transaction by the Sealer that the audit room
// supplies, so that the store stays free of audit's format.

#include "dossier/base/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::store {

struct AuditEntry {
    Timestamp time{};
    std::string actor_type = "service_account"; ///< user | service_account
    std::string actor_id = "dossier";
    std::string action; ///< "finding.received", "llm.called", "ticket.created", "draft.approved" …
    std::string finding_id;
    std::string dossier_id;
    std::string details = "{}"; ///< JSON object; its members stand beside the named ones in the record
    /// More of them, each value canonical JSON (base/canonical_json.hpp) and sealed as it is: what is large is not read
    /// again for it.
    std::vector<std::pair<std::string, std::string>> members;
};

/// A record of the chain as stored.
struct AuditRow {
    std::int64_t seq = 0;
    std::string action; ///< copies of the record's members, for filters only
    std::string actor_id;
    std::string finding_id;
    std::string dossier_id;
    std::string record; ///< the full JSON record, with seq, prev and hash
    std::string hash;
};

/// Makes the record text and its hash from an entry, its sequence number and the hash before it ("" for the first).
using Sealer = std::function<AuditRow(const AuditEntry& entry, std::int64_t seq, const std::string& prev)>;

} // namespace dossier::store
