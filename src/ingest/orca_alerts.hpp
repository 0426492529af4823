#pragma once
// Orca's alerts (VENDORS §3): one by id, all that changed since a cursor, comments and status.
//
// Changes are asked of the serving layer by `LastUpdated`, oldest first, in every status. Pages follow the time of the
// last alert and not an index: an alert that changes meanwhile moves to the end, and an index would then skip its
// neighbour. Where an answer is not in that order, the index is used after all. The cursor stays five minutes behind
// the newest change, so that an index that lags hides nothing.

#include "dossier/ingest/adapter.hpp"
#include "dossier/ingest/platform_api.hpp"

#include "orca_query.hpp"

namespace dossier::ingest {

/// The flat alert, whatever envelope it came in. `not_found` where Orca knows no such id.
class OrcaAlert {
public:
    explicit OrcaAlert(JsonDocument document);
    [[nodiscard]] auto view() const -> JsonView;

private:
    JsonDocument document_;
};
auto orca_alert(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<OrcaAlert>>;

/// @param adapter says which id the finding will have
[[nodiscard]] auto orca_item(JsonView alert, const Adapter& adapter) -> ApiItem;

/// Without `why_not_delivered`: that is a matter of the automations (orca_delivery.hpp).
struct OrcaPage {
    ChangePage changes;
    JsonDocument answer; ///< its `data` are the alerts, in the order of the items
};
auto orca_changes(RestClient& client, const Adapter& adapter, std::string cursor, Timestamp since, Deadline deadline)
    -> Task<Result<OrcaPage>>;

/// Every call of Orca's adds one more comment, so the event log is searched for the key before, and after an outcome
/// that nobody knows.
auto orca_comment(RestClient& client, std::string source_id, std::string text, std::string key, Deadline deadline)
    -> Task<Result<WriteReceipt>>;

/// The event log, the newest first as Orca has it.
auto orca_remarks(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>>;

auto orca_set_status(RestClient& client, std::string source_id, Status status, Deadline deadline)
    -> Task<Result<WriteReceipt>>;

} // namespace dossier::ingest
