#pragma once
// What the fuzz targets share. A target claims something of every input, not only that nothing crashes; a claim that
// does not hold is named before the process ends.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int;

namespace dossier::fuzz {

inline auto text_of(const std::uint8_t* data, std::size_t size) -> std::string_view {
    return {reinterpret_cast<const char*>(data), size}; // NOLINT: bytes are bytes
}

inline void require(bool holds, const char* claim) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: this does not hold: %s\n", claim);
    std::abort();
}

/// Takes the first line off `text`, so that one input can hold several values and still be read by people.
inline auto take_line(std::string_view& text) -> std::string_view {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

} // namespace dossier::fuzz
