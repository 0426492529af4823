#pragma once
// The platforms' words as ours: severities, statuses, clouds (VENDORS §§1.4, 2.4, 3.4), and what labels and prose say
// about data, exposure and the kind of finding. Labels (a classification, a detector's name) are read generously; prose
// (a rule's name) is read narrowly, since a rule that mentions a password is not a store that holds some.

#include "dossier/finding/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

/// critical | high | important | medium | moderate | … in any case; nullopt for other words.
[[nodiscard]] auto severity_from_word(std::string_view word) -> std::optional<Severity>;
[[nodiscard]] auto status_from_word(std::string_view word) -> std::optional<Status>;
/// "Google Cloud Platform" → gcp, "shiftleft" → code; other words in lower case.
[[nodiscard]] auto cloud_from_word(std::string_view word) -> std::string;

/// Adds the classes that an explicit label names; an unknown label becomes a class of its own where `keep_unknown`.
void add_class_of_label(std::vector<std::string>& classes, std::string_view label, bool keep_unknown);
/// Adds the classes that a sentence names.
void add_classes_in_prose(std::vector<std::string>& classes, std::string_view prose);

/// One word or label: public, internet_facing, private, conditional, …
[[nodiscard]] auto exposure_from_label(std::string_view label) -> Exposure;
[[nodiscard]] auto exposure_from_prose(std::string_view prose) -> Exposure;

/// What a title speaks of; nullopt when it could be anything.
[[nodiscard]] auto finding_type_from_prose(std::string_view prose) -> std::optional<FindingType>;

} // namespace dossier::ingest
