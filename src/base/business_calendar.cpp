#include "dossier/base/business_calendar.hpp"

#include <algorithm>

namespace dossier {

using namespace std::chrono;

auto BusinessCalendar::is_business_day(sys_days day) const -> bool {
    return !weekend.at(weekday{day}.c_encoding()) && std::ranges::find(holidays, day) == holidays.end();
}

auto BusinessCalendar::date_of(Timestamp at) const -> sys_days { return floor<days>(at + utc_offset); }

auto BusinessCalendar::end_of(sys_days day) const -> Timestamp { return Timestamp{day + days{1}} - utc_offset; }

auto BusinessCalendar::after(Timestamp from, int count) const -> sys_days {
    auto day = date_of(from);
    while (count > 0) {
        day += days{1};
        if (is_business_day(day)) --count;
    }
    while (!is_business_day(day)) day += days{1};
    return day;
}

auto BusinessCalendar::has_business_days() const -> bool { return std::ranges::find(weekend, false) != weekend.end(); }

auto parse_date(std::string_view text) -> std::optional<sys_days> {
    constexpr std::string_view shape = "dddd-dd-dd";
    const bool has_shape = std::ranges::equal(
        text, shape, [](char c, char like) { return like == 'd' ? c >= '0' && c <= '9' : c == like; });
    if (!has_shape) return std::nullopt;
    const auto time = parse_time(text);
    return time ? std::optional(floor<days>(*time)) : std::nullopt;
}

auto format_date(sys_days day) -> std::string { return format_time(Timestamp{day}).substr(0, 10); }

auto parse_utc_offset(std::string_view text) -> std::optional<minutes> {
    if (text == "Z") return minutes{0};
    if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
    constexpr auto widest = hours{14}; // Kiribati
    const auto noon = parse_time("2026-01-01T12:00:00Z");
    const auto there = parse_time(std::string("2026-01-01T12:00:00").append(text));
    if (!noon || !there) return std::nullopt;
    const auto offset = duration_cast<minutes>(*noon - *there);
    return abs(offset) <= widest ? std::optional(offset) : std::nullopt;
}

} // namespace dossier
