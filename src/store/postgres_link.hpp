#pragma once
// A connection that comes back. Whoever finds it lost drops it; the next use makes a new one, with growing pauses
// between the tries, also where a server lets us in and cuts us off again. At the beginning of an outage a use waits a
// little for the server (a restart takes a second or two, and nobody has to hear of it); later it fails at once, so
// that callers are told to come back (503) and don't pile up. No restart of ours is needed for recovery.

#include "postgres_database.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

namespace dossier::store {

class PostgresLink {
public:
    using Access = PostgresTarget::Access;
    /// @param what it is for, in logs
    /// @param closing ends all waiting
    PostgresLink(std::string what, const PostgresTarget& target, Access access, const std::atomic<bool>& closing)
        : what_(std::move(what)), target_(target), access_(access), closing_(closing) {}

    /// Throws PostgresFailure of kind `lost` while there is none.
    auto get() -> PostgresDatabase&;
    /// The same, waiting up to `most` from now, however long the outage has lasted.
    auto get_within(std::chrono::milliseconds most) -> PostgresDatabase&;
    [[nodiscard]] auto is_up() const -> bool { return connection_ != nullptr; }
    void drop(const StoreFailure& why);

private:
    using Clock = std::chrono::steady_clock;
    auto connect_until(Clock::time_point deadline) -> PostgresDatabase&;
    void connect();
    void put_off(); ///< the next try
    void pause_until(Clock::time_point until) const;

    std::string what_;
    const PostgresTarget& target_;
    Access access_;
    const std::atomic<bool>& closing_;
    std::unique_ptr<PostgresDatabase> connection_;
    std::optional<PostgresFailure> last_failure_;
    std::optional<Clock::time_point> down_since_;
    Clock::time_point up_since_{};
    Clock::time_point next_try_{};
    std::chrono::milliseconds delay_{0};
};

} // namespace dossier::store
