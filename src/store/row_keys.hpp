#pragma once
// Keys that come in no order (hashes of identities and of exposures), and the rows that have them.

#include "database.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace dossier::store {

/// Rows by their keys, where the database has no index of its own for them. Keys are 64 bits of a text: rows that are
/// found may be of another text or have changed since, so whoever asks compares.
class RowKeys {
public:
    enum class Kind { finding, dossier };

    virtual ~RowKeys() = default;
    RowKeys(const RowKeys&) = delete;
    auto operator=(const RowKeys&) -> RowKeys& = delete;

    [[nodiscard]] virtual auto rows_of(Kind kind, std::int64_t key) -> std::vector<std::int64_t> = 0;
    /// A row was inserted.
    virtual void added(Kind kind, std::int64_t key, std::int64_t row) = 0;
    /// A row that was there has another key now.
    virtual void changed(Kind kind, std::int64_t key, std::int64_t row) = 0;

protected:
    RowKeys() = default;
};

[[nodiscard]] auto exposure_index_key(std::string_view exposure_key) -> std::int64_t;

} // namespace dossier::store
