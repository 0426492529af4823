#pragma once
// Between rows and the plain structs of records.hpp, and the few statements that several parts of the store share.

#include "packing.hpp"
#include "write_session.hpp"

#include "dossier/store/records.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dossier::store {

/// Automatic stages that aren't done: what `backlog()` counts.
[[nodiscard]] auto is_unfinished(Stage stage) -> bool;
/// Whether another process may write to the database, perhaps of the version before.
enum class Writers : std::uint8_t { one, many };
[[nodiscard]] auto count_unfinished(Database& db, Writers writers) -> Backlog::BySource;

[[nodiscard]] auto stage_of(const std::string& word) -> Stage;
[[nodiscard]] auto status_of(const std::string& word) -> Status;
[[nodiscard]] auto severity_of(std::int64_t rank) -> Severity;
[[nodiscard]] auto rank_of(Severity severity) -> std::int64_t;

[[nodiscard]] auto ticket_text(const std::optional<TicketRef>& ticket) -> std::optional<std::string>;
[[nodiscard]] auto ticket_of(const Rows& rows, int column) -> std::optional<TicketRef>;
/// @param column of its document, with `unpacked_size` after it
[[nodiscard]] auto draft_of(const Rows& rows, int column) -> Draft;

/// Columns of a FindingRow from `findings f JOIN dossiers d`, in the order that `finding_of` reads.
inline constexpr std::string_view finding_columns =
    "f.id, d.id, f.source, f.fingerprint, f.exposure_key, f.title, f.owner, f.severity, f.status, f.stage, f.version, "
    "f.content_hash, f.received_at, f.updated_at, f.doc, f.unpacked_size, f.wants_fetch, f.seq";
inline constexpr int finding_seq_column = 17;
[[nodiscard]] auto finding_of(const Rows& rows) -> FindingRow;

/// How much of a dossier to read beside its own row.
struct DossierParts {
    bool raw = false;           ///< payloads of the findings' current versions
    bool all_revisions = false; ///< results of each revision, not only of the current one
};
/// nullopt where there is no such dossier.
[[nodiscard]] auto read_dossier(Database& db, const std::string& id, DossierParts parts) -> std::optional<DossierRow>;

[[nodiscard]] auto dossier_seq(Database& db, const std::string& id) -> std::optional<std::int64_t>;

/// A draft and the dossier whose it is.
struct StoredDraft {
    std::int64_t dossier = 0;
    Draft draft;
};
/// Title, body and payload of `edited` in place of a pending draft's. Errors: those of DraftStore::edit_draft.
[[nodiscard]] auto replace_content(Database& db, const std::string& id, const std::string& expected_hash,
                                   const Draft& edited, const DraftRevision& revision) -> Result<StoredDraft>;
/// What `save_draft` will ask (Database::ask_rows_ahead).
void ask_draft_ahead(Database& db, const std::string& id);
/// Inserts or replaces a draft by its id. What a person decided or wrote meanwhile stands; `conflict` where the caller
/// approves what it no longer is.
/// @param doc the draft's own
[[nodiscard]] auto save_draft(Database& db, std::int64_t dossier, const Draft& draft, const KeptText& doc)
    -> Result<void>;
/// The state and document of one that is there.
void rewrite_draft(Database& db, const Draft& draft);
/// What the service did without a person since a time.
[[nodiscard]] auto count_automatic_actions(Database& db, Timestamp since) -> std::size_t;
/// Something happened to the dossier: it is ready now, with its attempts forgotten. A dead one goes on after its last
/// stored result. @return the dossier's new work_seq
auto make_ready(WriteSession& session, std::int64_t dossier, Timestamp at) -> std::int64_t;
struct StoredStage {
    std::int64_t finding = 0; ///< its row
    std::string source;
    Stage stage = Stage::received;
};
void set_finding_stage(WriteSession& session, const StoredStage& from, Stage to, Timestamp at);

/// Inserts or replaces an intent by its key.
/// @return false, and nothing is written, where somebody else has tried since the intent was read
[[nodiscard]] auto write_intent(Database& db, const Intent& intent) -> bool;
/// `conflict` where the claim's dossier is somebody else's by now. @return the dossier's row
[[nodiscard]] auto check_fence(Database& db, const Claim& claim) -> Result<std::int64_t>;
/// Begins the record of a ticket unless there is one of this generation.
void open_ticket(Database& db, std::int64_t dossier, const TicketRow& row);
/// `conflict` where somebody else holds the cursor's singleton.
[[nodiscard]] auto move_cursor(Database& db, const CursorMove& move, Timestamp at) -> Result<void>;

/// Cursors are a list's last row number in a form that nobody is tempted to compute with.
[[nodiscard]] auto cursor_text(std::int64_t seq) -> std::string;
/// The row number to list below; the greatest for "". `invalid_argument` for anything that isn't a cursor.
[[nodiscard]] auto cursor_seq(const std::string& cursor) -> Result<std::int64_t>;

/// Reads one row more than the page holds, to know whether there is a next page. `read` maps a row to (seq, item).
template <class T, class Read>
[[nodiscard]] auto read_page(Rows rows, std::size_t limit, Read read) -> Listing<T> {
    Listing<T> page;
    std::int64_t last = 0;
    while (rows.next()) {
        if (page.items.size() == limit) {
            page.next_cursor = cursor_text(last);
            break;
        }
        std::pair<std::int64_t, T> row = read(rows);
        last = row.first;
        page.items.push_back(std::move(row.second));
    }
    return page;
}

/// 64 bits that stand for a text in an index; whoever looks up compares the text too.
[[nodiscard]] auto index_key(std::string_view first, std::string_view second) -> std::int64_t;

} // namespace dossier::store
