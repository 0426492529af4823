#include "dossier/ticket/due.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr Severity due_severities[] = {Severity::critical, Severity::high, Severity::medium, Severity::low,
                                       Severity::informational};
constexpr int most_due_days = 1'000;
constexpr std::size_t most_holidays = 2'000;
constexpr std::string_view week[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}; // in C's order

void read_weekend(config::Section& section, BusinessCalendar& calendar) {
    if (!section.has("weekend")) return;
    std::vector<std::string> names;
    section.read_words("weekend", names, {std::begin(week), std::end(week)});
    for (std::size_t day = 0; day < calendar.weekend.size(); ++day)
        calendar.weekend.at(day) = std::ranges::find(names, week[day]) != names.end();
    if (!calendar.has_business_days()) section.problem("weekend", "leaves no day to work on");
}

void read_holidays(config::Section& section, BusinessCalendar& calendar) {
    std::vector<std::string> texts;
    section.read("holidays", texts);
    if (texts.size() > most_holidays)
        return section.problem("holidays", fmt::format("must be at most {} days", most_holidays));
    for (const auto& text : texts) {
        if (const auto day = parse_date(text))
            calendar.holidays.push_back(*day);
        else
            section.problem("holidays",
                            fmt::format("`{}` is no date; expected one as 2026-12-25", shorten(one_line(text), 60)));
    }
}

auto read_calendar(config::Section section) -> BusinessCalendar {
    BusinessCalendar calendar;
    read_weekend(section, calendar);
    read_holidays(section, calendar);
    std::string offset;
    section.read("utc_offset", offset);
    if (const auto parsed = parse_utc_offset(offset))
        calendar.utc_offset = *parsed;
    else if (!offset.empty())
        section.problem("utc_offset",
                        "expected an offset from UTC as +01:00 or Z; zones with summer time are not read, "
                        "since it moves no date by a day");
    return calendar;
}

auto fact_in(const std::vector<std::pair<std::string, std::string>>& facts, std::string_view name) -> std::string {
    const auto found = std::ranges::find(facts, name, &std::pair<std::string, std::string>::first);
    return found == facts.end() ? std::string() : escape_markdown(one_line(found->second));
}

} // namespace

auto read_due_days(config::Section& section) -> DueDays {
    DueDays days;
    for (const auto severity : due_severities) {
        if (!section.has(to_string(severity))) continue;
        int count = 0;
        section.read(to_string(severity), count, 0, most_due_days);
        days[severity] = count;
    }
    return days;
}

auto read_due(config::Section section) -> DueConfig {
    DueConfig due;
    due.days = read_due_days(section);
    due.calendar = read_calendar(section.child("calendar"));
    if (section.has("mention")) {
        std::vector<std::string> whom;
        section.read_words("mention", whom, {"owner", "manager"});
        due.names_owner = std::ranges::find(whom, "owner") != whom.end();
        due.names_manager = std::ranges::find(whom, "manager") != whom.end();
    }
    section.read("escalation", due.escalation);
    return due;
}

auto due_date(const DueDays& days, const BusinessCalendar& calendar, Severity severity, Timestamp from)
    -> std::optional<DueDate> {
    const auto count = days.find(severity);
    if (count == days.end() || !calendar.has_business_days()) return std::nullopt;
    const auto day = calendar.after(from, count->second);
    return DueDate{.on = format_date(day),
                   .severity = severity,
                   .days = count->second,
                   .counted_from = format_date(calendar.date_of(from)),
                   .ends_at = calendar.end_of(day)};
}

auto due_after(const DueDate& known, const DueDays& days, const BusinessCalendar& calendar, Severity severity,
               Timestamp from) -> DueDate {
    if (severity <= known.severity) return known;
    const auto risen = due_date(days, calendar, severity, from);
    return risen && risen->ends_at < known.ends_at ? *risen : known;
}

auto due_words(const DueDate& due) -> std::string {
    return fmt::format("{} ({} business day{} for severity {}, counted from {})", due.on, due.days,
                       due.days == 1 ? "" : "s", to_string(due.severity), due.counted_from);
}

auto named_for_breach(const DueConfig& config, const std::vector<std::pair<std::string, std::string>>& facts)
    -> std::string {
    std::vector<std::string> named;
    if (config.names_owner) {
        const auto name = fact_in(facts, "owner.name");
        const auto email = fact_in(facts, "owner.email");
        auto owner = name.empty() ? email : name;
        if (!name.empty() && !email.empty()) owner = fmt::format("{} ({})", name, email);
        named.push_back("Owner: " + (owner.empty() ? "not known" : owner));
    }
    if (config.names_manager) {
        const auto manager = fact_in(facts, "owner.manager");
        named.push_back("Manager: " + (manager.empty() ? "not known" : manager));
    }
    if (!config.escalation.empty()) named.push_back("Escalation: " + escape_markdown(one_line(config.escalation)));
    return join(named, " · ");
}

} // namespace dossier::ticket
