// The part of ServiceNowSink that asks which of our records have changed, for instances that may not call back.
#include "servicenow_sink.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::size_t change_page = 200;

auto minutes_back(Duration back) -> std::int64_t {
    return std::chrono::ceil<std::chrono::minutes>(std::max(back, Duration{0})).count() + 1;
}

} // namespace

/// Page by page behind the last sys_id: offsets would skip rows that change meanwhile. Relative to now, since a date in
/// a query is read in the time zone of the account.
auto ServiceNowSink::changes(Duration back, std::string page, Deadline deadline) -> Task<Result<TicketChanges>> {
    auto query = fmt::format("correlation_display=dossier^sys_updated_onRELATIVEGT@minute@ago@{}", minutes_back(back));
    if (!page.empty()) query += "^sys_id>" + page;
    query += "^ORDERBYsys_id";
    auto answer =
        co_await now_.get(fmt::format("/api/now/table/{}?sysparm_query={}&sysparm_fields=sys_id,number,correlation_id,"
                                      "correlation_display,sys_mod_count&sysparm_limit={}",
                                      config_.table, percent_encode(query), change_page),
                          deadline);
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object() || !answer->contains("result"))
        co_return fail(Errc::unavailable, config_.name + " answered the question for changes without a result");
    const auto& rows = array_in(*answer, "result");
    TicketChanges changes;
    std::string last;
    std::size_t strangers = 0;
    for (const auto& row : rows) {
        const auto id = text_in(row, {"sys_id"});
        if (!is_sys_id(id)) continue;
        last = std::max(last, id);
        // A part of the query that the instance can't use is dropped, and then everybody's records match.
        if (text_in(row, {"correlation_display"}) != "dossier" ||
            !text_in(row, {"correlation_id"}).starts_with("dossier-")) {
            ++strangers;
            continue;
        }
        changes.tickets.push_back({.key = text_in(row, {"number"}), .id = id, .mark = text_in(row, {"sys_mod_count"})});
    }
    if (strangers > 0 && changes.tickets.empty())
        co_return fail(Errc::rejected, config_.name +
                                           " ignored the question for correlation_display and answered other "
                                           "rows; the account must be able to read and query that column");
    if (rows.size() >= change_page && last > page) changes.next = last;
    co_return changes;
}

} // namespace dossier::ticket
