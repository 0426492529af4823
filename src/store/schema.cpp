#include "schema.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

// Times are milliseconds since 1970. Vocabularies are stored as their words, except severity, which is sorted by.
// `seq` is the row's number and the order of lists; `id` is what the world sees.
constexpr auto version_1 = R"sql(
CREATE TABLE dossiers(
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    exposure_key TEXT NOT NULL UNIQUE,
    stage        TEXT NOT NULL,
    severity     INTEGER NOT NULL,           -- worst of its findings
    revision     INTEGER NOT NULL DEFAULT 0,
    inputs_hash  TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    ticket       TEXT,
    replay_from  TEXT,
    ready_at     INTEGER,                    -- NULL = nothing to do
    work_seq     INTEGER NOT NULL DEFAULT 0, -- grows with everything that makes work
    attempts     INTEGER NOT NULL DEFAULT 0,
    last_error   TEXT NOT NULL DEFAULT '',
    lease_owner  TEXT NOT NULL DEFAULT '',
    lease_until  INTEGER,
    fence        INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX dossiers_ready ON dossiers(severity DESC, ready_at, lease_until) WHERE ready_at IS NOT NULL;
CREATE INDEX dossiers_leased ON dossiers(lease_owner) WHERE lease_until IS NOT NULL;

CREATE TABLE findings(
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    dossier      INTEGER NOT NULL REFERENCES dossiers(seq),
    identity     INTEGER NOT NULL,           -- 64 bits of (source, fingerprint): a small index instead of a wide one
    source       TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    exposure_key TEXT NOT NULL,
    title        TEXT NOT NULL,
    search       TEXT NOT NULL,              -- the words that a list filter looks at, in lower case
    owner        TEXT NOT NULL DEFAULT '',
    severity     INTEGER NOT NULL,
    status       TEXT NOT NULL,
    stage        TEXT NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1,
    content_hash TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    last_seen    INTEGER,
    work_seq     INTEGER NOT NULL,           -- the dossier's, when this finding last changed
    doc          TEXT NOT NULL DEFAULT ''
);
CREATE INDEX findings_identity ON findings(identity);
CREATE INDEX findings_dossier ON findings(dossier);
CREATE INDEX findings_unfinished ON findings(stage)
    WHERE stage IN ('received','normalised','enriched','assessed','explained','drafted');

CREATE TABLE payloads(
    seq          INTEGER PRIMARY KEY,
    finding      INTEGER NOT NULL REFERENCES findings(seq),
    version      INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    raw          BLOB NOT NULL
);
CREATE UNIQUE INDEX payloads_version ON payloads(finding, version);

CREATE TABLE stage_results(
    dossier  INTEGER NOT NULL REFERENCES dossiers(seq),
    revision INTEGER NOT NULL,
    stage    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL,
    seq      INTEGER PRIMARY KEY
);
CREATE UNIQUE INDEX stage_results_stage ON stage_results(dossier, revision, stage);

CREATE TABLE drafts(
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    dossier      INTEGER NOT NULL REFERENCES dossiers(seq),
    revision     INTEGER NOT NULL,
    state        TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    edited       INTEGER NOT NULL DEFAULT 0, -- a person changed the text
    finding_ids  TEXT NOT NULL,              -- each between line feeds
    doc          TEXT NOT NULL
);
CREATE INDEX drafts_dossier ON drafts(dossier);
CREATE INDEX drafts_state ON drafts(state);

CREATE TABLE dead_letters(
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    finding_id  TEXT NOT NULL,
    dossier     INTEGER NOT NULL REFERENCES dossiers(seq),
    stage       TEXT NOT NULL,
    error       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    redriven_at INTEGER
);

CREATE TABLE quarantine(
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    identity    INTEGER NOT NULL,            -- 64 bits of (source, raw)
    source      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    deliveries  INTEGER NOT NULL DEFAULT 1,
    finding_id  TEXT NOT NULL DEFAULT '',
    raw         BLOB NOT NULL
);
CREATE INDEX quarantine_identity ON quarantine(identity);

CREATE TABLE intents(
    key           TEXT PRIMARY KEY,
    dossier_id    TEXT NOT NULL,
    draft_id      TEXT NOT NULL,
    sink          TEXT NOT NULL,
    state         TEXT NOT NULL,
    ticket        TEXT,
    content_hash  TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    lookups       INTEGER NOT NULL,
    attempted_at  INTEGER,
    unknown_since INTEGER,
    next_at       INTEGER
);
CREATE INDEX intents_sweep ON intents(next_at) WHERE state = 'done' AND next_at IS NOT NULL;
CREATE INDEX intents_done ON intents(attempted_at) WHERE state = 'done';

CREATE TABLE answers(
    key    TEXT PRIMARY KEY,
    at     INTEGER NOT NULL,
    answer TEXT NOT NULL
);

CREATE TABLE audit(
    seq        INTEGER PRIMARY KEY,
    time       INTEGER NOT NULL,
    action     TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    dossier_id TEXT NOT NULL,
    hash       TEXT NOT NULL,
    record     TEXT NOT NULL
);
CREATE INDEX audit_finding ON audit(finding_id) WHERE finding_id <> '';
CREATE INDEX audit_dossier ON audit(dossier_id) WHERE dossier_id <> '';
CREATE INDEX audit_automatic ON audit(time) WHERE action = 'draft.approved_automatically';

CREATE TABLE probe(
    id     INTEGER PRIMARY KEY,
    writes INTEGER NOT NULL
);
INSERT INTO probe VALUES(1, 0);
)sql";

// Pollers, thin deliveries and what came of each delivery.
constexpr auto version_2 = R"sql(
ALTER TABLE dossiers ADD COLUMN merged_into INTEGER;        -- its finding is in that one now; nothing is left here

ALTER TABLE findings ADD COLUMN state TEXT NOT NULL DEFAULT '';        -- what every form says; '' = see the document
ALTER TABLE findings ADD COLUMN form INTEGER NOT NULL DEFAULT 0;       -- of the current version: 0 delivery, 1 API
ALTER TABLE findings ADD COLUMN version_at INTEGER;                    -- when the current version came
ALTER TABLE findings ADD COLUMN was_delivered INTEGER NOT NULL DEFAULT 1;
ALTER TABLE findings ADD COLUMN wants_fetch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN thin_raw BLOB;                         -- a thin delivery since the current version
ALTER TABLE findings ADD COLUMN is_backlog INTEGER NOT NULL DEFAULT 0;
CREATE INDEX findings_backlog ON findings(source, seq) WHERE is_backlog = 1 AND status IN ('open','in_progress');

ALTER TABLE payloads ADD COLUMN via TEXT NOT NULL DEFAULT 'webhook';

CREATE TABLE twins(                          -- versions as told in the other form
    finding      INTEGER NOT NULL REFERENCES findings(seq),
    version      INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    PRIMARY KEY(finding, version)
) WITHOUT ROWID;

CREATE TABLE cursors(
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE singletons(
    name  TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE delivery_days(
    source      TEXT NOT NULL,
    day         INTEGER NOT NULL,            -- days since 1970
    webhook     INTEGER NOT NULL DEFAULT 0,
    event       INTEGER NOT NULL DEFAULT 0,
    late        INTEGER NOT NULL DEFAULT 0,
    late_ms     INTEGER NOT NULL DEFAULT 0,
    duplicates  INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(day, source)
) WITHOUT ROWID;

CREATE TABLE awaited(                        -- found by a poller; goes when a delivery comes
    finding  INTEGER PRIMARY KEY REFERENCES findings(seq),
    source   TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,               -- the end of the grace: from then on it never came
    why      TEXT NOT NULL,
    noted    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX awaited_found ON awaited(found_at);
CREATE INDEX awaited_unnoted ON awaited(source, due_at) WHERE noted = 0;
)sql";

/// Effects on the platforms: why one failed or was left out, those of a dossier at once, and the automatic ones
/// counted.
constexpr auto version_3 = R"sql(
ALTER TABLE intents ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE INDEX intents_dossier ON intents(dossier_id);
DROP INDEX audit_automatic;
CREATE INDEX audit_automatic ON audit(time)
    WHERE action IN ('draft.approved_automatically', 'writeback.done_automatically');
)sql";

/// What LLM calls may cost and did cost, and who had a narrative of an LLM on routes that don't allow it to all.
constexpr auto version_4 = R"sql(
CREATE TABLE llm_days(
    day               INTEGER NOT NULL,      -- days since 1970, UTC
    source            TEXT NOT NULL,
    route             TEXT NOT NULL,
    provider          TEXT NOT NULL,
    model             TEXT NOT NULL,
    purpose           TEXT NOT NULL,
    calls             INTEGER NOT NULL DEFAULT 0,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    spent             INTEGER NOT NULL DEFAULT 0,  -- nano-dollars, as the next
    reserved          INTEGER NOT NULL DEFAULT 0,
    refused           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(day, source, route, provider, model, purpose)
) WITHOUT ROWID;

CREATE TABLE llm_reservations(               -- of calls under way, and of the last minute
    id         TEXT PRIMARY KEY,
    at         INTEGER NOT NULL,
    source     TEXT NOT NULL,
    route      TEXT NOT NULL,
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    nanos      INTEGER NOT NULL,
    tokens     INTEGER NOT NULL,             -- at most; once settled, as used
    is_settled INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX llm_reservations_settled ON llm_reservations(is_settled, at);
CREATE INDEX llm_reservations_at ON llm_reservations(at, tokens);

CREATE TABLE narrative_turns(
    route      TEXT NOT NULL,
    dossier_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    risk       INTEGER NOT NULL,             -- thousandths
    is_granted INTEGER NOT NULL,
    PRIMARY KEY(route, dossier_id)
) WITHOUT ROWID;
CREATE INDEX narrative_turns_at ON narrative_turns(route, at);
)sql";

/// What people say that columns and stores hold.
constexpr auto version_5 = R"sql(
CREATE TABLE corrections(
    key     TEXT PRIMARY KEY,
    classes TEXT NOT NULL,                   -- a JSON list
    by_whom TEXT NOT NULL,
    at      INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

/// What tickets were told and what became of them; effects that are planned before they are begun.
constexpr auto version_6 = R"sql(
ALTER TABLE intents ADD COLUMN body TEXT NOT NULL DEFAULT '';

CREATE TABLE tickets(
    seq              INTEGER PRIMARY KEY,
    dossier          INTEGER NOT NULL REFERENCES dossiers(seq),
    generation       INTEGER NOT NULL,
    sink             TEXT NOT NULL,
    ticket_key       TEXT NOT NULL,
    remote_id        TEXT NOT NULL,
    url              TEXT NOT NULL,
    told             TEXT NOT NULL,
    status           TEXT NOT NULL DEFAULT '',
    is_done          INTEGER NOT NULL DEFAULT 0,
    closed_by_person INTEGER NOT NULL DEFAULT 0,
    seen_at          INTEGER,
    looks_wanted     INTEGER NOT NULL DEFAULT 0,
    looks_done       INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tickets_dossier ON tickets(dossier, generation);
CREATE INDEX tickets_key ON tickets(sink, ticket_key);
CREATE INDEX tickets_remote ON tickets(sink, remote_id);

CREATE TABLE tracker_events(                 -- heard already
    sink     TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY(sink, event_id)
) WITHOUT ROWID;
CREATE INDEX tracker_events_at ON tracker_events(at);
)sql";

/// Like findings that share one ticket.
constexpr auto version_7 = R"sql(
CREATE TABLE ticket_groups(
    seq       INTEGER PRIMARY KEY,
    group_key TEXT NOT NULL,
    begins_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    facts     TEXT NOT NULL,
    dossier   INTEGER REFERENCES dossiers(seq) -- NULL = there are not enough of them yet
);
CREATE INDEX ticket_groups_key ON ticket_groups(group_key, ends_at);
CREATE UNIQUE INDEX ticket_groups_dossier ON ticket_groups(dossier) WHERE dossier IS NOT NULL;

CREATE TABLE group_members(
    dossier   INTEGER PRIMARY KEY REFERENCES dossiers(seq),
    grp       INTEGER NOT NULL REFERENCES ticket_groups(seq),
    joined_at INTEGER NOT NULL
);
CREATE INDEX group_members_group ON group_members(grp);
)sql";

/// What was said about drafts in chats, and which of their call-backs were seen.
constexpr auto version_8 = R"sql(
CREATE TABLE chat_messages(
    key          TEXT NOT NULL UNIQUE,
    draft_id     TEXT NOT NULL,
    platform     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    channel      TEXT NOT NULL,
    ts           TEXT NOT NULL,
    shown        TEXT NOT NULL,              -- state and content of the draft that the message says
    attempts     INTEGER NOT NULL,
    lookups      INTEGER NOT NULL,
    reminders    INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    attempted_at INTEGER,
    posted_at    INTEGER,
    reason       TEXT NOT NULL,
    is_open      INTEGER NOT NULL            -- something may still have to be said
);
CREATE INDEX chat_messages_draft ON chat_messages(draft_id, platform, kind);
CREATE INDEX chat_messages_open ON chat_messages(platform, next_at) WHERE is_open=1;
CREATE TABLE chat_events(
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX chat_events_at ON chat_events(at);
)sql";

/// The review queue by what it is asked for, what people changed in it, and words that hold for all replicas.
constexpr auto version_9 = R"sql(
ALTER TABLE drafts ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN sink TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN severity TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE drafts SET kind=coalesce(json_extract(doc, '$.kind'), ''), sink=coalesce(json_extract(doc, '$.sink'), ''),
    assignee=coalesce(json_extract(doc, '$.assignee'), ''), severity=coalesce(json_extract(doc, '$.severity'), ''),
    created_at=coalesce(CAST(round((julianday(json_extract(doc, '$.created_at')) - 2440587.5) * 86400000) AS INTEGER),
                        0);
CREATE INDEX drafts_pending ON drafts(created_at) WHERE state = 'pending';

CREATE TABLE draft_revisions(
    draft       TEXT NOT NULL,
    number      INTEGER NOT NULL,
    by_whom     TEXT NOT NULL,
    email       TEXT NOT NULL,
    at          INTEGER NOT NULL,
    before_hash TEXT NOT NULL,
    after_hash  TEXT NOT NULL,
    changes     TEXT NOT NULL,               -- a JSON list
    PRIMARY KEY(draft, number)
) WITHOUT ROWID;

CREATE TABLE settings(
    name    TEXT PRIMARY KEY,
    value   TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    comment TEXT NOT NULL,
    at      INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

/// Turns: what waits by source and severity, without what is under work.
constexpr auto version_10 = R"sql(
ALTER TABLE dossiers ADD COLUMN source TEXT NOT NULL DEFAULT ''; -- whose findings made the work
UPDATE dossiers SET source=coalesce((SELECT f.source FROM findings f WHERE f.dossier=dossiers.seq
    ORDER BY f.seq DESC LIMIT 1), '') WHERE ready_at IS NOT NULL;
DROP INDEX dossiers_ready;
CREATE INDEX dossiers_waiting ON dossiers(source, severity, ready_at) WHERE ready_at IS NOT NULL AND lease_owner = '';
DROP INDEX dossiers_leased;
CREATE INDEX dossiers_leased ON dossiers(lease_until) WHERE lease_owner <> '';
DROP INDEX findings_unfinished;
CREATE INDEX findings_unfinished ON findings(source)
    WHERE stage IN ('received','normalised','enriched','assessed','explained','drafted');
)sql";

/// Lists and digests of a span of time begin where it begins, however long the past is.
constexpr auto version_11 = R"sql(
CREATE INDEX findings_received ON findings(received_at, seq);
)sql";

/// Keys in no order: PostgreSQL keeps its indexes of them, SQLite gets something else (sqlite_migrate.cpp).
constexpr auto version_12 = "";

/// Packed payloads (packing.hpp). For a list of words SQLite makes a table each time a row of findings is written; the
/// same said by `OR` it decides at the first word. A record that names its finding is found by that alone.
constexpr auto version_13 = R"sql(
ALTER TABLE payloads ADD COLUMN unpacked_size INTEGER;       -- NULL = `raw` is as it came
DROP INDEX findings_unfinished;
CREATE INDEX findings_unfinished ON findings(source) WHERE stage = 'received' OR stage = 'normalised' OR
    stage = 'enriched' OR stage = 'assessed' OR stage = 'explained' OR stage = 'drafted';
DROP INDEX audit_dossier;
CREATE INDEX audit_dossier ON audit(dossier_id) WHERE dossier_id <> '' AND finding_id = '';
)sql";

/// Other long texts that are packed, as payloads are; in findings it is the document.
constexpr auto version_14 = R"sql(
ALTER TABLE findings ADD COLUMN unpacked_size INTEGER;
ALTER TABLE stage_results ADD COLUMN unpacked_size INTEGER;
ALTER TABLE drafts ADD COLUMN unpacked_size INTEGER;
ALTER TABLE audit ADD COLUMN unpacked_size INTEGER;
)sql";

/// As with version 12: PostgreSQL has its indexes, SQLite a journal of its keys.
constexpr auto version_15 = "";

/// Whether automatic stages are left to do is a column of its own: an index that the stage decides about is written
/// with each stage, and on PostgreSQL all others of the row with it.
constexpr auto version_16 = R"sql(
ALTER TABLE findings ADD COLUMN is_unfinished INTEGER NOT NULL DEFAULT 0;
UPDATE findings SET is_unfinished = 1 WHERE stage = 'received' OR stage = 'normalised' OR stage = 'enriched' OR
    stage = 'assessed' OR stage = 'explained' OR stage = 'drafted';
DROP INDEX findings_unfinished;
CREATE INDEX findings_unfinished ON findings(source) WHERE is_unfinished = 1;
)sql";

constexpr const char* steps_of_ours[] = {version_1,  version_2,  version_3,  version_4,  version_5,  version_6,
                                         version_7,  version_8,  version_9,  version_10, version_11, version_12,
                                         version_13, version_14, version_15, version_16};

} // namespace

auto schema() -> Migrations { return steps_of_ours; }

auto older_schema(std::int64_t version, std::int64_t known) -> std::string {
    return fmt::format("store: the database has schema version {} and this dossier needs {}; `dossier serve` of this "
                       "version migrates it",
                       version, known);
}

} // namespace dossier::store
