#pragma once
// Payloads as the store keeps them. Platforms repeat the same names over and over: LZ4 (block format) makes a quarter
// of such a JSON in a microsecond, and what isn't written needs no journal, no sync and no checkpoint. A row says
// itself how it is kept: `unpacked_size`, NULL where the bytes are as they came (on PostgreSQL always).

#include "database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::store {

struct Packed {
    std::string bytes;
    std::int64_t size = 0; ///< of what was packed
};

/// nullopt where packing gains nothing worth mentioning: the bytes are to be kept as they are.
[[nodiscard]] auto pack(std::string_view raw) -> std::optional<Packed>;
/// Throws StoreFailure for bytes that `pack` did not make of so many.
[[nodiscard]] auto unpack(std::string_view bytes, std::int64_t size) -> std::string;

/// Of a row that has `raw` in a column and `unpacked_size` in the next.
[[nodiscard]] auto raw_of(const Rows& rows, int column) -> std::string;

} // namespace dossier::store
