#pragma once
// Due dates by severity, in business days. A date is counted once, from the time of the finding and its severity, and
// kept with the ticket: it moves when the severity rises or a finding that was over comes back, and never because
// somebody looks at it again. Pure functions and section `tickets.due`.

#include "dossier/base/business_calendar.hpp"
#include "dossier/base/config.hpp"
#include "dossier/finding/dossier.hpp"

#include <map>
#include <optional>
#include <string>

namespace dossier::ticket {

using DueDays = std::map<Severity, int>; ///< business days; a severity that isn't named has no due date

struct DueConfig {
    DueDays days;
    BusinessCalendar calendar;
    bool names_owner = true; ///< in the comment on a date that has passed
    bool names_manager = false;
    std::string escalation; ///< whom else that comment names; "" = nobody
};
[[nodiscard]] auto read_due(config::Section section) -> DueConfig;
/// The days alone, as a route may have its own.
[[nodiscard]] auto read_due_days(config::Section& section) -> DueDays;

[[nodiscard]] auto due_date(const DueDays& days, const BusinessCalendar& calendar, Severity severity, Timestamp from)
    -> std::optional<DueDate>;

/// What holds where a date was counted already: the earlier one of it and the one that a risen severity has from `from`
/// on; the same one where the severity has not risen.
[[nodiscard]] auto due_after(const DueDate& known, const DueDays& days, const BusinessCalendar& calendar,
                             Severity severity, Timestamp from) -> DueDate;

/// "2026-12-04 (5 business days for severity high, counted from 2026-11-27)".
[[nodiscard]] auto due_words(const DueDate& due) -> std::string;

/// Whom the comment on a passed date names, as one line of Markdown; "" = nobody.
/// @param facts those of the draft: owner.name, owner.email, owner.manager
[[nodiscard]] auto named_for_breach(const DueConfig& config,
                                    const std::vector<std::pair<std::string, std::string>>& facts) -> std::string;

} // namespace dossier::ticket
