#include "sql_store.hpp"

namespace dossier::store {

auto SqlStore::probe() -> Task<Result<void>> {
    return write<void>([](WriteSession& session) -> Result<void> {
        session.db.run("UPDATE probe SET writes = writes + 1 WHERE id=1");
        return {};
    });
}

} // namespace dossier::store
