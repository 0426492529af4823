// What people have corrected, by key.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/base/json.hpp"

namespace dossier::store {
namespace {

auto classes_in(const std::string& text) -> std::vector<std::string> {
    std::vector<std::string> classes;
    const auto json = parse_json(text);
    if (json && json->is_array())
        for (const auto& one : *json)
            if (one.is_string()) classes.push_back(one.get<std::string>());
    return classes;
}

} // namespace

auto SqlStore::corrections_of(std::vector<std::string> keys) -> Task<Result<std::vector<Correction>>> {
    using Corrections = std::vector<Correction>;
    return read<Corrections>([keys = std::move(keys)](Database& db) -> Result<Corrections> {
        Corrections found;
        for (const auto& key : keys) {
            auto rows = db.query("SELECT classes, by_whom, at FROM corrections WHERE key=?", key);
            if (rows.next())
                found.push_back(
                    {.key = key, .classes = classes_in(rows.text(0)), .by = rows.text(1), .at = rows.time(2)});
        }
        return found;
    });
}

auto SqlStore::correct_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                             std::vector<Correction> corrections, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<Draft>> {
    return write<Draft>([id = std::move(id), expected = std::move(expected_hash), edited = std::move(edited),
                         revision = std::move(revision), corrections = std::move(corrections), at,
                         audit = std::move(audit)](WriteSession& session) -> Result<Draft> {
        auto stored = replace_content(session.db, id, expected, edited, revision);
        if (!stored) return fail(std::move(stored.error()));
        for (const auto& one : corrections)
            session.db.run("INSERT INTO corrections(key, classes, by_whom, at) VALUES(?,?,?,?) ON CONFLICT(key) DO "
                           "UPDATE SET classes=excluded.classes, by_whom=excluded.by_whom, at=excluded.at",
                           one.key, dump_json(Json(one.classes)), one.by, one.at);
        make_ready(session, stored->dossier, at);
        session.seal(audit);
        return std::move(stored->draft);
    });
}

} // namespace dossier::store
