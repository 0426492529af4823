#pragma once
// What a simulation knows of the past: each decision that was taken, with what it was taken from, as little of it as
// deciding it again needs. Read once, in any order; what is needed whole is read again when its turn comes.

#include "dossier/context/context_replay.hpp"
#include "dossier/pipeline/mode.hpp"
#include "dossier/pipeline/simulation.hpp"

#include <optional>
#include <set>

namespace dossier::pipeline {

/// A revision of a dossier with everything that was known for it.
struct StoredRevision {
    int number = 0;
    std::vector<Finding> findings; ///< of it, the most severe first
    Context context;               ///< as stored
    Assessment assessment;
    Narrative narrative;
    RouteDecision route;
    Timestamp begun_at{}; ///< about when it was claimed
    Timestamp assessed_at{};
    Timestamp explained_at{};
    Timestamp decided_at{};
    bool was_narrated = false; ///< for this revision, and not taken over from an earlier one
};
/// @param revision of the row @return nullopt = it was never decided on; `malformed` when a document can't be read
[[nodiscard]] auto stored_revision(const store::DossierRow& row, int revision) -> Result<std::optional<StoredRevision>>;

/// One decision of the past, and what it needs to be taken again.
struct PastDecision {
    std::size_t dossier = 0; ///< index in History::dossiers
    int revision = 0;
    int generation = 1; ///< of the ticket
    bool is_standing = false;
    Timestamp begun_at{};
    Timestamp decided_at{};
    std::optional<Timestamp> told_at; ///< when its narrative was begun; nullopt = it was taken over
    Finding worst;                    ///< without its content
    Context context;                  ///< owner and environment, as they would be
    Assessment assessment;            ///< risk, as it would be
    std::string owner_before;
    double risk_before = 0;
    std::optional<std::size_t> actions_seen; ///< of the hour before, where they kept a person in the loop
    Narrative narrative;                     ///< as it was, without its text
    RouteDecision route;                     ///< as it was
    std::string approval_of_tags;            ///< of its classification draft; "" = there was none
    std::optional<Timestamp> settled_at;     ///< when its ticket's draft was decided on
    bool was_decided_by_service = false;
    bool was_said_already = false;  ///< its ticket said just that: nobody had to decide again
    std::vector<Timestamp> actions; ///< what was done without a person
};

/// The window of like dossiers that one was in.
struct PastWindow {
    std::string key;
    Timestamp begins_at{};
    Timestamp ends_at{};
    bool has_formed = false; ///< there were enough of them
    std::string facts;
};

struct PastDossier {
    std::string id;
    std::string finding_id;
    std::string title;
    std::optional<PastWindow> window;
    bool was_grouped = false; ///< at any time
};

/// The draft of a group as a decision on it sees it.
struct PastGroup {
    std::string approval;
    Draft draft; ///< without text
};

struct History {
    std::vector<PastDossier> dossiers;
    std::vector<PastDecision> decisions;
    std::map<std::string, PastGroup> groups;          ///< by their dossier
    std::vector<std::pair<Timestamp, Mode>> switches; ///< of the mode, oldest first: what each allowed at most
    std::vector<Timestamp> orphaned_actions;          ///< automatic ones before the first decision that is replayed
    std::set<std::string> narrative_notes;            ///< that stand on narratives
    std::optional<std::size_t> hourly_limit;          ///< that was met; nullopt = it never was
    std::size_t under_way = 0;
    std::size_t dead = 0;
    /// What the switch allowed then.
    [[nodiscard]] auto switched_at(Timestamp at) const -> Mode;
    /// What it allowed a decision. Work ends in the mode in which it was claimed: where the switch was used meanwhile,
    /// the decision itself says whether it had been used yet.
    [[nodiscard]] auto switched_for(const PastDecision& past) const -> Mode;
};

struct HistoryTimes {
    Timestamp from{};  ///< decisions of this time and later are taken again,
    Timestamp since{}; ///< from here on reported,
    Timestamp until{}; ///< and up to here
};
[[nodiscard]] auto read_history(const TriedConfig& config, const SimulationRooms& rooms, context::ContextReplay& replay,
                                HistoryTimes times) -> Task<Result<History>>;

} // namespace dossier::pipeline
