// What "this quarter" means is decided here, with the clock, and never by whoever read the question.

#include "dossier/report/finding_query.hpp"

#include "dossier/base/strings.hpp"

#include <charconv>

namespace dossier::report {
namespace {

using std::chrono::days;
using std::chrono::month;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month;

constexpr int most_days = 3'660;

auto number_in(std::string_view text) -> std::optional<int> {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

auto first_of(year_month when) -> sys_days { return sys_days(when / 1); }

auto months_from(year_month begin, int count) -> TimeSpan {
    return {.begin = Timestamp(first_of(begin)), .end = Timestamp(first_of(begin + months(count)))};
}

auto quarter_of(year_month when) -> year_month {
    const auto first = (static_cast<unsigned>(when.month()) - 1) / 3 * 3 + 1;
    return when.year() / month(first);
}

/// 2026, 2026-11, 2026-Q3.
auto calendar_span(std::string_view period) -> std::optional<TimeSpan> {
    const auto number = number_in(period.substr(0, 4));
    if (period.size() < 4 || !number || *number < 1970 || *number > 2200) return std::nullopt;
    const year of{*number};
    if (period.size() == 4) return months_from(of / 1, 12);
    if (period.size() != 7 || period[4] != '-') return std::nullopt;
    if (period[5] == 'q' && period[6] >= '1' && period[6] <= '4')
        return months_from(of / month(static_cast<unsigned>(period[6] - '1') * 3 + 1), 3);
    const auto in_year = number_in(period.substr(5));
    if (!in_year || *in_year < 1 || *in_year > 12) return std::nullopt;
    return months_from(of / month(static_cast<unsigned>(*in_year)), 1);
}

/// "2026-11-01..", "2026-11-01..2026-11-30" (both days within) or one day.
auto explicit_span(std::string_view period) -> std::optional<TimeSpan> {
    const auto day = [](std::string_view text) { return parse_time(std::string(text) + "T00:00:00Z"); };
    const auto dots = period.find("..");
    const auto begin = day(period.substr(0, dots));
    if (!begin) return std::nullopt;
    if (dots == std::string_view::npos) return TimeSpan{.begin = begin, .end = *begin + days(1)};
    if (dots + 2 == period.size()) return TimeSpan{.begin = begin, .end = std::nullopt};
    const auto last = day(period.substr(dots + 2));
    if (!last || *last < *begin) return std::nullopt;
    return TimeSpan{.begin = begin, .end = *last + days(1)};
}

auto named_span(std::string_view period, Timestamp now) -> std::optional<TimeSpan> {
    const auto today = std::chrono::floor<days>(now);
    const std::chrono::year_month_day date{today};
    const auto this_month = date.year() / date.month();
    const auto since_monday = std::chrono::weekday(today) - std::chrono::Monday;
    const auto span = [](sys_days begin, sys_days end) {
        return TimeSpan{.begin = Timestamp(begin), .end = Timestamp(end)};
    };
    if (period == "today") return span(today, today + days(1));
    if (period == "yesterday") return span(today - days(1), today);
    if (period == "this_week") return span(today - since_monday, today - since_monday + days(7));
    if (period == "last_week") return span(today - since_monday - days(7), today - since_monday);
    if (period == "this_month") return months_from(this_month, 1);
    if (period == "last_month") return months_from(this_month - months(1), 1);
    if (period == "this_quarter") return months_from(quarter_of(this_month), 3);
    if (period == "last_quarter") return months_from(quarter_of(this_month) - months(3), 3);
    if (period == "this_year") return months_from(date.year() / 1, 12);
    if (period == "last_year") return months_from((date.year() - std::chrono::years(1)) / 1, 12);
    if (period.starts_with("last_") && period.ends_with("_days")) {
        const auto count = number_in(period.substr(5, period.size() - 10));
        if (count && *count > 0 && *count <= most_days) return TimeSpan{.begin = now - days(*count), .end = {}};
    }
    if (period.starts_with("last_") && period.ends_with("_hours")) {
        const auto count = number_in(period.substr(5, period.size() - 11));
        if (count && *count > 0 && *count <= most_days * 24)
            return TimeSpan{.begin = now - std::chrono::hours(*count), .end = {}};
    }
    return std::nullopt;
}

} // namespace

auto span_of(std::string_view period, Timestamp now) -> Result<TimeSpan> {
    const auto word = lower(period);
    if (word.empty()) return TimeSpan{};
    if (auto span = named_span(word, now)) return *span;
    if (auto span = calendar_span(word)) return *span;
    if (auto span = explicit_span(word)) return *span;
    return fail(Errc::invalid_argument, "has no value '" + shorten(word, 40) + "'");
}

} // namespace dossier::report
