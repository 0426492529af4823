#pragma once
// The last step of every adapter: what was read becomes a whole Finding. What the payload lacks is completed where that
// is honest (a title from the id, medium severity) and said in the facts; what follows from the rest (classes and
// exposure a title speaks of, control family, fingerprint, exposure key) is derived here, once for all platforms.

#include "dossier/finding/finding.hpp"
#include "dossier/ingest/config.hpp"

#include <optional>
#include <string>

namespace dossier::ingest {

struct FindingDraft {
    Finding finding;
    std::optional<Severity> severity;
    std::optional<FindingType> type;
    std::string title_if_none; ///< "Wiz issue 92c4…"; "" = an item without title is none
};

/// The delivery names the finding and leaves out what matters of it (title, severity or resource): templates are the
/// customer's own. Ask before `complete`, which fills in.
[[nodiscard]] auto is_thin(const FindingDraft& draft) -> bool;
/// A draft that knows its source and platform.
[[nodiscard]] auto draft_for(const SourceConfig& config) -> FindingDraft;
/// @return `malformed` when nothing identifies the finding
[[nodiscard]] auto complete(FindingDraft draft) -> Result<Finding>;

} // namespace dossier::ingest
