#include "resident.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dossier::app {

namespace {

/// Segments that were never writable hold nothing but what their file holds; all others stay.
[[maybe_unused]] auto give_back_segments(dl_phdr_info* object, std::size_t /*size*/, void* /*unused*/) -> int {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const auto begin = (object->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
        const auto end = (object->dlpi_addr + segment.p_vaddr + segment.p_filesz) & ~(page - 1);
        if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED); // NOLINT: an address
    }
    return 0;
}

auto said_by(clockid_t clock) -> Duration {
    timespec used{};
    ::clock_gettime(clock, &used);
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(used.tv_sec) +
                                                std::chrono::nanoseconds(used.tv_nsec));
}

} // namespace

auto resident_bytes() -> std::size_t {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

auto processor_time() -> Duration { return said_by(CLOCK_PROCESS_CPUTIME_ID); }
auto own_processor_time() -> Duration { return said_by(CLOCK_THREAD_CPUTIME_ID); }

void give_back_code() {
#ifdef NDEBUG
    ::dl_iterate_phdr(give_back_segments, nullptr);
#endif
}

} // namespace dossier::app
