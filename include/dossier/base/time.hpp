#pragma once
// Wall-clock time: RFC 3339 out, and in whatever the platforms send (RFC 3339 with 0 to 9 fraction digits, a blank
// for the T, offsets, epoch seconds or milliseconds as number or string). Code that decides by time takes a Clock.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual auto now() const -> Timestamp = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override;
};

/// RFC 3339 in UTC with milliseconds: 2026-11-22T21:32:00.000Z.
[[nodiscard]] auto format_time(Timestamp time) -> std::string;
/// Any of the forms named above; nullopt for anything else, also for years outside 1970–2200.
[[nodiscard]] auto parse_time(std::string_view text) -> std::optional<Timestamp>;

} // namespace dossier
