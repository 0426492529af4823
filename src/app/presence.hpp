#pragma once
// Tells the processes on one embedded store of each other, by a lock file beside it that the kernel lets go of when a
// process dies, however it dies. Whoever starts alone knows that all leases in the store are of the dead, and need not
// wait for them to run out. A second process is no fault: leases and fences keep the two apart.

#include <optional>
#include <string>

namespace dossier::app {

class Presence {
public:
    /// @param store_file of the embedded store; its directory exists
    explicit Presence(const std::string& store_file);
    ~Presence();
    Presence(const Presence&) = delete;
    auto operator=(const Presence&) -> Presence& = delete;
    /// True when no other process was on the store at the start. False also where that can't be known.
    [[nodiscard]] auto began_alone() const -> bool { return alone_; }

private:
    int lock_ = -1;
    bool alone_ = false;
};

/// "sqlite:PATH" → PATH; nullopt for a store that is not embedded.
[[nodiscard]] auto embedded_store_file(const std::string& url) -> std::optional<std::string>;

} // namespace dossier::app
