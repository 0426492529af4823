#pragma once
// Values between libpq's binary form and ours. Only the types that our statements give are known.

#include "database.hpp"

#include <memory>

struct pg_result;

namespace dossier::store {

/// The rows of a result. It stays whole however long it is read: a query inside a query's loop is fine.
[[nodiscard]] auto postgres_rows(std::shared_ptr<pg_result> result) -> std::unique_ptr<RowSource>;

/// The parameters of one statement, in the arrays that libpq wants. Text that PostgreSQL would refuse (a NUL, what is
/// no UTF-8) is mended: whatever a platform sends can be kept.
class PostgresParameters {
public:
    PostgresParameters(const SqlValue* values, std::size_t count);
    [[nodiscard]] auto count() const -> int { return static_cast<int>(types_.size()); }
    [[nodiscard]] auto types() const -> const unsigned* { return types_.data(); }
    [[nodiscard]] auto values() const -> const char* const* { return values_.data(); }
    [[nodiscard]] auto lengths() const -> const int* { return lengths_.data(); }
    [[nodiscard]] auto formats() const -> const int* { return formats_.data(); }

private:
    std::vector<unsigned> types_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::vector<std::int64_t> numbers_; ///< in network order; reserved, so that their addresses stay
    std::vector<std::unique_ptr<std::string>> mended_;
};

} // namespace dossier::store
