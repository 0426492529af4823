#pragma once
// Prisma Cloud's alerts (VENDORS §2.3, 2.5; pan.dev "Alerts", "Time Range Model"): one by id, all that changed since a
// cursor, and the few changes of state that a client may make. Alerts of Data Security are alerts like any other.
//
// Changes are asked for by windows of `timeRange.type = ALERT_UPDATED`, in every status, over `pageToken`. A window
// begins five minutes before the newest change that was seen, on Prisma Cloud's own clock, so that neither a clock that
// differs nor an index that lags hides an alert.

#include "dossier/ingest/platform_api.hpp"

#include "rest_client.hpp"

namespace dossier::ingest {

/// @param page_size alerts of one answer; smaller ones are tried where an answer gets too large
auto prisma_changes(RestClient& client, std::string cursor, Timestamp since, Deadline deadline)
    -> Task<Result<ChangePage>>;
/// The alert as Prisma Cloud gives it, with `policy` and `resource`.
auto prisma_alert(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<JsonDocument>>;
[[nodiscard]] auto prisma_item(JsonView alert) -> ApiItem;

/// Why no webhook was sent for the alert's present status, by the alert rules that cover it; "" = one should have been,
/// or the alert doesn't say.
[[nodiscard]] auto why_prisma_was_silent(JsonView alert) -> std::string;

/// `open` reopens, `suppressed` dismisses with the note (there is no dismissal without one). The others are
/// `invalid_argument`: the scanner alone resolves, and there is no "in progress".
auto prisma_set_status(RestClient& client, std::string source_id, Status status, std::string note, Deadline deadline)
    -> Task<Result<WriteReceipt>>;

} // namespace dossier::ingest
