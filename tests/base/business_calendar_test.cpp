#include "dossier/base/business_calendar.hpp"

#include <gtest/gtest.h>

namespace dossier {
namespace {

auto time_at(const char* text) -> Timestamp { return parse_time(text).value(); }
auto day_at(const char* text) -> std::chrono::sys_days { return parse_date(text).value(); }

TEST(BusinessCalendar, CountsWorkingDays) {
    const struct {
        const char* name;
        const char* from;
        int days;
        const char* expected;
        std::vector<const char*> holidays{};
        int offset_minutes = 0;
    } rows[] = {
        {"the day itself doesn't count", "2026-11-24T09:00:00Z", 1, "2026-11-25"},
        {"none: the same day", "2026-11-24T23:59:59Z", 0, "2026-11-24"},
        {"none, on a Sunday: the next one to work on", "2026-11-29T12:00:00Z", 0, "2026-11-30"},
        {"over a weekend", "2026-11-26T09:00:00Z", 2, "2026-11-30"},
        {"from a Friday", "2026-11-27T09:00:00Z", 1, "2026-11-30"},
        {"from a Saturday: Monday is the first", "2026-11-28T09:00:00Z", 1, "2026-11-30"},
        {"two weeks are ten days", "2026-11-26T09:00:00Z", 10, "2026-12-10"},
        {"a holiday is passed over", "2026-12-24T09:00:00Z", 1, "2026-12-28", {"2026-12-25"}},
        {"holidays beside a weekend", "2026-12-23T09:00:00Z", 2, "2026-12-29", {"2026-12-25", "2026-12-28"}},
        {"a holiday on a weekend costs nothing", "2026-12-24T09:00:00Z", 1, "2026-12-25", {"2026-12-26"}},
        {"none, on a holiday", "2026-12-25T09:00:00Z", 0, "2026-12-28", {"2026-12-25"}},
        {"over the end of a month", "2026-11-30T09:00:00Z", 2, "2026-12-02"},
        {"over the end of a year", "2026-12-31T09:00:00Z", 2, "2027-01-05", {"2027-01-01"}},
        {"over a leap day", "2028-02-28T09:00:00Z", 1, "2028-02-29"},
        {"over an end of February without one", "2027-02-26T09:00:00Z", 1, "2027-03-01"},
        {"no hour is lost when clocks change in Europe", "2026-10-23T22:30:00Z", 1, "2026-10-26"},
        {"evening here is tomorrow east", "2026-11-24T23:30:00Z", 1, "2026-11-26", {}, 60},
        {"night here is yesterday west", "2026-11-24T02:00:00Z", 1, "2026-11-24", {}, -300},
        {"Sunday here is Monday east", "2026-11-29T23:30:00Z", 0, "2026-11-30", {}, 60},
        {"half an hour counts", "2026-11-24T18:30:00Z", 1, "2026-11-26", {}, 330},
    };
    for (const auto& row : rows) {
        BusinessCalendar calendar;
        for (const auto* holiday : row.holidays) calendar.holidays.push_back(day_at(holiday));
        calendar.utc_offset = std::chrono::minutes{row.offset_minutes};
        EXPECT_EQ(format_date(calendar.after(time_at(row.from), row.days)), row.expected) << row.name;
    }
}

TEST(BusinessCalendar, AWeekendMayBeAnotherOne) {
    BusinessCalendar calendar;
    calendar.weekend = {false, false, false, false, false, true, true}; // Friday and Saturday
    EXPECT_EQ(format_date(calendar.after(time_at("2026-11-26T09:00:00Z"), 1)), "2026-11-29");
    calendar.weekend.fill(false);
    EXPECT_EQ(format_date(calendar.after(time_at("2026-11-27T09:00:00Z"), 2)), "2026-11-29");
    EXPECT_TRUE(calendar.has_business_days());
    calendar.weekend.fill(true);
    EXPECT_FALSE(calendar.has_business_days());
}

TEST(BusinessCalendar, ADayEndsWhereItIsLived) {
    BusinessCalendar calendar;
    EXPECT_EQ(format_time(calendar.end_of(day_at("2026-11-30"))), "2026-12-01T00:00:00.000Z");
    calendar.utc_offset = std::chrono::minutes{60};
    EXPECT_EQ(format_time(calendar.end_of(day_at("2026-11-30"))), "2026-11-30T23:00:00.000Z");
    calendar.utc_offset = std::chrono::minutes{-330};
    EXPECT_EQ(format_time(calendar.end_of(day_at("2026-11-30"))), "2026-12-01T05:30:00.000Z");
}

TEST(BusinessCalendar, ReadsDatesAndOffsetsAndNothingElse) {
    EXPECT_EQ(format_date(day_at("2028-02-29")), "2028-02-29");
    for (const auto* text :
         {"", "2026-12-5", "2026-02-29", "2026-13-01", "25.12.2026", "2026-12-25T00:00:00Z", "1766620800"})
        EXPECT_FALSE(parse_date(text)) << text;
    const struct {
        const char* text;
        int minutes;
    } offsets[] = {{"Z", 0}, {"+00:00", 0}, {"+01:00", 60}, {"-0330", -210}, {"+14:00", 840}, {"-05", -300}};
    for (const auto& row : offsets) EXPECT_EQ(parse_utc_offset(row.text).value().count(), row.minutes) << row.text;
    for (const auto* text : {"", "CET", "1", "+", "+15:00", "+1:00", "Europe/Vienna", "+01:60"})
        EXPECT_FALSE(parse_utc_offset(text)) << text;
}

} // namespace
} // namespace dossier
