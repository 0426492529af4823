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

auto SqlStore::keep_corrections(std::vector<Correction> corrections, std::string dossier_id, Timestamp at,
                                std::vector<AuditEntry> audit) -> Task<Result<void>> {
    return write<void>([corrections = std::move(corrections), id = std::move(dossier_id), at,
                        audit = std::move(audit)](WriteSession& session) -> Result<void> {
        for (const auto& one : corrections)
            session.db.run("INSERT INTO corrections(key, classes, by_whom, at) VALUES(?,?,?,?) ON CONFLICT(key) DO "
                           "UPDATE SET classes=excluded.classes, by_whom=excluded.by_whom, at=excluded.at",
                           one.key, dump_json(Json(one.classes)), one.by, one.at);
        std::int64_t dossier = 0;
        {
            auto rows = session.db.query("SELECT seq FROM dossiers WHERE id=?", id);
            if (rows.next()) dossier = rows.integer(0);
        }
        if (dossier != 0) make_ready(session, dossier, at);
        session.seal(audit);
        return {};
    });
}

} // namespace dossier::store
