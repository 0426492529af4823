// What can be looked at: lists with filters, newest first, and single rows.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    if (!filter.owner.empty()) where.add("lower(f.owner) = lower(?)", filter.owner);
    if (filter.since) {
        where.add("f.received_at >= ?", *filter.since);
        // Times grow with the numbers of rows but for clocks that differ or step, so an index has to say where the span
        // begins; without it a list that goes backwards would look for more of it through the whole past. The sum keeps
        // planners from looking for the least number in the order of numbers, which is that same past.
        where.add("f.seq >= (SELECT coalesce(min(r.seq + 0), 0) FROM findings r WHERE r.received_at >= ?)",
                  *filter.since);
    }
    if (filter.until) where.add("f.received_at < ?", *filter.until);
    add_words(where, filter.q);
}

constexpr std::string_view facts_columns =
    "f.seq, f.id, d.id, f.source, f.title, f.owner, f.severity, f.status, f.stage, f.received_at, f.doc, "
    "f.unpacked_size, e.body, e.unpacked_size, a.body, a.unpacked_size";
constexpr std::string_view facts_tables =
    "findings f CROSS JOIN dossiers d ON d.seq = f.dossier "
    "LEFT JOIN stage_results e ON e.dossier = d.seq AND e.revision = d.revision AND e.stage = 'enriched' "
    "LEFT JOIN stage_results a ON a.dossier = d.seq AND a.revision = d.revision AND a.stage = 'assessed'";

auto word_at(const JsonView& view, std::string_view pointer) -> std::string {
    return std::string(view.at(pointer).string().value_or(""));
}

/// Documents go through simdjson: SQLite's own JSON takes ten times as long over a list of regulations.
void take_document_facts(const std::string& text, FindingFacts& facts) {
    const auto document = JsonDocument::parse(text);
    if (!document) return; // not normalised yet
    const auto finding = document->root();
    facts.finding_type = word_at(finding, "/finding_type");
    facts.exposure = word_at(finding, "/exposure");
    facts.resource_id = word_at(finding, "/resource/id");
    facts.resource_name = word_at(finding, "/resource/name");
    facts.resource_type = word_at(finding, "/resource/type");
    facts.cloud = word_at(finding, "/resource/cloud");
    facts.account = word_at(finding, "/resource/account");
    facts.region = word_at(finding, "/resource/region");
    facts.rule_id = word_at(finding, "/rule/id");
    facts.rule_name = word_at(finding, "/rule/name");
    facts.first_seen = parse_time(word_at(finding, "/first_seen"));
    for (const auto& one : finding.at("/data/classes").elements())
        if (const auto word = one.string()) facts.data_classes.emplace_back(*word);
}

void take_revision_facts(const std::string& context, const std::string& assessment, FindingFacts& facts) {
    if (const auto enriched = JsonDocument::parse(context))
        facts.environment = word_at(enriched->root(), "/environment");
    const auto assessed = JsonDocument::parse(assessment);
    if (!assessed) return;
    facts.risk = assessed->root()["risk"].number().value_or(0);
    for (const auto& regulation : assessed->root()["regulations"].elements()) {
        auto framework = word_at(regulation, "/framework");
        if (!framework.empty() && std::ranges::find(facts.frameworks, framework) == facts.frameworks.end())
            facts.frameworks.push_back(std::move(framework));
    }
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
    take_document_facts(text_of(rows, 10), facts);
    take_revision_facts(text_of(rows, 12), text_of(rows, 14), facts);
    return facts;
}

} // namespace

auto SqlStore::scan_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingFacts>>> {
    using Facts = Listing<FindingFacts>;
    return read<Facts>([filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Facts> {
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

auto SqlStore::list_findings(FindingFilter filter, Page page) -> Task<Result<Listing<FindingRow>>> {
    using Findings = Listing<FindingRow>;
    return read<Findings>([filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Findings> {
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

auto SqlStore::get_finding(std::string id) -> Task<Result<FindingRow>> {
    return read<FindingRow>([id = std::move(id)](Database& db) -> Result<FindingRow> {
        static const auto sql =
            fmt::format("SELECT {}, p.raw, p.unpacked_size FROM findings f JOIN dossiers d ON d.seq = f.dossier "
                        "LEFT JOIN payloads p ON p.finding = f.seq AND p.version = f.version "
                        "WHERE f.id=?",
                        finding_columns);
        auto rows = db.query(sql, id);
        if (!rows.next()) return fail(Errc::not_found, "no finding has this id");
        auto row = finding_of(rows);
        row.raw = text_of(rows, finding_seq_column + 1);
        return row;
    });
}

auto SqlStore::list_dossiers(Page page) -> Task<Result<Listing<DossierRow>>> {
    using Dossiers = Listing<DossierRow>;
    return read<Dossiers>([page = std::move(page)](Database& db) -> Result<Dossiers> {
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

auto SqlStore::get_dossier(std::string id) -> Task<Result<DossierRow>> {
    return read<DossierRow>([id = std::move(id)](Database& db) -> Result<DossierRow> {
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
