// What can be looked at: lists with filters, newest first, and single rows.

#include "sqlite_rows.hpp"
#include "sqlite_store.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <deque>

namespace dossier::store {

namespace {

/// WHERE clauses with their values; only those that a filter names, so that the plan is made for them.
class Conditions {
public:
    template <class T>
    void add(std::string_view clause, const T& value) {
        sql_ += sql_.empty() ? "WHERE " : " AND ";
        sql_ += clause;
        values_.push_back(sql_value(value));
    }
    void add_word(std::string word) { add("f.search LIKE ? ESCAPE '\\'", kept_.emplace_back(std::move(word))); }
    [[nodiscard]] auto sql() const -> const std::string& { return sql_; }
    [[nodiscard]] auto values() -> std::vector<SqlValue>& { return values_; }

private:
    std::string sql_;
    std::vector<SqlValue> values_;
    std::deque<std::string> kept_; ///< texts made here; their addresses stay
};

constexpr std::size_t most_words = 16;

void add_words(Conditions& where, std::string_view query) {
    std::size_t count = 0;
    for (const auto word : split(query, ' ')) {
        if (trim(word).empty() || count == most_words) continue;
        ++count;
        std::string pattern = "%";
        for (const char c : lower(trim(word))) {
            if (c == '%' || c == '_' || c == '\\') pattern += '\\';
            pattern += c;
        }
        where.add_word(pattern + "%");
    }
}

auto conditions_of(const FindingFilter& filter, std::int64_t below, Conditions& where) {
    where.add("f.seq < ?", below);
    if (!filter.source.empty()) where.add("f.source = ?", filter.source);
    if (filter.severity) where.add("f.severity = ?", rank_of(*filter.severity));
    if (filter.status) where.add("f.status = ?", to_string(*filter.status));
    if (filter.stage) where.add("f.stage = ?", to_string(*filter.stage));
    if (!filter.owner.empty()) where.add("f.owner = ? COLLATE NOCASE", filter.owner);
    if (filter.since) where.add("f.received_at >= ?", *filter.since);
    if (filter.until) where.add("f.received_at < ?", *filter.until);
    add_words(where, filter.q);
}

} // namespace

auto SqliteStore::list_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingRow>>> {
    using Findings = Listing<FindingRow>;
    return readers_.submit<Findings>(
        [filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Findings> {
            const auto below = cursor_seq(page.cursor);
            if (!below) return fail(below.error());
            Conditions where;
            conditions_of(filter, *below, where);
            const auto sql = fmt::format("SELECT {} FROM findings f CROSS JOIN dossiers d ON d.seq = f.dossier {} "
                                         "ORDER BY f.seq DESC LIMIT {}",
                                         finding_columns, where.sql(), page.limit + 1);
            return read_page<FindingRow>(db.query_once(sql, where.values()), page.limit, [](const Rows& rows) {
                return std::pair(rows.integer(finding_seq_column), finding_of(rows));
            });
        });
}

auto SqliteStore::get_finding(std::string id) -> Task<Result<FindingRow>> {
    return readers_.submit<FindingRow>([id = std::move(id)](Database& db) -> Result<FindingRow> {
        static const auto sql = fmt::format("SELECT {}, p.raw FROM findings f JOIN dossiers d ON d.seq = f.dossier "
                                            "LEFT JOIN payloads p ON p.finding = f.seq AND p.version = f.version "
                                            "WHERE f.id=?",
                                            finding_columns);
        auto rows = db.query(sql, id);
        if (!rows.next()) return fail(Errc::not_found, "no finding has this id");
        auto row = finding_of(rows);
        row.raw = rows.text(finding_seq_column + 1);
        return row;
    });
}

auto SqliteStore::list_dossiers(Page page) -> Task<Result<Listing<DossierRow>>> {
    using Dossiers = Listing<DossierRow>;
    return readers_.submit<Dossiers>([page = std::move(page)](Database& db) -> Result<Dossiers> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        auto rows =
            db.query("SELECT seq, id FROM dossiers WHERE seq<? AND merged_into IS NULL ORDER BY seq DESC LIMIT ?",
                     *below, page.limit + 1);
        return read_page<DossierRow>(std::move(rows), page.limit, [&db](const Rows& row) {
            return std::pair(row.integer(0), read_dossier(db, row.text(1), {}).value_or(DossierRow{}));
        });
    });
}

auto SqliteStore::get_dossier(std::string id) -> Task<Result<DossierRow>> {
    return readers_.submit<DossierRow>([id = std::move(id)](Database& db) -> Result<DossierRow> {
        std::string there = id;
        {
            auto rows =
                db.query("SELECT t.id FROM dossiers d JOIN dossiers t ON t.seq = d.merged_into WHERE d.id=?", id);
            if (rows.next()) there = rows.text(0);
        }
        auto row = read_dossier(db, there, {.all_revisions = true});
        if (!row) return fail(Errc::not_found, "no dossier has this id");
        return *std::move(row);
    });
}

} // namespace dossier::store
