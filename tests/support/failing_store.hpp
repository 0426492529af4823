#pragma once
// A store in front of a real one that fails where a test says so: after so many stage commits (a crash), or with an
// exception; and that lets something happen just before a commit (a person who is faster). Everything else passes
// through.

#include "dossier/store/store.hpp"

#include <atomic>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace dossier::test {

class FailingStore final : public store::Store {
public:
    explicit FailingStore(store::Store& under) : under_(under) {}

    int good_commits = -1;              ///< so many stage commits succeed, then none; negative = all
    bool throws = false;                ///< load_work throws
    bool claims_fail = false;           ///< claim_ready fails
    int claims_asked = 0;               ///< calls of claim_ready
    std::atomic<int> bad_releases = 0;  ///< so many fail, from now on
    std::vector<Stage> committed;       ///< stages of the commits that succeeded
    std::function<Task<void>()> before; ///< called once, before the next commit of `before_stage`
    Stage before_stage = Stage::drafted;

    auto commit_stage(store::StageCommit commit) -> Task<Result<void>> override {
        if (before && commit.stage == before_stage) co_await std::exchange(before, nullptr)();
        if (good_commits == 0) co_return fail(Errc::storage, "disk full");
        const auto stage = commit.stage;
        auto done = co_await under_.commit_stage(std::move(commit));
        if (done) {
            committed.push_back(stage);
            if (good_commits > 0) --good_commits;
        }
        co_return done;
    }
    auto corrections_of(std::vector<std::string> keys) -> Task<Result<std::vector<store::Correction>>> override {
        co_return co_await under_.corrections_of(std::move(keys));
    }
    auto correct_draft(std::string id, std::string hash, Draft edited, store::DraftRevision revision,
                       std::vector<store::Correction> corrections, Timestamp at, std::vector<store::AuditEntry> audit)
        -> Task<Result<Draft>> override {
        return under_.correct_draft(std::move(id), std::move(hash), std::move(edited), std::move(revision),
                                    std::move(corrections), at, std::move(audit));
    }
    auto load_work(std::string id) -> Task<Result<store::DossierRow>> override {
        if (throws) throw std::runtime_error("broken invariant");
        co_return co_await under_.load_work(std::move(id));
    }
    auto claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
        -> Task<Result<std::vector<store::Claim>>> override {
        ++claims_asked;
        if (claims_fail) co_return fail(Errc::storage, "disk full");
        co_return co_await under_.claim_ready(std::move(owner), now, lease, limit);
    }

    auto commit_intake(store::Intake intake, std::vector<store::AuditEntry> audit)
        -> Task<Result<std::vector<store::IntakeResult>>> override {
        return under_.commit_intake(std::move(intake), std::move(audit));
    }
    [[nodiscard]] auto backlog() const -> std::size_t override { return under_.backlog(); }
    [[nodiscard]] auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override {
        return under_.backlog_by_source();
    }
    auto list_quarantine(store::Page page) -> Task<Result<store::Listing<store::QuarantineRow>>> override {
        return under_.list_quarantine(std::move(page));
    }
    auto get_quarantine(std::string id) -> Task<Result<store::QuarantineRow>> override {
        return under_.get_quarantine(std::move(id));
    }
    auto accept_quarantined(std::string id, store::IntakeItem item, Timestamp at, std::vector<store::AuditEntry> audit)
        -> Task<Result<store::IntakeResult>> override {
        return under_.accept_quarantined(std::move(id), std::move(item), at, std::move(audit));
    }
    auto complete_finding(store::FetchCommit completion) -> Task<Result<store::FetchOutcome>> override {
        return under_.complete_finding(std::move(completion));
    }
    auto get_cursor(std::string name) -> Task<Result<std::optional<store::Cursor>>> override {
        return under_.get_cursor(std::move(name));
    }
    auto acquire_singleton(std::string name, std::string owner, Timestamp now, Duration lease)
        -> Task<Result<std::optional<store::Singleton>>> override {
        return under_.acquire_singleton(std::move(name), std::move(owner), now, lease);
    }
    auto renew_singleton(store::Singleton held, Timestamp until) -> Task<Result<void>> override {
        return under_.renew_singleton(std::move(held), until);
    }
    auto release_singletons(std::string owner) -> Task<Result<void>> override {
        return under_.release_singletons(std::move(owner));
    }
    auto open_backlog(std::string source, std::string after, std::size_t limit)
        -> Task<Result<std::vector<store::FindingRow>>> override {
        return under_.open_backlog(std::move(source), std::move(after), limit);
    }
    auto note_missing(std::string source, Timestamp until)
        -> Task<Result<std::vector<std::pair<std::string, std::int64_t>>>> override {
        return under_.note_missing(std::move(source), until);
    }
    auto deliveries(store::DeliveryFilter filter, Timestamp until)
        -> Task<Result<std::vector<store::DeliveryDay>>> override {
        return under_.deliveries(std::move(filter), until);
    }
    auto renew(std::vector<store::Claim> claims, Timestamp until) -> Task<Result<void>> override {
        return under_.renew(std::move(claims), until);
    }
    auto reschedule(Timestamp now, Duration lease, bool is_certain) -> Task<Result<bool>> override {
        return under_.reschedule(now, lease, is_certain);
    }
    auto next_ready_at() -> Task<Result<std::optional<Timestamp>>> override { return under_.next_ready_at(); }
    auto release(store::Release release) -> Task<Result<void>> override {
        if (bad_releases > 0 && bad_releases-- > 0) co_return fail(Errc::storage, "disk full");
        co_return co_await under_.release(std::move(release));
    }
    auto abandon_leases(std::string owner) -> Task<Result<void>> override {
        return under_.abandon_leases(std::move(owner));
    }
    auto request_replay(std::string id, Stage from, Timestamp at, std::vector<store::AuditEntry> audit)
        -> Task<Result<void>> override {
        return under_.request_replay(std::move(id), from, at, std::move(audit));
    }
    auto list_dead_letters(store::Page page) -> Task<Result<store::Listing<store::DeadLetter>>> override {
        return under_.list_dead_letters(std::move(page));
    }
    auto redrive(std::string id, Timestamp at, std::vector<store::AuditEntry> audit)
        -> Task<Result<store::DeadLetter>> override {
        return under_.redrive(std::move(id), at, std::move(audit));
    }
    auto list_findings(store::FindingFilter filter, store::Page page)
        -> Task<Result<store::Listing<store::FindingRow>>> override {
        return under_.list_findings(std::move(filter), std::move(page));
    }
    auto scan_findings(store::FindingFilter filter, store::Page page)
        -> Task<Result<store::Listing<store::FindingFacts>>> override {
        return under_.scan_findings(std::move(filter), std::move(page));
    }
    auto get_finding(std::string id) -> Task<Result<store::FindingRow>> override {
        return under_.get_finding(std::move(id));
    }
    auto list_dossiers(store::Page page) -> Task<Result<store::Listing<store::DossierRow>>> override {
        return under_.list_dossiers(std::move(page));
    }
    auto get_dossier(std::string id) -> Task<Result<store::DossierRow>> override {
        return under_.get_dossier(std::move(id));
    }
    auto list_drafts(store::DraftFilter filter, store::Page page) -> Task<Result<store::Listing<Draft>>> override {
        return under_.list_drafts(std::move(filter), std::move(page));
    }
    auto get_draft(std::string id) -> Task<Result<Draft>> override { return under_.get_draft(std::move(id)); }
    auto add_drafts(std::vector<Draft> drafts, bool opens_dossier, Timestamp at, std::vector<store::AuditEntry> audit)
        -> Task<Result<void>> override {
        return under_.add_drafts(std::move(drafts), opens_dossier, at, std::move(audit));
    }
    auto edit_draft(std::string id, std::string hash, Draft edited, store::DraftRevision revision,
                    std::vector<store::AuditEntry> audit) -> Task<Result<Draft>> override {
        return under_.edit_draft(std::move(id), std::move(hash), std::move(edited), std::move(revision),
                                 std::move(audit));
    }
    auto draft_revisions(std::string id) -> Task<Result<std::vector<store::DraftRevision>>> override {
        return under_.draft_revisions(std::move(id));
    }
    auto get_setting(std::string name) -> Task<Result<std::optional<store::Setting>>> override {
        return under_.get_setting(std::move(name));
    }
    auto put_setting(store::Setting setting, std::vector<store::AuditEntry> audit) -> Task<Result<void>> override {
        return under_.put_setting(std::move(setting), std::move(audit));
    }
    auto decide_draft(std::string id, std::string hash, DraftState decision, std::string actor, std::string comment,
                      Timestamp at, std::vector<store::AuditEntry> audit) -> Task<Result<Draft>> override {
        return under_.decide_draft(std::move(id), std::move(hash), decision, std::move(actor), std::move(comment), at,
                                   std::move(audit));
    }
    auto begin_intent(store::Intent intent) -> Task<Result<store::Intent>> override {
        return under_.begin_intent(std::move(intent));
    }
    auto save_intent(store::Intent intent, std::vector<store::AuditEntry> audit) -> Task<Result<void>> override {
        return under_.save_intent(std::move(intent), std::move(audit));
    }
    auto intents_of(std::string dossier_id) -> Task<Result<std::vector<store::Intent>>> override {
        return under_.intents_of(std::move(dossier_id));
    }
    auto intents_to_sweep(Timestamp now, std::size_t limit) -> Task<Result<std::vector<store::Intent>>> override {
        return under_.intents_to_sweep(now, limit);
    }
    auto automatic_actions_since(Timestamp since) -> Task<Result<std::size_t>> override {
        return under_.automatic_actions_since(since);
    }
    auto cached_answer(std::string key) -> Task<Result<std::optional<std::string>>> override {
        return under_.cached_answer(std::move(key));
    }
    auto cache_answer(std::string key, std::string answer, Timestamp at) -> Task<Result<void>> override {
        return under_.cache_answer(std::move(key), std::move(answer), at);
    }
    auto tickets_of(std::string dossier_id) -> Task<Result<std::vector<store::TicketRow>>> override {
        return under_.tickets_of(std::move(dossier_id));
    }
    auto plan_ticket(store::Claim claim, store::TicketRow row, std::vector<store::Intent> planned,
                     std::vector<store::AuditEntry> audit) -> Task<Result<void>> override {
        if (good_commits == 0) co_return fail(Errc::storage, "disk full");
        auto done = co_await under_.plan_ticket(std::move(claim), std::move(row), std::move(planned), std::move(audit));
        if (done && good_commits > 0) --good_commits;
        co_return done;
    }
    auto note_ticket_news(store::TicketNews news) -> Task<Result<store::TicketNewsCount>> override {
        return under_.note_ticket_news(std::move(news));
    }
    auto join_group(store::Claim claim, store::GroupWish wish, Timestamp at)
        -> Task<Result<store::GroupView>> override {
        return under_.join_group(std::move(claim), std::move(wish), at);
    }
    auto group_of(std::string dossier_id) -> Task<Result<std::optional<store::GroupView>>> override {
        return under_.group_of(std::move(dossier_id));
    }
    auto group_members(std::string group_dossier_id, std::size_t limit)
        -> Task<Result<std::vector<store::GroupMember>>> override {
        return under_.group_members(std::move(group_dossier_id), limit);
    }
    auto tell_group(std::string dossier_id, Timestamp at) -> Task<Result<void>> override {
        return under_.tell_group(std::move(dossier_id), at);
    }
    auto settle_members(store::Claim claim, Stage stage, std::optional<TicketRef> ticket, Timestamp at)
        -> Task<Result<void>> override {
        return under_.settle_members(std::move(claim), stage, std::move(ticket), at);
    }
    auto reserve_spend(store::Reservation reservation) -> Task<Result<std::optional<store::SpendRefusal>>> override {
        return under_.reserve_spend(std::move(reservation));
    }
    auto settle_spend(store::Settlement settlement) -> Task<Result<void>> override {
        return under_.settle_spend(std::move(settlement));
    }
    auto spending(store::SpendFilter filter) -> Task<Result<std::vector<store::SpendDay>>> override {
        return under_.spending(std::move(filter));
    }
    auto take_narrative_turn(store::NarrativeTurn turn) -> Task<Result<store::NarrativeRank>> override {
        return under_.take_narrative_turn(std::move(turn));
    }
    auto drafts_to_announce(std::string platform, std::string kind, std::size_t limit)
        -> Task<Result<std::vector<Draft>>> override {
        return under_.drafts_to_announce(std::move(platform), std::move(kind), limit);
    }
    auto chat_work(std::string platform, Timestamp now, std::size_t limit)
        -> Task<Result<std::vector<store::ChatWork>>> override {
        return under_.chat_work(std::move(platform), now, limit);
    }
    auto chat_to_remind(std::string platform, Timestamp now, Duration after, int most, std::size_t limit)
        -> Task<Result<std::vector<store::ChatWork>>> override {
        return under_.chat_to_remind(std::move(platform), now, after, most, limit);
    }
    auto chat_messages_of(std::string draft_id) -> Task<Result<std::vector<store::ChatMessage>>> override {
        return under_.chat_messages_of(std::move(draft_id));
    }
    auto save_chat(std::vector<store::ChatMessage> messages, std::vector<store::AuditEntry> audit)
        -> Task<Result<void>> override {
        return under_.save_chat(std::move(messages), std::move(audit));
    }
    auto first_chat_event(std::string id, Timestamp at) -> Task<Result<bool>> override {
        return under_.first_chat_event(std::move(id), at);
    }
    auto finding_known_as(std::vector<std::pair<std::string, std::string>> identities)
        -> Task<Result<std::string>> override {
        return under_.finding_known_as(std::move(identities));
    }
    auto append_audit(std::vector<store::AuditEntry> entries) -> Task<Result<void>> override {
        return under_.append_audit(std::move(entries));
    }
    auto list_audit(store::AuditFilter filter, store::Page page)
        -> Task<Result<store::Listing<store::AuditRow>>> override {
        return under_.list_audit(std::move(filter), std::move(page));
    }
    auto audit_after(std::int64_t after, std::size_t limit) -> Task<Result<std::vector<store::AuditRow>>> override {
        return under_.audit_after(after, limit);
    }
    auto audit_head() -> Task<Result<Head>> override { return under_.audit_head(); }
    auto probe() -> Task<Result<void>> override { return under_.probe(); }
    void on_ready(std::function<void()> wake) override { under_.on_ready(std::move(wake)); }
    void close() override { under_.close(); }

private:
    store::Store& under_;
};

} // namespace dossier::test
