// What can be looked at: lists with filters, newest first, and single rows.

#include "sqlite_rows.hpp"
#include "sqlite_store.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

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

/// Read by SQLite itself, one pass over each document, so that no whole document leaves it. What isn't there is null.
constexpr std::string_view facts_columns =
    "f.seq, f.id, d.id, f.source, f.title, f.owner, f.severity, f.status, f.stage, f.received_at, "
    "CASE WHEN json_valid(f.doc) THEN json_extract(f.doc, '$.finding_type', '$.exposure', '$.resource.id', "
    "'$.resource.name', '$.resource.type', '$.resource.cloud', '$.resource.account', '$.resource.region', '$.rule.id', "
    "'$.rule.name', '$.first_seen', '$.data.classes') END, "
    "json_extract(e.body, '$.environment'), CAST(round(json_extract(a.body, '$.risk') * 1000) AS INTEGER), "
    "(SELECT json_group_array(DISTINCT json_extract(value, '$.framework')) FROM json_each(a.body, '$.regulations'))";
constexpr std::string_view facts_tables =
    "findings f CROSS JOIN dossiers d ON d.seq = f.dossier "
    "LEFT JOIN stage_results e ON e.dossier = d.seq AND e.revision = d.revision AND e.stage = 'enriched' "
    "LEFT JOIN stage_results a ON a.dossier = d.seq AND a.revision = d.revision AND a.stage = 'assessed'";

auto words_in(const Json& list) -> std::vector<std::string> {
    std::vector<std::string> words;
    if (!list.is_array()) return words;
    for (const auto& item : list)
        if (item.is_string()) words.push_back(item.get<std::string>());
    return words;
}

void take_document_facts(const std::string& text, FindingFacts& facts) {
    const auto members = parse_json(text);
    if (!members || !members->is_array() || members->size() != 12) return; // not normalised yet
    const auto word = [&](std::size_t i) {
        const auto& member = (*members)[i];
        return member.is_string() ? member.get<std::string>() : std::string();
    };
    facts.finding_type = word(0);
    facts.exposure = word(1);
    facts.resource_id = word(2);
    facts.resource_name = word(3);
    facts.resource_type = word(4);
    facts.cloud = word(5);
    facts.account = word(6);
    facts.region = word(7);
    facts.rule_id = word(8);
    facts.rule_name = word(9);
    facts.first_seen = parse_time(word(10));
    facts.data_classes = words_in((*members)[11]);
}

auto facts_of(const Rows& rows) -> FindingFacts {
    FindingFacts facts;
    facts.id = rows.text(1);
    facts.dossier_id = rows.text(2);
    facts.source = rows.text(3);
    facts.title = rows.text(4);
    facts.owner = rows.text(5);
    facts.severity = severity_of(rows.integer(6));
    facts.status = status_of(rows.text(7));
    facts.stage = stage_of(rows.text(8));
    facts.received_at = rows.time(9);
    take_document_facts(rows.text(10), facts);
    facts.environment = rows.text(11);
    facts.risk = static_cast<double>(rows.integer(12)) / 1000;
    if (const auto frameworks = parse_json(rows.text(13))) facts.frameworks = words_in(*frameworks);
    return facts;
}

} // namespace

auto SqliteStore::scan_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingFacts>>> {
    using Facts = Listing<FindingFacts>;
    return readers_.submit<Facts>([filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Facts> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        Conditions where;
        conditions_of(filter, *below, where);
        const auto sql = fmt::format("SELECT {} FROM {} {} ORDER BY f.seq DESC LIMIT {}", facts_columns, facts_tables,
                                     where.sql(), page.limit + 1);
        return read_page<FindingFacts>(db.query_once(sql, where.values()), page.limit,
                                       [](const Rows& rows) { return std::pair(rows.integer(0), facts_of(rows)); });
    });
}

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
