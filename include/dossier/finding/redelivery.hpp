#pragma once
// What a delivery means for a finding that may be known already. None of the platforms signs, numbers or orders its
// deliveries, so this decides from content and times alone: a byte-wise or semantic repeat is a duplicate, an older
// version that comes late is one too, and a change is an update or a resolution. The same state reads differently in a
// webhook and in the platform's API; between those two forms only what both can say counts (docs/decisions/0010).

#include "dossier/base/time.hpp"
#include "dossier/finding/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

enum class Outcome { created, updated, duplicate, resolved, quarantined };
[[nodiscard]] auto to_string(Outcome) -> std::string_view;

/// Whose words a version is in: a delivery is a template that customers edit, an API object is not.
enum class Form { delivery, api };

/// What a finding says in every form.
struct FindingState {
    Status status = Status::open;
    Severity severity = Severity::medium;
    bool severity_assumed = false; ///< the payload named none
    Exposure exposure = Exposure::unknown;
    std::string rule; ///< id; "" where the form doesn't say
    std::string title;
    bool is_partial = false; ///< severity and title stand in for what is to be fetched
};
[[nodiscard]] auto state_of(const Finding& finding) -> FindingState;
/// Text form for the store. What can't be read gives nullopt.
[[nodiscard]] auto state_text(const FindingState& state) -> std::string;
[[nodiscard]] auto parse_state(std::string_view text) -> std::optional<FindingState>;

/// Hash of what means a change in that form. In an API object, work that has begun is no change (we may have said so
/// ourselves); of an unclassified store, samples, object names and the time of its scan differ from look to look.
[[nodiscard]] auto content_hash(const Finding& finding, Form form) -> std::string;

/// What the store knows of a finding when a delivery for it comes in.
struct KnownFinding {
    FindingState state;
    Form form = Form::delivery; ///< of the current version
    std::string content_hash;
    std::string twin_hash; ///< the current version as told in the other form; "" = not seen in it
    std::optional<Timestamp> last_seen;
    Timestamp received_at{};                 ///< of the current version
    std::vector<std::string> earlier_hashes; ///< contents of versions before the current one, in either form
    bool was_delivered = false;              ///< a delivery has come at all
};

struct IncomingFinding {
    FindingState state;
    Form form = Form::delivery;
    std::string content_hash;
    std::optional<Timestamp> last_seen;
    bool is_first_report = false;
};

/// @param known nullptr = never seen
[[nodiscard]] auto outcome_of(const KnownFinding* known, const IncomingFinding& incoming) -> Outcome;
[[nodiscard]] auto is_over(Status status) -> bool;

} // namespace dossier
