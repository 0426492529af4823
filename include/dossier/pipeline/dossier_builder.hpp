#pragma once
// Takes one claimed dossier from the stage after the last stored one to where it must wait for a person or is done:
// normalise → enrich → assess → explain → draft → deliver. Each stage's result is committed before the next begins;
// this file is the place to read what happens to a finding.

#include "dossier/approve/review_queue.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/context/enricher.hpp"
#include "dossier/explain/assessor.hpp"
#include "dossier/explain/governance.hpp"
#include "dossier/explain/llm_classifier.hpp"
#include "dossier/explain/location_rules.hpp"
#include "dossier/explain/narrator.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/ingest/receiver.hpp"
#include "dossier/net/in_flight_limit.hpp"
#include "dossier/pipeline/config.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/action.hpp"
#include "dossier/ticket/delivery.hpp"
#include "dossier/ticket/draft_renderer.hpp"
#include "dossier/ticket/lifecycle.hpp"
#include "dossier/ticket/purview.hpp"
#include "dossier/ticket/write_back.hpp"

#include <functional>
#include <map>
#include <memory>

namespace dossier::pipeline {

/// What the stages need; owned by `app`.
struct Stations {
    store::Store& store;
    ingest::Receiver& receiver;
    context::Enricher& enricher;
    const explain::Assessor& assessor;
    const explain::Governor& governor;
    explain::Narrator& narrator;
    ticket::Delivery& delivery;
    const redact::Redactor& redactor;
    const Clock& clock;
    Metrics& metrics;
    PipelineConfig config;
    std::vector<std::shared_ptr<ingest::PlatformApi>> platforms; ///< to complete what came thin
    std::string default_approval;
    std::string default_sink;
    ticket::Lifecycle* lifecycle = nullptr;  ///< nullptr = tickets are left alone once they are made
    ticket::WriteBack* write_back = nullptr; ///< nullptr = no platform is ever written to
    ticket::GroupConfig group{};             ///< `tickets.group`
    ticket::DueConfig due{};                 ///< `tickets.due`
    const std::vector<ticket::PurviewConfig>* scanners = nullptr; ///< what scans stores; nullptr = nothing
    bool restore_in_tickets = false;                              ///< `redaction.restore_in_tickets`
    const explain::Classifier* classifier = nullptr;              ///< nullptr = only what platforms know counts
    explain::LlmClassifier* llm_classifier = nullptr;             ///< nullptr = what the rules leave open stays open
    std::vector<explain::LocationRule> location_rules{};
    ticket::Actions* actions = nullptr;         ///< nullptr = approved drafts go to trackers and platforms only
    net::InFlightLimit* model_places = nullptr; ///< of the wait for a model; the builder sets it
};

/// Drafts of policies that a person asked for.
struct AskedPolicies {
    std::string dossier_id;
    std::vector<Draft> drafts;        ///< all pending; those that were there already among them
    std::vector<std::string> refused; ///< proposals and groups that got no draft, and why
};

/// Who looks on while a dossier is made on demand; each may be empty. Called on the coroutine's executor.
struct ExplainWatch {
    std::function<void(std::string_view stage)> on_stage; ///< enriching | assessing | explaining, as each begins
    /// What code decided, before any LLM is asked. The evidence is redacted.
    std::function<void(const Assessment& assessment, const EvidenceList& evidence)> on_assessed;
    std::function<void(std::string_view text)> on_text; ///< explain/live_text.hpp: readable, harmless, not verified
    std::function<void()> on_restart;                   ///< a new try begins: the text shown so far is void
};

class DossierBuilder {
public:
    explicit DossierBuilder(Stations stations);
    /// Works until done, waiting or failed, and says how the claim is to be released.
    auto advance(store::Claim claim) -> Task<store::Release>;
    /// Explains findings that are not stored (`POST /v1/explain` with a payload, `dossier explain`): no ticket, no
    /// trace but the audit of its LLM calls.
    auto explain(std::vector<Finding> findings, ExplainWatch watch = {}) -> Task<ticket::WholeDossier>;

    /// Drafts for the policies of a stored finding (`POST /v1/policies`), bound to its dossier. Asked twice, it answers
    /// with the drafts that wait already. `not_found`; `unavailable` before the finding is assessed.
    /// @param sink takes the text once it is approved; "" = the outbox. `invalid_argument` for one that isn't
    /// configured
    auto draft_policies(std::string finding_id, std::string sink, std::string actor) -> Task<Result<AskedPolicies>>;
    /// One draft for each group of like stores, in a dossier of their own.
    auto draft_governance(std::vector<explain::InventoryStore> stores, std::string sink, std::string actor)
        -> Task<Result<AskedPolicies>>;
    /// A draft of the scan that covers a stored finding's store (`POST /v1/scans`). Asked twice, it answers with the
    /// one that waits or is under way. `not_found`; `invalid_argument` where no target or no scan of it fits;
    /// `conflict` for a finding that is over.
    /// @param target "" = the only one
    auto draft_scan(std::string finding_id, std::string target, std::string actor) -> Task<Result<Draft>>;

private:
    [[nodiscard]] auto in_mode(Mode mode) const -> const Stations&;
    /// What becomes of a claim whose run ended with an error: another try, or a dead letter.
    [[nodiscard]] auto failed(store::Claim claim, Stage stage, const Error& error) const -> store::Release;

    std::unique_ptr<net::InFlightLimit> model_places_; ///< `queue.in_flight` of them
    Stations stations_;
    std::vector<Stations> by_mode_; ///< the same in each mode, in the order of the enum: no claim copies them
};

} // namespace dossier::pipeline
