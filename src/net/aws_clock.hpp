#pragma once
// What time it is for AWS, which refuses signatures that are minutes off. Starts as our own clock; a service that calls
// it wrong corrects it by the Date of its answer. Thread-safe.

#include "dossier/base/time.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/http_message.hpp"

#include <atomic>
#include <optional>

namespace dossier::net {

class AwsClock {
public:
    [[nodiscard]] auto offset() const -> Duration { return Duration(offset_ms_.load()); } ///< theirs minus ours
    [[nodiscard]] auto now() const -> Timestamp { return SystemClock().now() + offset(); }
    /// After a refusal for the time: takes over theirs. False where `used` was right, so that it isn't the clock.
    auto correct(const HttpResponse& response, Duration used) -> bool;

private:
    std::atomic<Duration::rep> offset_ms_ = 0;
};

/// The Date of an answer.
[[nodiscard]] auto date_of(const HttpResponse& response) -> std::optional<Timestamp>;

} // namespace dossier::net
