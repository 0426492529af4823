#pragma once
// Ids: opaque, unique, and sortable by time of making (ULID layout: 48 bits of milliseconds, 80 random bits, Crockford
// base32), with a short prefix that says what they name: `fnd_01JD…`, `dos_…`, `drf_…`.

#include <string>
#include <string_view>

namespace dossier {

/// A new id. Within a process ids only grow, also inside one millisecond. Thread-safe.
[[nodiscard]] auto new_id(std::string_view prefix) -> std::string;
/// Random hex, for delimiters, request ids and trace ids. @param bytes of randomness
[[nodiscard]] auto random_hex(std::size_t bytes) -> std::string;

} // namespace dossier
