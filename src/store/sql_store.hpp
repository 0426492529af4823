#pragma once
// The operations of the store, written once for every SQL database: each part of the interface has its own file
// (sql_intake.cpp, sql_work.cpp, sql_polls.cpp, sql_query.cpp, sql_drafts.cpp, sql_settings.cpp, sql_effects.cpp,
// sql_tickets.cpp, sql_groups.cpp, sql_corrections.cpp, sql_chat.cpp, sql_spending.cpp, sql_audit.cpp). A database's
// own store derives from this and serves the two queues with threads of its own: writes in groups that share a
// transaction, reads beside them.
//
// Two things are asked of an operation. It may be run again from the beginning, where the database lost what it had
// done (so it changes nothing that it captured). And it relies on being the only writer: what it read is still so when
// it writes.

#include "job.hpp"
#include "write_session.hpp"

#include "dossier/base/turn_order.hpp"
#include "dossier/store/store.hpp"

namespace dossier::store {

class SqlStore : public Store {
public:
    auto commit_intake(Intake intake, std::vector<AuditEntry> audit)
        -> Task<Result<std::vector<IntakeResult>>> override;
    auto list_quarantine(Page page) -> Task<Result<Listing<QuarantineRow>>> override;
    auto get_quarantine(std::string id) -> Task<Result<QuarantineRow>> override;
    auto accept_quarantined(std::string id, IntakeItem item, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<IntakeResult>> override;

    auto claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
        -> Task<Result<std::vector<Claim>>> override;
    auto renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> override;
    auto reschedule(Timestamp now, Duration lease, bool is_certain) -> Task<Result<bool>> override;
    auto next_ready_at() -> Task<Result<std::optional<Timestamp>>> override;
    auto load_work(std::string dossier_id) -> Task<Result<DossierRow>> override;
    auto commit_stage(StageCommit commit) -> Task<Result<void>> override;
    auto complete_finding(FetchCommit completion) -> Task<Result<FetchOutcome>> override;
    auto release(Release release) -> Task<Result<void>> override;
    auto abandon_leases(std::string owner) -> Task<Result<void>> override;
    auto request_replay(std::string finding_id, Stage from, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<void>> override;
    auto list_dead_letters(Page page) -> Task<Result<Listing<DeadLetter>>> override;
    auto redrive(std::string dead_letter_id, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<DeadLetter>> override;

    auto get_cursor(std::string name) -> Task<Result<std::optional<Cursor>>> override;
    auto acquire_singleton(std::string name, std::string owner, Timestamp now, Duration lease)
        -> Task<Result<std::optional<Singleton>>> override;
    auto renew_singleton(Singleton held, Timestamp until) -> Task<Result<void>> override;
    auto release_singletons(std::string owner) -> Task<Result<void>> override;
    auto open_backlog(std::string source, std::string after, std::size_t limit)
        -> Task<Result<std::vector<FindingRow>>> override;
    auto note_missing(std::string source, Timestamp now)
        -> Task<Result<std::vector<std::pair<std::string, std::int64_t>>>> override;
    auto deliveries(DeliveryFilter filter, Timestamp now) -> Task<Result<std::vector<DeliveryDay>>> override;

    auto list_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingRow>>> override;
    auto scan_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingFacts>>> override;
    auto get_finding(std::string id) -> Task<Result<FindingRow>> override;
    auto list_dossiers(Page page) -> Task<Result<Listing<DossierRow>>> override;
    auto get_dossier(std::string id) -> Task<Result<DossierRow>> override;

    auto list_drafts(DraftFilter filter, Page page) -> Task<Result<Listing<Draft>>> override;
    auto get_draft(std::string id) -> Task<Result<Draft>> override;
    auto add_drafts(std::vector<Draft> drafts, bool opens_dossier, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<void>> override;
    auto edit_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                    std::vector<AuditEntry> audit) -> Task<Result<Draft>> override;
    auto draft_revisions(std::string id) -> Task<Result<std::vector<DraftRevision>>> override;
    auto decide_draft(std::string id, std::string expected_hash, DraftState decision, std::string actor,
                      std::string comment, Timestamp at, std::vector<AuditEntry> audit) -> Task<Result<Draft>> override;

    auto get_setting(std::string name) -> Task<Result<std::optional<Setting>>> override;
    auto put_setting(Setting setting, std::vector<AuditEntry> audit) -> Task<Result<void>> override;

    auto corrections_of(std::vector<std::string> keys) -> Task<Result<std::vector<Correction>>> override;
    auto correct_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                       std::vector<Correction> corrections, Timestamp at, std::vector<AuditEntry> audit)
        -> Task<Result<Draft>> override;

    auto begin_intent(Intent intent) -> Task<Result<Intent>> override;
    auto save_intent(Intent intent, std::vector<AuditEntry> audit) -> Task<Result<void>> override;
    auto intents_of(std::string dossier_id) -> Task<Result<std::vector<Intent>>> override;
    auto intents_to_sweep(Timestamp now, std::size_t limit) -> Task<Result<std::vector<Intent>>> override;
    auto automatic_actions_since(Timestamp since) -> Task<Result<std::size_t>> override;
    auto cached_answer(std::string key) -> Task<Result<std::optional<std::string>>> override;
    auto cache_answer(std::string key, std::string answer, Timestamp at) -> Task<Result<void>> override;

    auto tickets_of(std::string dossier_id) -> Task<Result<std::vector<TicketRow>>> override;
    auto plan_ticket(Claim claim, TicketRow row, std::vector<Intent> planned, std::vector<AuditEntry> audit)
        -> Task<Result<void>> override;
    auto note_ticket_news(TicketNews news) -> Task<Result<TicketNewsCount>> override;

    auto join_group(Claim claim, GroupWish wish, Timestamp at) -> Task<Result<GroupView>> override;
    auto group_of(std::string dossier_id) -> Task<Result<std::optional<GroupView>>> override;
    auto group_members(std::string group_dossier_id, std::size_t limit)
        -> Task<Result<std::vector<GroupMember>>> override;
    auto tell_group(std::string dossier_id, Timestamp at) -> Task<Result<void>> override;
    auto settle_members(Claim claim, Stage stage, std::optional<TicketRef> ticket, Timestamp at)
        -> Task<Result<void>> override;

    auto reserve_spend(Reservation reservation) -> Task<Result<std::optional<SpendRefusal>>> override;
    auto settle_spend(Settlement settlement) -> Task<Result<void>> override;
    auto spending(SpendFilter filter) -> Task<Result<std::vector<SpendDay>>> override;
    auto take_narrative_turn(NarrativeTurn turn) -> Task<Result<NarrativeRank>> override;

    auto drafts_to_announce(std::string platform, std::string kind, std::size_t limit)
        -> Task<Result<std::vector<Draft>>> override;
    auto chat_work(std::string platform, Timestamp now, std::size_t limit)
        -> Task<Result<std::vector<ChatWork>>> override;
    auto chat_to_remind(std::string platform, Timestamp now, Duration after, int most, std::size_t limit)
        -> Task<Result<std::vector<ChatWork>>> override;
    auto chat_messages_of(std::string draft_id) -> Task<Result<std::vector<ChatMessage>>> override;
    auto save_chat(std::vector<ChatMessage> messages, std::vector<AuditEntry> audit) -> Task<Result<void>> override;
    auto first_chat_event(std::string id, Timestamp at) -> Task<Result<bool>> override;
    auto finding_known_as(std::vector<std::pair<std::string, std::string>> identities)
        -> Task<Result<std::string>> override;

    auto append_audit(std::vector<AuditEntry> entries) -> Task<Result<void>> override;
    auto list_audit(AuditFilter filter, Page page) -> Task<Result<Listing<AuditRow>>> override;
    auto audit_after(std::int64_t after, std::size_t limit) -> Task<Result<std::vector<AuditRow>>> override;
    auto audit_head() -> Task<Result<Head>> override;

    auto probe() -> Task<Result<void>> override;
    void on_ready(std::function<void()> wake) override { waker_.set(std::move(wake)); }

protected:
    /// @param text_form that of the writer's database, known here so that texts are packed before they are queued
    explicit SqlStore(Sealer sealer, TextForm text_form = TextForm::as_is)
        : sealer_(std::move(sealer)), text_form_(text_form) {}

    template <class T>
    auto write(std::move_only_function<Result<T>(WriteSession&) const> operation,
               std::move_only_function<void(WriteSession&) const> ahead = {}) -> Task<Result<T>> {
        return run_job<T>(writes_, std::move(operation), {.questions = std::move(ahead), .subject = {}});
    }
    /// For what a finding under way asks: nobody waits for an answer to their call.
    template <class T>
    auto write_with_others(std::move_only_function<Result<T>(WriteSession&) const> operation,
                           Announcement<WriteSession> ahead = {}) -> Task<Result<T>> {
        return run_job<T>(writes_, std::move(operation), std::move(ahead), Haste::with_others);
    }
    template <class T>
    auto read(std::move_only_function<Result<T>(Database&) const> operation) -> Task<Result<T>> {
        return run_job<T>(reads_, std::move(operation));
    }

    Sealer sealer_;
    TextForm text_form_;
    Waker waker_;
    JobQueue<WriteSession> writes_;
    JobQueue<Database> reads_;
    TurnOrder claim_order_; ///< used by whichever thread hands out claims
};

} // namespace dossier::store
