#pragma once
// What a delivery means for a finding that may be known already. None of the platforms signs, numbers or orders its
// deliveries, so this decides from content and times alone: a byte-wise or semantic repeat is a duplicate, an older
// version that comes late is one too, and a change is an update or a resolution.

#include "dossier/base/time.hpp"
#include "dossier/finding/vocabulary.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

enum class Outcome { created, updated, duplicate, resolved, quarantined };
[[nodiscard]] auto to_string(Outcome) -> std::string_view;

/// What the store knows of a finding when a delivery for it comes in.
struct KnownFinding {
    Status status = Status::open;
    std::string content_hash;
    std::optional<Timestamp> last_seen;
    std::vector<std::string> earlier_hashes; ///< contents of versions before the current one
};

struct IncomingFinding {
    Status status = Status::open;
    std::string content_hash;
    std::optional<Timestamp> last_seen;
    bool is_first_report = false;
};

/// @param known nullptr = never seen
[[nodiscard]] auto outcome_of(const KnownFinding* known, const IncomingFinding& incoming) -> Outcome;

} // namespace dossier
