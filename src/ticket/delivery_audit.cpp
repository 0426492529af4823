#include "delivery_audit.hpp"

#include "dossier/base/json.hpp"

namespace dossier::ticket {

auto ticket_audit(Timestamp now, std::string action, const store::Intent& intent, AuditExtra extra)
    -> store::AuditEntry {
    const auto ticket = intent.ticket.value_or(TicketRef{});
    Json details{{"sink", intent.sink}, {"key", extra.key.empty() ? ticket.key : extra.key}};
    if (!intent.draft_id.empty()) details["draft_id"] = intent.draft_id;
    if (!intent.content_hash.empty()) details["content_hash"] = intent.content_hash;
    if (!extra.key.empty()) details["original"] = ticket.key;
    if (!extra.event_id.empty()) details["event_id"] = extra.event_id;
    if (!extra.assignee.empty()) details["assignee"] = extra.assignee;
    if (!extra.assigned) details["assigned"] = false;
    if (extra.found) details["found"] = true;
    store::AuditEntry entry;
    entry.time = now;
    entry.action = std::move(action);
    entry.dossier_id = intent.dossier_id;
    entry.details = dump_json(details);
    return entry;
}

} // namespace dossier::ticket
