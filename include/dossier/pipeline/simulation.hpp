#pragma once
// What would have been under another configuration (`dossier simulate`): the stored decisions of a time are taken
// again, in their order, by the functions that the pipeline itself decides with, and held against what was decided.
// Nothing is written to the store that is looked at, and nobody outside is asked: there is no client here to ask with.
//
// A decision is taken again from what it was taken from: the findings as they are stored, the context of its dossier
// (sources that answer from files are asked anew, context/context_replay.hpp) and its classification and narrative.
// Windows of time (automatic actions of an hour, budgets of a day, the highest risks, groups of like findings) are
// counted in a scratch store, by the statements that count them in the service.

#include "dossier/approve/rules.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/context/config.hpp"
#include "dossier/explain/assessor.hpp"
#include "dossier/explain/config.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/pipeline/config.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/config.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dossier::pipeline {

/// What decides, of the configuration that is tried.
struct TriedConfig {
    PipelineConfig pipeline;
    context::ContextConfig context;
    explain::LlmConfig llm;
    ticket::TicketConfig tickets;
    approve::ApprovalConfig approval;
    /// The store doesn't keep who might have decided on a draft: what was is told by these rules.
    approve::ApprovalConfig approval_before;
};

/// Outlive the simulation.
struct SimulationRooms {
    store::Store& history; ///< only read
    store::Store& scratch; ///< empty; gone afterwards
    const explain::Assessor& assessor;
    std::shared_ptr<const explain::PromptCatalogue> prompts;
    std::shared_ptr<const redact::Redactor> redactor;
    Metrics& metrics;
};

/// Who decides whether a ticket, or a classification, is carried out.
struct Deciders {
    std::string by = "nobody"; ///< nobody | person | service
    std::string when;          ///< before_create | before_assign; "" = no person is asked
    std::vector<std::string> roles;
    bool owner = false;
    bool four_eyes = false;
    bool wants_reason = false;
    std::size_t rule = 0;             ///< number of the approval rule, from 1; 0 = none matches
    std::vector<std::string> reasons; ///< guardrails that held, in words
};
/// What a person would notice: the number of a rule and the words of a guardrail are no difference.
[[nodiscard]] auto same_deciders(const Deciders& a, const Deciders& b) -> bool;

/// What was, or would have been, decided on one dossier.
struct Verdict {
    std::string route;
    std::string action; ///< ticket | classify | digest
    std::string sink;   ///< that takes the ticket; "" = there is none
    std::string group;  ///< dossier whose ticket stands for this one; "new-1" for one that never was; "" = its own
    std::string owner;  ///< e-mail, else id; "" = nobody
    Deciders approval;
    std::string narrative;    ///< provider that writes it; template
    double usd = 0;           ///< of its narratives within the time looked at
    bool is_estimate = false; ///< nobody was asked: the cost is reckoned from the prompt
};

struct SimulatedChange {
    std::string dossier_id;
    std::string finding_id; ///< its worst
    std::string title;
    Severity severity = Severity::medium;
    Timestamp decided_at{};
    Verdict was;
    Verdict would;
    std::vector<std::string>
        fields; ///< that differ: route | action | sink | group | owner | approval | narrative | cost
};

/// One side, counted.
struct SimulatedTotals {
    std::size_t tickets = 0; ///< one for a group
    std::size_t grouped = 0; ///< dossiers that share one
    std::size_t classify = 0;
    std::size_t digests = 0;
    std::size_t by_person = 0; ///< dossiers
    std::size_t by_service = 0;
    std::size_t without_owner = 0;
    std::size_t llm_narratives = 0;
    double usd = 0;
    std::map<std::string, std::size_t> sinks;  ///< tickets
    std::map<std::string, std::size_t> routes; ///< dossiers
    std::map<std::string, std::size_t> owners; ///< dossiers; "" = nobody
};

struct Simulation {
    Timestamp since{};
    Timestamp until{};
    std::size_t compared = 0;  ///< dossiers
    std::size_t under_way = 0; ///< not decided yet: left out
    std::size_t dead = 0;      ///< dead letters: left out
    std::size_t estimated = 0; ///< dossiers whose cost is an estimate
    SimulatedTotals was;
    SimulatedTotals would;
    std::vector<SimulatedChange> changes; ///< newest decision first
};

/// @param since dossiers whose standing decision is not older are compared @param until nor newer
/// @return `storage` or `malformed` for a store that can't be read, `unavailable` for a context file
[[nodiscard]] auto simulate(TriedConfig config, SimulationRooms rooms, Timestamp since, Timestamp until)
    -> Task<Result<Simulation>>;

} // namespace dossier::pipeline
