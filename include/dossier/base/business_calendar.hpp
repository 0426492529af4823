#pragma once
// Working days: weekends, holidays, and where on earth a day begins. The offset from UTC is fixed: the standard library
// of this platform reads no time zone database, and an hour of summer time moves no due date by a day. Pure functions.

#include "dossier/base/time.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct BusinessCalendar {
    std::array<bool, 7> weekend{true, false, false, false, false, false, true}; ///< by C's number: Sunday is 0
    std::vector<std::chrono::sys_days> holidays;
    std::chrono::minutes utc_offset{0}; ///< of local time

    [[nodiscard]] auto is_business_day(std::chrono::sys_days day) const -> bool;
    /// The local date of an instant.
    [[nodiscard]] auto date_of(Timestamp at) const -> std::chrono::sys_days;
    /// The instant in which a local date is over.
    [[nodiscard]] auto end_of(std::chrono::sys_days day) const -> Timestamp;
    /// `count` business days after the local date of `from`; the day itself doesn't count. With 0 it is that day, or
    /// the next business day where that is none. The calendar must have a business day (`has_business_days`).
    [[nodiscard]] auto after(Timestamp from, int count) const -> std::chrono::sys_days;
    [[nodiscard]] auto has_business_days() const -> bool; ///< not every day of the week is a weekend
};

/// "2026-12-25", and nothing else; nullopt for what is no day of the years 1970 to 2199.
[[nodiscard]] auto parse_date(std::string_view text) -> std::optional<std::chrono::sys_days>;
[[nodiscard]] auto format_date(std::chrono::sys_days day) -> std::string;
/// "Z", "+01:00", "-0330": at most 14 hours either way.
[[nodiscard]] auto parse_utc_offset(std::string_view text) -> std::optional<std::chrono::minutes>;

} // namespace dossier
