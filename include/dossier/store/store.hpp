#pragma once
// The store: every fact dossier must not lose, behind small interfaces. A write completes after it is durable (survives
// kill -9 and power loss); writes of many callers share one transaction. Completions arrive on the awaiting coroutine's
// executor. Errors: `storage` (can't read or write; nothing of that write happened), `not_found`, `conflict`,
// `invalid_argument` (a cursor that no list gave). Consumers take the narrowest interface that serves them.

#include "dossier/base/task.hpp"
#include "dossier/base/units.hpp"
#include "dossier/store/chat.hpp"
#include "dossier/store/records.hpp"
#include "dossier/store/spending.hpp"

#include <map>
#include <memory>

namespace dossier::store {

/// What arrives.
class IntakeStore {
public:
    virtual ~IntakeStore() = default;
    /// All items in one transaction. A finding is recognised by (source, fingerprint) and judged by `outcome_of`; a new
    /// one joins the dossier of its exposure_key or opens one. Created, updated and resolved findings make their
    /// dossier ready. The same bytes quarantined again count up instead of filling the list. Where there is one audit
    /// entry for each item, an entry that names no finding gets the item's finding and dossier ids, which nobody knew;
    /// what a poller found to be known leaves none. A partial finding that is `completable` is marked to be fetched;
    /// one that is known already keeps its version, and its dossier becomes ready for the look. `conflict` on a stale
    /// cursor. Deliveries are counted by source and day (`PollStore::deliveries`).
    virtual auto commit_intake(Intake intake, std::vector<AuditEntry> audit)
        -> Task<Result<std::vector<IntakeResult>>> = 0;
    /// Acknowledged findings whose automatic stages are not done (DESIGN §10 "Capacity"). Kept in memory; cheap.
    [[nodiscard]] virtual auto backlog() const -> std::size_t = 0;
    /// The same by source; one that has none is left out.
    [[nodiscard]] virtual auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> = 0;
    virtual auto list_quarantine(Page page) -> Task<Result<Listing<QuarantineRow>>> = 0;
    virtual auto get_quarantine(std::string id) -> Task<Result<QuarantineRow>> = 0;
    /// Takes a quarantined item in after all; its row then names the finding.
    virtual auto accept_quarantined(std::string id, IntakeItem item, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<IntakeResult>> = 0;
};

/// What is to be done. A dossier with work is *ready* from a time on; whoever claims it holds a lease.
class WorkStore {
public:
    virtual ~WorkStore() = default;
    /// Up to `limit` ready dossiers without a live lease. Worse ones go first and sources in turns, in shares that
    /// starve nobody (base/turn_order.hpp), the oldest of each first. Fence grows by one each.
    virtual auto claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
        -> Task<Result<std::vector<Claim>>> = 0;
    virtual auto renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> = 0;
    /// The wall clock was set back: what waits for a time beyond `now` is due (whoever finds it too early waits on),
    /// and no lease ends later than one that begins now. @param is_certain false = only where the store knows of
    /// something that happened after `now`. @return whether anything was done
    virtual auto reschedule(Timestamp now, Duration lease, bool is_certain) -> Task<Result<bool>> = 0;
    /// When the next dossier becomes ready (or a lease runs out); nullopt = nothing is waiting.
    virtual auto next_ready_at() -> Task<Result<std::optional<Timestamp>>> = 0;
    /// The dossier with findings (raw included), results of the current revision and drafts.
    virtual auto load_work(std::string dossier_id) -> Task<Result<DossierRow>> = 0;
    /// A finding that a delivery changed after the claim is left as delivered; a draft that a person decided on or
    /// rewrote keeps their word where the commit still calls it pending.
    virtual auto commit_stage(StageCommit commit) -> Task<Result<void>> = 0;
    /// Takes what the API said of a finding that waits for it: judged by `outcome_of` against the current version, kept
    /// as its new version unless it is a duplicate. One that had a dossier of its own for want of a resource moves into
    /// the dossier of its exposure, or gives its dossier that exposure. A finding that a delivery changed after the
    /// claim is left as delivered.
    virtual auto complete_finding(FetchCommit completion) -> Task<Result<FetchOutcome>> = 0;
    /// Ends a claim. `done` leaves the dossier ready if anything arrived since it was claimed. So does `dead`: then
    /// there is no dead letter (one a dossier, naming its worst unfinished finding) and the audit entries are left out.
    virtual auto release(Release release) -> Task<Result<void>> = 0;
    /// Gives up all leases of `owner` at the end of a drain; "" = everybody's, by the first process after a crash.
    virtual auto abandon_leases(std::string owner) -> Task<Result<void>> = 0;
    /// Asks for a new revision from `from` on.
    virtual auto request_replay(std::string finding_id, Stage from, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<void>> = 0;
    virtual auto list_dead_letters(Page page) -> Task<Result<Listing<DeadLetter>>> = 0;
    /// Makes the dossier ready again with its attempts forgotten. `conflict` when redriven already.
    virtual auto redrive(std::string dead_letter_id, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<DeadLetter>> = 0;
};

/// Who asks the platforms, how far they are, and what never came by itself.
class PollStore {
public:
    virtual ~PollStore() = default;
    virtual auto get_cursor(std::string name) -> Task<Result<std::optional<Cursor>>> = 0;
    /// The singleton `name` until `now` + `lease`; nullopt while somebody else has it. Its own one is prolonged.
    virtual auto acquire_singleton(std::string name, std::string owner, Timestamp now, Duration lease)
        -> Task<Result<std::optional<Singleton>>> = 0;
    /// `conflict` when somebody else has taken over.
    virtual auto renew_singleton(Singleton held, Timestamp until) -> Task<Result<void>> = 0;
    /// Gives up all singletons of `owner`; "" = everybody's, by the first process after a crash.
    virtual auto release_singletons(std::string owner) -> Task<Result<void>> = 0;

    /// Findings of a source that came by the backlog and are not over, with their raw form, after finding `after` ("" =
    /// from the first on), in a fixed order.
    virtual auto open_backlog(std::string source, std::string after, std::size_t limit)
        -> Task<Result<std::vector<FindingRow>>> = 0;

    /// Counts once what a poller found and no delivery brought within the grace: reasons with their numbers.
    virtual auto note_missing(std::string source, Timestamp now)
        -> Task<Result<std::vector<std::pair<std::string, std::int64_t>>>> = 0;
    /// Newest day first, then by source.
    virtual auto deliveries(DeliveryFilter filter, Timestamp now) -> Task<Result<std::vector<DeliveryDay>>> = 0;
};

/// What can be looked at.
class QueryStore {
public:
    virtual ~QueryStore() = default;
    virtual auto list_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingRow>>> = 0;
    /// The same rows, newest first, as facts to compute with. Read in pages of some thousand, so that a question about
    /// all findings never holds up a list.
    virtual auto scan_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingFacts>>> = 0;
    virtual auto get_finding(std::string id) -> Task<Result<FindingRow>> = 0;
    virtual auto list_dossiers(Page page) -> Task<Result<Listing<DossierRow>>> = 0;
    /// With findings (no raw), results of *all* revisions and drafts. One whose finding has moved into the dossier of
    /// its exposure is that dossier from then on.
    virtual auto get_dossier(std::string id) -> Task<Result<DossierRow>> = 0;
};

/// What people decide on.
class DraftStore {
public:
    virtual ~DraftStore() = default;
    virtual auto list_drafts(DraftFilter filter, Page page) -> Task<Result<Listing<Draft>>> = 0;
    virtual auto get_draft(std::string id) -> Task<Result<Draft>> = 0;
    /// Takes drafts in that a person asked for, all of one dossier (their `dossier_id`).
    /// @param opens_dossier it is a new one, of these drafts alone and without findings; else `not_found` for an id
    ///        that no dossier has
    virtual auto add_drafts(std::vector<Draft> drafts, bool opens_dossier, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<void>> = 0;
    /// Replaces title, body, assignee and payload of a pending draft whose content still is `expected_hash`, and keeps
    /// the revision. `conflict` otherwise.
    virtual auto edit_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                            std::vector<AuditEntry> audit) -> Task<Result<Draft>> = 0;
    /// What people changed, the first change first; at most 1000.
    virtual auto draft_revisions(std::string id) -> Task<Result<std::vector<DraftRevision>>> = 0;
    /// pending → `decision` (approved, rejected or expired), bound to `expected_hash`. Makes the dossier ready.
    /// `conflict` (message says who decided) when it is not pending any more or its content changed.
    virtual auto decide_draft(std::string id, std::string expected_hash, DraftState decision, std::string actor,
                              std::string comment, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<Draft>> = 0;
};

/// Words that hold for all replicas.
class SettingStore {
public:
    virtual ~SettingStore() = default;
    virtual auto get_setting(std::string name) -> Task<Result<std::optional<Setting>>> = 0;
    /// @param setting an empty value takes it back
    virtual auto put_setting(Setting setting, std::vector<AuditEntry> audit) -> Task<Result<void>> = 0;
};

/// What people have corrected.
class CorrectionStore {
public:
    virtual ~CorrectionStore() = default;
    /// Those of the keys that have one.
    virtual auto corrections_of(std::vector<std::string> keys) -> Task<Result<std::vector<Correction>>> = 0;
    /// DraftStore::edit_draft and what the edit corrects, in one commit: neither is ever seen without the other. The
    /// later word on a key replaces the earlier one. Makes the draft's dossier ready, which is to follow it.
    virtual auto correct_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                               std::vector<Correction> corrections, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<Draft>> = 0;
};

/// Side effects outside, each recorded before it is tried.
class EffectStore {
public:
    virtual ~EffectStore() = default;
    /// The intent under `intent.key`: the existing one, or this one inserted as planned.
    virtual auto begin_intent(Intent intent) -> Task<Result<Intent>> = 0;
    /// `conflict`, and nothing is written, where somebody else has begun a try since this intent was read, or has its
    /// ticket: whoever was overtaken (its lease ran out while it stood still) must not do it, too.
    virtual auto save_intent(Intent intent, std::vector<AuditEntry> audit) -> Task<Result<void>> = 0;
    /// Every intent of a dossier, in the order of their keys.
    virtual auto intents_of(std::string dossier_id) -> Task<Result<std::vector<Intent>>> = 0;
    /// Done intents whose sweep is due.
    virtual auto intents_to_sweep(Timestamp now, std::size_t limit) -> Task<Result<std::vector<Intent>>> = 0;
    /// What the service did without a person since `since` (audit actions `draft.approved_automatically` and
    /// `writeback.done_automatically`), for automate.max_actions_per_hour.
    virtual auto automatic_actions_since(Timestamp since) -> Task<Result<std::size_t>> = 0;
    /// LLM answers by exact key (prompt hash, evidence hash, model).
    virtual auto cached_answer(std::string key) -> Task<Result<std::optional<std::string>>> = 0;
    virtual auto cache_answer(std::string key, std::string answer, Timestamp at) -> Task<Result<void>> = 0;
};

/// Tickets after their creation: what they were told, and what became of them in their trackers.
class TicketStore {
public:
    virtual ~TicketStore() = default;
    /// Those of a dossier, the newest generation last.
    virtual auto tickets_of(std::string dossier_id) -> Task<Result<std::vector<TicketRow>>> = 0;
    /// What a ticket is to be told or to do next (intents that are planned, each with its body) together with what it
    /// knows from then on, so that neither is true without the other. Looks that were asked for meanwhile stay wanted.
    /// An intent whose key is there already is left as it is. `conflict` on a stale claim.
    virtual auto plan_ticket(Claim claim, TicketRow row, std::vector<Intent> planned, std::vector<AuditEntry> audit)
        -> Task<Result<void>> = 0;
    /// Makes the dossiers of these tickets ready for a look. Event ids are remembered for some days. `conflict` on a
    /// stale cursor.
    virtual auto note_ticket_news(TicketNews news) -> Task<Result<TicketNewsCount>> = 0;
};

/// Like findings that share one ticket.
class GroupStore {
public:
    virtual ~GroupStore() = default;
    /// Takes the claimed dossier into the group of its key that is open now; one that belongs to a group stays there.
    /// With the last that was missing the group forms: it gets its dossier, and its earlier members become ready. A
    /// formed group becomes ready with each one that joins.
    virtual auto join_group(Claim claim, GroupWish wish, Timestamp at) -> Task<Result<GroupView>> = 0;
    /// The group that a dossier belongs to, or stands for.
    virtual auto group_of(std::string dossier_id) -> Task<Result<std::optional<GroupView>>> = 0;
    /// Open ones first, then by severity and time of joining.
    virtual auto group_members(std::string group_dossier_id, std::size_t limit)
        -> Task<Result<std::vector<GroupMember>>> = 0;
    /// Something became of a member: its group, if it is formed, becomes ready.
    virtual auto tell_group(std::string dossier_id, Timestamp at) -> Task<Result<void>> = 0;
    /// What became of the claimed group's draft is what became of the members that wait for it.
    virtual auto settle_members(Claim claim, Stage stage, std::optional<TicketRef> ticket, Timestamp at)
        -> Task<Result<void>> = 0;
};

/// What may be spent on LLMs. Each decision is one transaction: neither replicas nor a restart can spend a limit twice.
class SpendStore {
public:
    virtual ~SpendStore() = default;
    /// Books the most that a call can cost, unless a limit has no room for it; then nothing is booked but the refusal.
    virtual auto reserve_spend(Reservation reservation) -> Task<Result<std::optional<SpendRefusal>>> = 0;
    /// Replaces a reservation by what was used, on the day of the reservation. A second settlement changes nothing.
    virtual auto settle_spend(Settlement settlement) -> Task<Result<void>> = 0;
    /// Newest day first, then by account.
    virtual auto spending(SpendFilter filter) -> Task<Result<std::vector<SpendDay>>> = 0;
    /// Whether a dossier is among the highest risks of its route's window as it is known now. Of equal risks those that
    /// were granted before come first. What was granted once stays so, what was not is judged anew.
    virtual auto take_narrative_turn(NarrativeTurn turn) -> Task<Result<NarrativeRank>> = 0;
};

/// The audit chain.
class AuditStore {
public:
    virtual ~AuditStore() = default;
    virtual auto append_audit(std::vector<AuditEntry> entries) -> Task<Result<void>> = 0;
    virtual auto list_audit(AuditFilter filter, Page page) -> Task<Result<Listing<AuditRow>>> = 0; ///< newest first
    /// In sequence, for verification and export. @param after records with greater seq
    virtual auto audit_after(std::int64_t after, std::size_t limit) -> Task<Result<std::vector<AuditRow>>> = 0;
    struct Head {
        std::int64_t seq = 0;
        std::string hash;
    };
    virtual auto audit_head() -> Task<Result<Head>> = 0;
};

class Store : public IntakeStore,
              public WorkStore,
              public PollStore,
              public QueryStore,
              public DraftStore,
              public SettingStore,
              public CorrectionStore,
              public EffectStore,
              public TicketStore,
              public GroupStore,
              public SpendStore,
              public ChatStore,
              public AuditStore {
public:
    /// Commits a row: true proof that writes work.
    virtual auto probe() -> Task<Result<void>> = 0;
    /// Called on a thread of the store when a dossier has become ready, here or in another replica, and where that may
    /// have been missed; must not block.
    virtual void on_ready(std::function<void()> wake) = 0;
    /// Completes what is queued and closes. No call after it.
    virtual void close() = 0;
};

struct StoreConfig {
    std::string url = "sqlite:data/dossier.db"; ///< or postgresql://user@host/database, shared by replicas
    Secret password;                            ///< of PostgreSQL, where it asks for one
};

/// Opens (creates, migrates) the store of `config.url`.
[[nodiscard]] auto open_store(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>>;
/// Opens a store to look at it, also while a service works on it: nothing is created or migrated, and whatever would
/// write is `storage`. `not_found` where there is none; `storage` for one of another schema version than this build's.
[[nodiscard]] auto open_store_to_read(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>>;

} // namespace dossier::store
