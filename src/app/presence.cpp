#include "presence.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace dossier::app {

Presence::Presence(const std::string& store_file) {
    constexpr mode_t for_us_only = 0600;
    lock_ = ::open((store_file + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, for_us_only);
    if (lock_ < 0) return;
    alone_ = ::flock(lock_, LOCK_EX | LOCK_NB) == 0;
    // Shared from here on: the next one may start, and learns that it is not alone. Who holds it exclusively does so
    // for the moment between these two calls.
    static_cast<void>(::flock(lock_, LOCK_SH));
}

Presence::~Presence() {
    if (lock_ >= 0) ::close(lock_);
}

auto embedded_store_file(const std::string& url) -> std::optional<std::string> {
    constexpr std::string_view scheme = "sqlite:";
    if (!url.starts_with(scheme)) return std::nullopt;
    return url.substr(scheme.size());
}

} // namespace dossier::app
