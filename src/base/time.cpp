#include "dossier/base/time.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace dossier {

namespace {

using namespace std::chrono;

constexpr auto earliest = sys_days{year{1970} / 1 / 1};
constexpr auto latest = sys_days{year{2200} / 1 / 1};

auto plausible(Timestamp time) -> std::optional<Timestamp> {
    if (time < earliest || time >= latest) return std::nullopt;
    return time;
}

/// Takes digits off the front; nullopt unless there are exactly `count`.
auto take_digits(std::string_view& text, std::size_t count) -> std::optional<int> {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

auto take(std::string_view& text, char c) -> bool {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

auto parse_epoch(std::string_view text) -> std::optional<Timestamp> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || (end != text.data() + text.size() && *end != '.') || value < 0) return std::nullopt;
    // Seconds have ten digits until 2286, milliseconds thirteen; micro- and nanoseconds occur in event logs.
    if (value < 100'000'000'000) return plausible(Timestamp{seconds{value}});
    if (value < 100'000'000'000'000) return plausible(Timestamp{milliseconds{value}});
    if (value < 100'000'000'000'000'000) return plausible(Timestamp{milliseconds{value / 1'000}});
    return plausible(Timestamp{milliseconds{value / 1'000'000}});
}

/// The offset after a time of day: "Z", "+00:00", "+0000", " UTC" or nothing.
auto parse_offset(std::string_view text) -> std::optional<minutes> {
    text = trim(text);
    if (text.empty() || text == "Z" || text == "z" || text == "UTC" || text == "GMT") return minutes{0};
    const bool negative = text.front() == '-';
    if (!negative && text.front() != '+') return std::nullopt;
    text.remove_prefix(1);
    const auto h = take_digits(text, 2);
    if (!h) return std::nullopt;
    take(text, ':');
    const auto m = text.empty() ? std::optional{0} : take_digits(text, 2);
    if (!m || !text.empty() || *h > 23 || *m > 59) return std::nullopt;
    const auto span = minutes{*h * 60 + *m};
    return negative ? -span : span;
}

} // namespace

auto SystemClock::now() const -> Timestamp { return time_point_cast<milliseconds>(system_clock::now()); }

auto format_time(Timestamp time) -> std::string {
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    const auto year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) {
        return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, static_cast<unsigned>(date.month()),
                           static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                           clock.seconds().count(), clock.subseconds().count());
    }
    std::string text = "0000-00-00T00:00:00.000Z";
    const auto put = [&text](std::size_t last, auto number) {
        for (; number > 0; number /= 10) text[last--] = static_cast<char>('0' + number % 10);
    };
    put(3, year);
    put(6, static_cast<unsigned>(date.month()));
    put(9, static_cast<unsigned>(date.day()));
    put(12, clock.hours().count());
    put(15, clock.minutes().count());
    put(18, clock.seconds().count());
    put(22, clock.subseconds().count());
    return text;
}

auto parse_time(std::string_view text) -> std::optional<Timestamp> {
    text = trim(text);
    if (text.empty()) return std::nullopt;
    if (text.find_first_not_of("0123456789.") == std::string_view::npos) return parse_epoch(text);

    const auto y = take_digits(text, 4);
    if (!y || !take(text, '-')) return std::nullopt;
    const auto mo = take_digits(text, 2);
    if (!mo || !take(text, '-')) return std::nullopt;
    const auto d = take_digits(text, 2);
    if (!d) return std::nullopt;
    const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
    if (!date.ok()) return std::nullopt;
    Timestamp time = sys_days{date};
    if (text.empty()) return plausible(time);

    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto h = take_digits(text, 2);
    if (!h || !take(text, ':')) return std::nullopt;
    const auto mi = take_digits(text, 2);
    if (!mi) return std::nullopt;
    int s = 0;
    if (take(text, ':')) {
        const auto value = take_digits(text, 2);
        if (!value) return std::nullopt;
        s = *value;
    }
    if (*h > 23 || *mi > 59 || s > 60) return std::nullopt;
    time += hours{*h} + minutes{*mi} + seconds{s};
    if (take(text, '.') || take(text, ',')) {
        int weight = 100;
        bool any = false;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            time += milliseconds{(text.front() - '0') * weight};
            weight /= 10;
            text.remove_prefix(1);
            any = true;
        }
        if (!any) return std::nullopt;
    }
    const auto offset = parse_offset(text);
    if (!offset) return std::nullopt;
    return plausible(time - *offset);
}

} // namespace dossier
