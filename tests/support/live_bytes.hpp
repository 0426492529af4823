#pragma once
// What this process holds on the heap, for tests of what is kept while something waits.

#include <cstddef>

#include <malloc.h>

namespace dossier::test {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool counts_live_bytes = false; // a sanitizer's allocator counts for itself
#else
inline constexpr bool counts_live_bytes = true;
#endif

/// Bytes in use in all of the allocator's arenas.
[[nodiscard]] inline auto live_bytes() -> std::size_t {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

} // namespace dossier::test
