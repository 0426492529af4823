#include "database.hpp"

namespace dossier::store {

auto StoreFailure::to_error() const -> Error {
    Error error{.code = Errc::storage, .message = what(), .context = {}, .retry_after = {}};
    if (!code_.first.empty()) error.context.push_back(code_);
    return error;
}

} // namespace dossier::store
