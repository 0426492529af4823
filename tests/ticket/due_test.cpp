#include "dossier/ticket/due.hpp"

#include "dossier/ticket/told.hpp"

#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

const DueDays days_by_severity{{Severity::critical, 2}, {Severity::high, 5}};

auto due_instant(const char* text) -> Timestamp { return parse_time(text).value(); }

TEST(DueDate, IsCountedFromTimeAndSeverity) {
    BusinessCalendar calendar;
    calendar.utc_offset = std::chrono::minutes{60};
    const auto due = due_date(days_by_severity, calendar, Severity::high, due_instant("2026-11-26T23:30:00Z"));
    ASSERT_TRUE(due);
    EXPECT_EQ(due->on, "2026-12-04");
    EXPECT_EQ(due->counted_from, "2026-11-27") << "it was past midnight there";
    EXPECT_EQ(format_time(due->ends_at), "2026-12-04T23:00:00.000Z");
    EXPECT_EQ(due_words(*due), "2026-12-04 (5 business days for severity high, counted from 2026-11-27)");
    EXPECT_FALSE(due_date(days_by_severity, calendar, Severity::low, due_instant("2026-11-26T23:30:00Z")))
        << "a severity that isn't named has none";
}

TEST(DueDate, MovesForARisenSeverityAloneAndNeverBack) {
    const BusinessCalendar calendar;
    const auto first =
        due_date(days_by_severity, calendar, Severity::high, due_instant("2026-11-23T09:00:00Z")).value();
    ASSERT_EQ(first.on, "2026-11-30");
    const struct {
        const char* name;
        Severity severity;
        const char* at;
        const char* expected;
    } rows[] = {
        {"risen", Severity::critical, "2026-11-24T09:00:00Z", "2026-11-26"},
        {"risen so late that the old date comes first", Severity::critical, "2026-11-30T09:00:00Z", "2026-11-30"},
        {"the same, later", Severity::high, "2026-11-25T09:00:00Z", "2026-11-30"},
        {"fallen", Severity::low, "2026-11-24T09:00:00Z", "2026-11-30"},
    };
    for (const auto& row : rows) {
        const auto due = due_after(first, days_by_severity, calendar, row.severity, due_instant(row.at));
        EXPECT_EQ(due.on, row.expected) << row.name;
        EXPECT_EQ(due_after(due, days_by_severity, calendar, row.severity, due_instant("2026-12-24T09:00:00Z")), due)
            << row.name << ": asked again";
    }
}

TEST(DueDate, IsKeptWithWhatTheTicketWasTold) {
    const BusinessCalendar calendar;
    auto told =
        told_at_birth({}, due_date(days_by_severity, calendar, Severity::high, due_instant("2026-11-23T09:00:00Z")));
    told.due->is_breached = true;
    const auto again = told_from(to_text(told));
    ASSERT_TRUE(again.due);
    EXPECT_EQ(again.due->date, told.due->date);
    EXPECT_TRUE(again.due->is_breached);
    for (const auto* text : {R"({"due": null})", R"({"due": {}})", R"({"due": {"date": 4}})",
                             R"({"due": {"date": {"on": 4}, "is_breached": "yes"}})", R"({"due": {"date": {}}})"})
        EXPECT_FALSE(told_from(text).due) << text;
}

TEST(DueDate, ABreachNamesWhomTheConfigurationSays) {
    const std::vector<std::pair<std::string, std::string>> facts{
        {"owner.name", "Alice *Ngo*"}, {"owner.email", "alice@acme.example"}, {"owner.manager", "bob@acme.example"}};
    DueConfig config;
    EXPECT_EQ(named_for_breach(config, facts), "Owner: Alice \\*Ngo\\* (alice@acme.example)");
    EXPECT_EQ(named_for_breach(config, {}), "Owner: not known");
    config.names_owner = false;
    EXPECT_EQ(named_for_breach(config, facts), "");
    config.names_manager = true;
    config.escalation = "ciso@acme.example";
    EXPECT_EQ(named_for_breach(config, facts), "Manager: bob@acme.example · Escalation: ciso@acme.example");
}

} // namespace
} // namespace dossier::ticket
