#pragma once
// Audit entries of writes to a tracker: where, which ticket, which content.

#include "dossier/store/records.hpp"

#include <string>

namespace dossier::ticket {

struct AuditExtra {
    bool found = false;   ///< not made by this call, but found by its key
    std::string key;      ///< another ticket than the intent's
    std::string event_id; ///< of a comment
    std::string assignee; ///< wished
    bool assigned = true;
};

[[nodiscard]] auto ticket_audit(Timestamp now, std::string action, const store::Intent& intent, AuditExtra extra)
    -> store::AuditEntry;

} // namespace dossier::ticket
