#pragma once
// What the findings of AWS's own services share: results of data classification, effective permissions of buckets, and
// links into the console of the right partition.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/finding.hpp"

#include <string>
#include <string_view>

namespace dossier::ingest {

/// Macie's `sensitiveData` (or Security Hub's `SensitiveData`): categories → classes, detections → identifiers, their
/// counts → volume.
void read_sensitive_data(Finding& finding, JsonView categories);
/// Macie's `customDataIdentifiers`: what the customer looks for by own patterns.
void read_custom_identifiers(Finding& finding, JsonView identifiers);
/// PUBLIC | NOT_PUBLIC | UNKNOWN.
[[nodiscard]] auto exposure_of_permission(std::string_view effective_permission) -> Exposure;
/// https://console.aws.amazon.com/<service>/home?region=<region>#<fragment>, by partition; "" without a region.
[[nodiscard]] auto aws_console_url(std::string_view partition, std::string_view service, std::string_view region,
                                   std::string_view fragment) -> std::string;

} // namespace dossier::ingest
