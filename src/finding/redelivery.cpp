#include "dossier/finding/redelivery.hpp"

#include <algorithm>

namespace dossier {

namespace {

auto is_over(Status status) -> bool { return status == Status::resolved || status == Status::suppressed; }

auto change_to(Status status) -> Outcome { return is_over(status) ? Outcome::resolved : Outcome::updated; }

} // namespace

auto to_string(Outcome outcome) -> std::string_view {
    switch (outcome) {
    case Outcome::created:
        return "created";
    case Outcome::updated:
        return "updated";
    case Outcome::duplicate:
        return "duplicate";
    case Outcome::resolved:
        return "resolved";
    case Outcome::quarantined:
        return "quarantined";
    }
    return "quarantined";
}

auto outcome_of(const KnownFinding* known, const IncomingFinding& incoming) -> Outcome {
    if (known == nullptr) return is_over(incoming.status) ? Outcome::resolved : Outcome::created;
    if (known->content_hash == incoming.content_hash) return Outcome::duplicate;

    const bool both_dated = known->last_seen && incoming.last_seen;
    const bool is_newer = both_dated && *incoming.last_seen > *known->last_seen;
    const bool is_older = both_dated && *incoming.last_seen < *known->last_seen;
    if (is_older) return Outcome::duplicate; // an overtaken version
    // A report of the creation can't follow the version that is known: it was overtaken.
    if (incoming.is_first_report && !is_newer) return Outcome::duplicate;
    // A version that stood before the current one: a late redelivery, unless it is dated later (flapping).
    if (std::ranges::find(known->earlier_hashes, incoming.content_hash) != known->earlier_hashes.end() && !is_newer)
        return Outcome::duplicate;
    // A change from over to over (resolved to suppressed) still is news, but not a second resolution of an open
    // finding.
    return change_to(incoming.status);
}

} // namespace dossier
