#pragma once
// One finding in the store: recognised, judged by `outcome_of`, kept as a version, and placed in the dossier of its
// exposure. Shared by what arrives (sql_intake.cpp) and by what is fetched later (sql_work.cpp).

#include "packing.hpp"
#include "write_session.hpp"

#include "dossier/store/records.hpp"

#include <optional>
#include <string>

namespace dossier::store {

/// An item with what can be computed before the writer's thread has it.
struct Arrival {
    IntakeItem item;
    Via via = Via::webhook;
    std::string content_hash;
    std::optional<Packed> packed; ///< the item's raw text, which is empty then; none where it is kept as it is
    std::int64_t identity = 0;    ///< index key of (source, fingerprint), or of (source, raw)
};
/// @param form how the database takes texts
[[nodiscard]] auto prepare(IntakeItem item, const std::string& source, Via via, TextForm form) -> Arrival;

struct Taken {
    IntakeResult result;
    std::int64_t finding = 0; ///< its row
};
/// Announces what take_finding will ask.
void ask_ahead(Database& db, const std::string& source, const Arrival& arrival);
[[nodiscard]] auto take_finding(WriteSession& session, const std::string& source, const Arrival& arrival, Timestamp at)
    -> Taken;

/// Which finding of a source has this fingerprint.
[[nodiscard]] auto finding_id_of(WriteSession& session, const std::string& source, const std::string& fingerprint)
    -> std::optional<std::string>;

/// What WorkStore::complete_finding says.
[[nodiscard]] auto complete_finding(WriteSession& session, const FetchCommit& completion) -> Result<FetchOutcome>;

} // namespace dossier::store
