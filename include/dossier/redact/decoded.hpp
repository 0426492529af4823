#pragma once
// The readings of a text beneath its escapes: JSON and C escapes, percent, HTML and XML entities, quoted-printable,
// doubled quotes of CSV, full-width forms, zero-width characters; one layer at a time, each byte with the place in the
// source it came from. And the runs of base64 or hex that hold text. What is found in a reading is masked in the
// source.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct Decoded {
    std::string text;
    std::vector<std::uint32_t> source; ///< for each byte of `text` and its end: where it begins in the source
};

/// Whether one of the bytes stands in it that escapes begin with: a look before the layers are.
[[nodiscard]] auto may_hold_escape(std::string_view text) -> bool;
/// One layer taken off; nullopt where there is none.
[[nodiscard]] auto decode_layer(std::string_view text) -> std::optional<Decoded>;
/// All layers taken off, three at the most: how one value reads whatever its spelling.
[[nodiscard]] auto decoded_value(std::string_view text) -> std::string;

struct EncodedRun {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text; ///< what it holds
};

/// Runs of base64 (either alphabet) or hex that hold readable text.
[[nodiscard]] auto encoded_runs(std::string_view text) -> std::vector<EncodedRun>;

} // namespace dossier::redact
