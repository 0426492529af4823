#pragma once
// Rows of the store as plain data. Documents (findings, stage results) travel as JSON text; only the columns that are
// searched or decided on stand beside them.

#include "dossier/base/units.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/finding/redelivery.hpp"
#include "dossier/store/audit_entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier::store {

/// One item of a delivery: a finding, or what could not be one.
struct IntakeItem {
    std::optional<Finding> finding; ///< id empty: the store gives it
    std::string raw;                ///< the item's bytes as received
    std::string quarantine_reason;  ///< where there is no finding
    bool completable = false;       ///< where the finding is partial: its source has an API to ask for the rest
    std::string why_not_delivered;  ///< what a poller was told of why no delivery may have come
};

/// How an item came to us.
enum class Via {
    webhook,   ///< the source's own delivery
    event,     ///< the same by a queue or topic
    reconcile, ///< found by asking the platform
    backlog,   ///< an unclassified store, found by asking; its raw form is a canonical finding of ours
};
[[nodiscard]] auto to_string(Via) -> std::string_view;
[[nodiscard]] auto parse_via(std::string_view word) -> std::optional<Via>;
[[nodiscard]] auto form_of(Via via) -> Form;

/// Where a poller stands, moved in the transaction that commits what it found.
struct CursorMove {
    std::string name; ///< "reconcile:wiz"; the Singleton under which it is moved has the same name
    std::string value;
    std::int64_t fence = 0; ///< of that Singleton; a stale one is `conflict` and nothing is kept
};

struct Cursor {
    std::string value;
    Timestamp updated_at{};
};

/// The right to be the only one of its name among all replicas until `until`.
struct Singleton {
    std::string name; ///< "reconcile:wiz"
    std::string owner;
    std::int64_t fence = 0; ///< grows with every change of owner
    Timestamp until{};
};

struct Intake {
    std::string source;
    std::string request_id;
    Timestamp at{};
    std::vector<IntakeItem> items;
    Via via = Via::webhook;
    std::optional<CursorMove> cursor;
    Duration grace{900'000}; ///< how long a delivery of what a poller found may still come
};

struct IntakeResult {
    std::string id; ///< finding id, or quarantine id (`qrn_…`)
    std::string fingerprint;
    std::string dossier_id;
    Outcome outcome = Outcome::created;
    std::optional<Duration> late_by; ///< a poller had found it so long before this delivery came
};

struct FindingRow {
    std::string id;
    std::string dossier_id;
    std::string source;
    std::string fingerprint;
    std::string exposure_key;
    std::string title;
    std::string owner; ///< as decided: e-mail, else id
    Severity severity = Severity::medium;
    Status status = Status::open;
    Stage stage = Stage::received;
    int version = 1; ///< grows with each update
    std::string content_hash;
    Timestamp received_at{};
    Timestamp updated_at{};
    std::string doc;          ///< canonical Finding as JSON; "" before `normalised`
    std::string raw;          ///< payload of the current version; only where asked for
    Via via = Via::webhook;   ///< how that payload came; only where asked for
    bool wants_fetch = false; ///< the platform is to be asked for the whole of it
    std::string thin_raw;     ///< a thin delivery since the current version, reason to ask; only where asked for
};

struct StageResult {
    Stage stage = Stage::received;
    int revision = 0;
    std::string body; ///< JSON
    Timestamp at{};
};

struct DossierRow {
    std::string id;
    std::string exposure_key;
    Stage stage = Stage::received;
    int revision = 0;        ///< 0 = nothing enriched yet
    std::string inputs_hash; ///< of what the revision was made from
    Timestamp created_at{};
    Timestamp updated_at{};
    std::optional<TicketRef> ticket;
    std::optional<Stage> replay_from; ///< asked for and not begun
    int attempts = 0;
    std::string last_error;
    std::vector<FindingRow> findings; ///< oldest first
    std::vector<StageResult> results; ///< of the current revision (all revisions where asked for)
    std::vector<Draft> drafts;        ///< newest first
};

/// The right to work on a dossier until `lease_until`; every write made under it carries `fence`, and a stale fence
/// (somebody else took over) is `conflict`.
struct Claim {
    std::string dossier_id;
    std::int64_t fence = 0;
    std::int64_t work_seq = 0; ///< what had happened to the dossier when it was claimed
    int attempts = 0;
};

/// What we know of a dossier's ticket in its tracker, and what it has been told of the dossier.
struct TicketRow {
    std::string dossier_id;
    int generation = 1; ///< 2 = the one that followed the first, which was over when the finding came back
    TicketRef ticket;
    std::string told;                 ///< JSON of ticket/lifecycle: the findings as the ticket knows them
    std::string status;               ///< the tracker's own word when it was last looked at; "" = never
    bool is_done = false;             ///< at that time
    bool closed_by_person = false;    ///< while a finding was open
    std::optional<Timestamp> seen_at; ///< last change of the ticket that we know of, by the tracker's clock
    std::int64_t looks_wanted = 0;    ///< grows when somebody says that the ticket has changed
    std::int64_t looks_done = 0;      ///< which of these a look has answered
    [[nodiscard]] auto wants_look() const -> bool { return looks_wanted > looks_done; }
};

/// Somebody says that a ticket has changed: a call-back, or what polling found. What it says of the ticket counts for
/// nothing; the ticket itself is read.
struct TicketSighting {
    std::string key; ///< either may be ""
    std::string remote_id;
    std::string event_id; ///< the same one again is no news; "" = can't be told
};

struct TicketNews {
    std::string sink;
    std::vector<TicketSighting> sightings;
    Timestamp at{};
    std::optional<CursorMove> cursor;
};

struct TicketNewsCount {
    std::size_t noted = 0;    ///< the ticket will be looked at
    std::size_t repeated = 0; ///< came before
    std::size_t unknown = 0;  ///< not a ticket of ours
};

/// So many audit entries of automatic actions at most since a time; exact also among replicas.
struct ActionLimit {
    Timestamp since{};
    std::size_t most = 0;
};

/// A stage's result, with everything that must become true in the same instant.
struct StageCommit {
    Claim claim;
    Timestamp at{};
    Stage stage = Stage::received; ///< of the dossier from now on
    int revision = 0;
    std::string inputs_hash;
    std::string body;                 ///< stage result as JSON; "" = none to keep
    bool attempts_over = false;       ///< what had failed is behind: the next stage has all its attempts
    std::vector<StageResult> carried; ///< results taken over from an earlier revision (replay)
    bool replay_begun = false;        ///< clears `replay_from`
    struct FindingUpdate {
        std::string id;
        std::string doc; ///< "" = unchanged
        std::optional<Severity> severity;
        std::optional<Status> status;
        std::string exposure_key;   ///< "" = unchanged
        std::optional<Stage> stage; ///< its own, where it isn't that of the dossier
    };
    std::vector<FindingUpdate> findings; ///< these move to `stage` too
    std::string owner;                   ///< sets the owner column of these findings; "" = unchanged
    std::vector<Draft> save_drafts;      ///< inserted or replaced by id
    std::optional<TicketRef> ticket;
    std::optional<ActionLimit> action_limit; ///< nothing of this commit happens (`quota_exhausted`) where it is reached
    std::optional<TicketRow> opens_ticket;   ///< begins the record of a ticket, unless there is one
    std::vector<AuditEntry> audit;
};

/// A finding as its platform's API gave it, for one whose delivery was thin.
struct FetchCommit {
    Claim claim;
    Timestamp at{};
    std::string finding_id;
    IntakeItem item;          ///< no finding: nothing more is to be had, the wish to fetch ends
    Via via = Via::reconcile; ///< of `item.raw`
    std::vector<AuditEntry> audit;
};

struct FetchOutcome {
    Outcome outcome = Outcome::duplicate;
    std::string dossier_id;
    bool moved = false; ///< into the dossier of its exposure: the claimed one is no more
};

/// How a claim ends.
struct Release {
    Claim claim;
    Timestamp at{};
    enum class Kind {
        done,  ///< nothing to do until something happens (unless it has happened meanwhile)
        wait,  ///< look again at `ready_at`; not an attempt
        retry, ///< failed; look again at `ready_at`; counts as an attempt
        dead,  ///< failed for good: a dead letter
    } kind = Kind::done;
    Timestamp ready_at{};
    Stage failed_stage = Stage::received;
    std::string error;
    std::vector<AuditEntry> audit;
};

struct DeadLetter {
    std::string id; ///< `dlt_…`
    std::string finding_id;
    std::string dossier_id;
    Stage stage = Stage::received;
    std::string error;
    int attempts = 0;
    Timestamp at{};
    std::optional<Timestamp> redriven_at;
};

struct QuarantineRow {
    std::string id;
    std::string source;
    std::string reason;
    std::string raw;
    std::string request_id;
    Timestamp received_at{};
    int deliveries = 1;     ///< how often the same bytes came
    std::string finding_id; ///< what a retry made of it; "" before
};

/// A side effect outside, recorded before it is tried. `key` is unique: one effect however often it is asked for.
struct Intent {
    std::string key; ///< e.g. "ticket:jira:<dossier id>"
    std::string dossier_id;
    std::string draft_id;
    std::string sink;
    enum class State {
        planned,
        attempting, ///< a call may be under way; after a crash this means unknown
        unknown,    ///< the call ended without an answer
        done,
        failed,  ///< for good; `reason` says why
        skipped, ///< could not be done here from the beginning; `reason` says why
    } state = State::planned;
    std::optional<TicketRef> ticket;
    std::string content_hash; ///< what was sent
    int attempts = 0;
    int lookups = 0;
    std::optional<Timestamp> attempted_at;
    std::optional<Timestamp> unknown_since;
    std::optional<Timestamp> next_at; ///< next look-up or try, or the sweep once done
    std::string reason;               ///< of the last failure
    std::string body;                 ///< JSON of what is to be done, where it was planned before it was begun
    [[nodiscard]] auto is_over() const -> bool {
        return state == State::done || state == State::failed || state == State::skipped;
    }
};
[[nodiscard]] auto to_string(Intent::State) -> std::string_view;

/// A dossier that may share a ticket with its like.
struct GroupWish {
    std::string key; ///< of what they have in common
    Duration window{0};
    std::size_t min = 2; ///< so many make a group
    std::string facts;   ///< JSON, kept of the first one: what their ticket is made from
};

/// Like findings within a window of time. From `min` of them on it has a dossier of its own, without findings, whose
/// draft and ticket stand for all of them.
struct GroupView {
    std::string dossier_id; ///< "" = there are not enough of them
    std::string facts;
    Timestamp begins_at{};
    Timestamp ends_at{};           ///< until then it takes in its like
    std::string key;               ///< of what they have in common
    Stage stage = Stage::received; ///< of that dossier
    std::optional<TicketRef> ticket;
    std::size_t members = 0;
    std::size_t open = 0; ///< with a finding that is not over
};
inline constexpr std::string_view group_exposure = "group:"; ///< begins the exposure key of such a dossier

struct GroupMember {
    std::string dossier_id;
    std::string finding_id; ///< its worst
    std::string title;
    std::string resource;
    std::string owner;
    Severity severity = Severity::medium;
    bool is_open = true;
    std::string own_ticket; ///< key of the one that it had before there was a group; "" = none
    std::string url;        ///< the finding in its platform
};

struct Page {
    std::size_t limit = 50;
    std::string cursor; ///< opaque; "" = from the newest
};

template <class T>
struct Listing {
    std::vector<T> items;
    std::optional<std::string> next_cursor;
};

struct FindingFilter {
    std::string source;
    std::optional<Severity> severity;
    std::optional<Status> status;
    std::optional<Stage> stage;
    std::string owner;              ///< exact e-mail or id, without case
    std::string q;                  ///< words in title, resource or rule
    std::optional<Timestamp> since; ///< received at or after
    std::optional<Timestamp> until;
};

/// What a question about many findings looks at: columns, and the few members of the documents that one asks for.
struct FindingFacts {
    std::string id;
    std::string dossier_id;
    std::string source;
    std::string title;
    std::string owner; ///< as decided: e-mail, else id
    Severity severity = Severity::medium;
    Status status = Status::open;
    Stage stage = Stage::received;
    Timestamp received_at{};
    std::optional<Timestamp> first_seen;
    std::string finding_type; ///< words of the model; "" before `normalised`
    std::string exposure;
    std::string resource_id;
    std::string resource_name;
    std::string resource_type;
    std::string cloud;
    std::string account;
    std::string region;
    std::string rule_id;
    std::string rule_name;
    std::vector<std::string> data_classes;
    std::string environment;             ///< of the dossier's current revision; "" before `enriched`
    double risk = 0;                     ///< 0…100; 0 before `assessed`
    std::vector<std::string> frameworks; ///< of its regulations, each once
};

struct DraftFilter {
    std::optional<DraftState> state;
    std::string dossier_id;
    std::string finding_id;
    std::string kind;
    std::string sink;
    std::string assignee; ///< exact e-mail or id, without case, as the next
    std::string owner;
    std::string route;
    std::optional<Severity> severity;
    std::optional<Timestamp> created_before;
    std::optional<Timestamp> created_after; ///< at or after
};

/// One change that a person made to a draft before it was decided on.
struct DraftRevision {
    int number = 0; ///< from 1; given by the store
    std::string by;
    std::string email; ///< of the same person, where known
    Timestamp at{};
    std::string before_hash;
    std::string after_hash;
    std::string changes; ///< JSON list of {"field","diff",…}, a unified diff each
};

/// A word that all replicas heed and that outlives a restart.
struct Setting {
    std::string name;
    std::string value;
    std::string by;
    std::string comment;
    Timestamp at{};
};

struct DeliveryFilter {
    std::string source;
    std::optional<Timestamp> since; ///< days from the one of this time on
    std::optional<Timestamp> until; ///< up to the one of this time
};

/// What became of one source's deliveries on one day (UTC). A finding, or a change of one, that a poller found counts
/// on the day on which it was found, as `late` once a delivery has come, and as `never` when none has within the grace.
struct DeliveryDay {
    std::string source;
    Timestamp day{}; ///< its beginning
    std::int64_t webhook = 0;
    std::int64_t event = 0;
    std::int64_t late = 0;
    Duration late_by{0}; ///< mean, of the late ones
    std::int64_t never = 0;
    std::int64_t duplicates = 0; ///< among webhook and event
    std::int64_t quarantined = 0;
    std::vector<std::pair<std::string, std::int64_t>> reasons; ///< of `never`, as the platform's API shows them
};

/// A person's word on what a column, a document or a whole store holds, for the next like case.
struct Correction {
    std::string key;                  ///< names that say the same have the same key
    std::vector<std::string> classes; ///< empty = nothing that needs care
    std::string by;
    Timestamp at{};
};

struct AuditFilter {
    std::string finding_id; ///< also matches records of the finding's dossier
    std::string dossier_id;
    std::string actor;
    std::string action;
    std::optional<Timestamp> since;
};

} // namespace dossier::store
