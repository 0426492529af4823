#pragma once
// How much of a bound one of many may hold. Whoever is alone may have all of it. Once others hold something, or were
// after something a short while ago, one half still goes to who comes first and the other half is kept for them in
// equal parts: what somebody has not yet taken of their part is out of reach for the rest. So nobody, however fast they
// ask, can keep the others out, and what is kept is never more than half.
//
// It keeps no count of what is held: the caller says. Thread-safe.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace dossier {

class FairShare {
public:
    using Held = std::map<std::string, std::int64_t, std::less<>>;
    using Time = std::chrono::steady_clock::time_point;

    explicit FairShare(std::int64_t total) : total_(total) {}

    [[nodiscard]] auto total() const -> std::int64_t { return total_; }
    /// Somebody is after something; they count among the others for a minute. To be told when it gets scarce: of what
    /// there is plenty nothing has to be kept.
    void note(std::string_view who, Time now);
    /// The most that `who` may hold in all.
    [[nodiscard]] auto limit_of(std::string_view who, const Held& held, Time now) -> std::int64_t;

private:
    void forget_old(Time now);

    std::int64_t total_;
    std::mutex mutex_;
    std::map<std::string, Time, std::less<>> wanting_; ///< until when
};

} // namespace dossier
