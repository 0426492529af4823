#pragma once
// The closed vocabularies of the model. Their words are part of the outer contract (API filters, configuration,
// exports) and follow OCSF Data Security Finding (class 2006) where that class has one.

#include <optional>
#include <string_view>

namespace dossier {

enum class Severity { informational, low, medium, high, critical }; // ordered: comparisons mean "worse"
enum class Status { open, in_progress, resolved, suppressed };
enum class Exposure { public_, cross_account, internal, none, unknown };
enum class FindingType {
    sensitive_data,    ///< personal, health, card or secret data found where it may be at risk
    unclassified_data, ///< a store whose sensitivity nobody knows
    misconfiguration,
    vulnerability,
    threat,   ///< something happened: detections, anomalies, malware
    identity, ///< excessive or stale access
    other,
};
enum class Environment { prod, staging, test, dev, unknown };
enum class Criticality { low, medium, high, critical, unknown };
/// How far a finding has come; DESIGN §10.
enum class Stage {
    received,
    normalised,
    enriched,
    assessed,
    explained,
    drafted,
    awaiting_approval,
    delivered,
    closed,
    digested,
    dead,
};

/// Which kind of control failed, across platforms: half of a finding's cross-platform identity (`exposure_key`) and
/// the key into regulations and remedies.
enum class ControlFamily {
    public_access,    ///< reachable by anyone
    excessive_access, ///< reachable by too many, cross-account sharing
    encryption,       ///< at rest or in transit
    logging,
    backup_retention,
    network_exposure, ///< ports, security groups, load balancers
    data_at_risk,     ///< sensitive data found, no single control named
    classification,   ///< unknown content
    credentials,      ///< keys, secrets, passwords, MFA
    vulnerability,
    malware,
    threat,
    other,
};

[[nodiscard]] auto to_string(Severity) -> std::string_view;
[[nodiscard]] auto to_string(Status) -> std::string_view;
[[nodiscard]] auto to_string(Exposure) -> std::string_view; ///< "public" for public_
[[nodiscard]] auto to_string(FindingType) -> std::string_view;
[[nodiscard]] auto to_string(Environment) -> std::string_view;
[[nodiscard]] auto to_string(Criticality) -> std::string_view;
[[nodiscard]] auto to_string(Stage) -> std::string_view;
[[nodiscard]] auto to_string(ControlFamily) -> std::string_view;

/// Exact canonical word back to its value: `parse<Severity>("high")`.
template <class E>
[[nodiscard]] auto parse_word(std::string_view word) -> std::optional<E>;

/// Free-text environment names: production|prod|live|prd → prod, stage → staging, …; else unknown.
[[nodiscard]] auto environment_from_text(std::string_view text) -> Environment;
/// Unknown counts as prod wherever a guardrail asks.
[[nodiscard]] auto counts_as_prod(Environment) -> bool;

} // namespace dossier
