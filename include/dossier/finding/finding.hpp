#pragma once
// A finding: one statement of one platform about one resource, in canonical form. Adapters make it from a payload,
// everything later reads only this; a payload field that is not here never reaches a prompt or a ticket.
// Field names follow OCSF 1.8 Data Security Finding where it has one.

#include "dossier/base/time.hpp"
#include "dossier/finding/vocabulary.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

using Tags = std::vector<std::pair<std::string, std::string>>;

struct Rule {
    std::string id;
    std::string name;
};

struct Resource {
    std::string id; ///< the provider's id: ARN, Azure path, GCP resource name, platform id; "" if unknown
    std::string name;
    std::string type;    ///< the platform's native word ("bucket", "virtualMachine", …)
    std::string cloud;   ///< aws | azure | gcp | oci | alibaba | kubernetes | code | other lower-case word | ""
    std::string account; ///< account, subscription or project id; AWS ids padded to 12 digits
    std::string account_name;
    std::string region;
    Tags tags;
    std::string url; ///< the resource in the cloud provider's console
};

/// A column, key or member of a store whose content is to be classified.
struct DataField {
    std::string container; ///< table, collection, object or file that has it
    std::string name;
    std::string type; ///< as the store names it
};

struct DataProfile {
    std::vector<std::string>
        classes; ///< pii | phi | pci | financial | secrets | customer | other words, lower case, sorted
    std::vector<std::string> identifiers; ///< detector names of the platform ("Credit Card Number"), as sent
    std::optional<std::int64_t> volume;   ///< records or objects concerned
    std::vector<std::string> samples;     ///< rows, at most 100, masked before they are stored; never raw values
    std::vector<DataField> fields;        ///< schema of an unclassified store
    std::vector<std::string> objects;     ///< names of its objects or tables
    std::vector<std::pair<std::string, std::string>>
        texts; ///< what the platform gives of documents: name, and its words, redacted before they are stored
};

struct Finding {
    std::string id;       ///< ours, `fnd_…`; given by the store
    std::string source;   ///< configured source name
    std::string platform; ///< adapter kind: wiz | prisma | orca | generic
    std::string source_id;
    std::string fingerprint;
    std::string exposure_key;
    std::string title;
    std::string description;
    std::string recommendation;
    Severity severity = Severity::medium;
    Status status = Status::open;
    FindingType finding_type = FindingType::other;
    ControlFamily control = ControlFamily::other;
    Rule rule;
    Resource resource;
    DataProfile data;
    Exposure exposure = Exposure::unknown;
    std::vector<std::string> owner_hints; ///< people or teams the platform names (project owner, account owner)
    std::vector<std::string> projects;    ///< the platform's own grouping
    std::optional<Timestamp> first_seen;
    std::optional<Timestamp> last_seen;
    std::string url;                     ///< the finding in the platform's console
    std::vector<std::string> compliance; ///< as the platform names them
    std::vector<std::pair<std::string, std::string>>
        facts;                    ///< further allow-listed facts (MITRE tactic, risk factor …)
    bool is_first_report = false; ///< the platform calls this delivery the creation; it can't follow an update
    bool is_test = false;         ///< the platform's own test delivery
    bool is_partial = false;      ///< the delivery carried only part of it: the rest is to be fetched by source_id
};

/// Per-source identity, stable over redeliveries and updates: hash of source and source_id; without a source id of
/// source, rule, resource identity and title. "" when those are missing too (such an item is quarantined).
[[nodiscard]] auto make_fingerprint(const Finding& finding) -> std::string;
/// Identity of a resource across platforms: its provider id in canonical form (case, ARN partition kept, query cut),
/// else cloud+account+type+name. "" when unknown.
[[nodiscard]] auto resource_identity(const Resource& resource) -> std::string;
/// Cross-platform identity of the exposure: resource identity × control family. Falls back to the fingerprint, which
/// never merges, when the resource is unknown or the control family is `other`.
[[nodiscard]] auto make_exposure_key(const Finding& finding) -> std::string;
/// Hash of everything that means a change to a reader; times of seeing are left out, so that a rescan is no update.
[[nodiscard]] auto content_hash(const Finding& finding) -> std::string;
/// Orders findings of one dossier: the most severe first, then by id and source, so that the order is reproducible.
void most_severe_first(std::vector<Finding>& findings);
/// Control family from the words a platform uses (title, rule name, category), data and exposure.
[[nodiscard]] auto control_family_of(const Finding& finding) -> ControlFamily;

} // namespace dossier
