#pragma once
// Texts as the store keeps them. Platforms, catalogues and models repeat the same words over and over: LZ4 (block
// format) makes a quarter of such a JSON in microseconds, and what isn't written needs no journal, no sync and no
// checkpoint. A row says itself how it is kept: `unpacked_size`, NULL where the bytes are as they came. That is always
// so on PostgreSQL, where a replica of an earlier version may read along and would take packed bytes for JSON.

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

/// A text on its way into a row: itself for its column, and its `unpacked_size` for the one of that name.
class KeptText {
public:
    KeptText() = default;
    /// @param form what the database takes; a text that doesn't shrink stays as it is
    KeptText(std::string text, TextForm form);

    [[nodiscard]] auto unpacked_size() const -> std::optional<std::int64_t> { return unpacked_size_; }
    [[nodiscard]] auto empty() const -> bool { return bytes_.empty(); }
    /// To bind. Packed bytes are no text, and whoever looks into the file is told so.
    friend auto sql_value(const KeptText& text) -> SqlValue {
        return text.unpacked_size_ ? sql_value(Blob{text.bytes_}) : sql_value(text.bytes_);
    }

private:
    std::string bytes_;
    std::optional<std::int64_t> unpacked_size_;
};

/// Of a row that has a text in a column and its `unpacked_size` in the next. Throws StoreFailure for damaged bytes.
[[nodiscard]] auto text_of(const Rows& rows, int column) -> std::string;

} // namespace dossier::store
