#pragma once
// What the programs of the bench say of themselves.

#include <sys/resource.h>

namespace bench {

/// CPU of this process so far, in user and kernel mode, in seconds.
inline auto cpu_seconds() -> double {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

} // namespace bench
