#pragma once
// Writing back to Wiz. Every write looks first at what is there: a note that carries the key, a ticket of that number,
// a status that is set already are taken as done by an earlier attempt. A write whose outcome nobody knows is looked
// for once more before that is said.

#include "dossier/ingest/platform_api.hpp"
#include "wiz_client.hpp"

#include <string>

namespace dossier::ingest {

/// Adds `text` as a note; the key becomes part of it where it isn't yet.
auto wiz_comment(WizClient& client, std::string issue, std::string text, std::string key, Deadline deadline)
    -> Task<Result<WriteReceipt>>;
auto wiz_link_ticket(WizClient& client, std::string issue, TicketRef ticket, Deadline deadline)
    -> Task<Result<WriteReceipt>>;
/// Only what Wiz allows: resolved only for threats; the other issues close themselves when their cause is gone.
auto wiz_set_status(WizClient& client, std::string issue, Status status, std::string note, Deadline deadline)
    -> Task<Result<WriteReceipt>>;

/// One line that says what follows, then the list form, byte for byte: Wiz has no call that labels a resource.
[[nodiscard]] auto wiz_classification_note(const Resource& resource, const Classification& classification,
                                           std::string_view key) -> std::string;

} // namespace dossier::ingest
