#include "open_files.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace dossier::app {

auto raise_open_files() -> std::size_t {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur;
}

auto most_connections(std::size_t configured, std::size_t open_files) -> std::size_t {
    return std::clamp<std::size_t>(open_files / 2, 1, configured);
}

} // namespace dossier::app
