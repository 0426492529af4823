#include "dossier/base/memory.hpp"

#include <malloc.h>

/// Of mimalloc, where it is linked (DOSSIER_MIMALLOC).
extern "C" {
// NOLINTBEGIN(readability-identifier-naming)
void mi_collect(bool force) __attribute__((weak));
void mi_option_set(int option, long value) __attribute__((weak));
int mi_version() __attribute__((weak)); // NOLINT(modernize-use-trailing-return-type)
// NOLINTEND(readability-identifier-naming)
}

namespace dossier {

namespace {

// mi_option_e of mimalloc 2.0; later versions number them anew and keep less by themselves.
constexpr int decommit_delay = 15;
constexpr int decommit_extend_delay = 24;
constexpr int first_without_them = 210;

} // namespace

void keep_freed_memory_for(std::chrono::milliseconds span) {
    if (mi_option_set == nullptr || mi_version == nullptr || mi_version() >= first_without_them) return;
    mi_option_set(decommit_delay, span.count());
    mi_option_set(decommit_extend_delay, 0); // by which each page that is freed would put off the return of all others
}

void give_back_own_heap() {
    if (mi_collect != nullptr) mi_collect(true);
}

void give_back_free_memory() {
    if (mi_collect == nullptr) ::malloc_trim(0);
    give_back_own_heap();
}

} // namespace dossier
