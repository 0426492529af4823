// Questions over findings are written by models and people, cursors by whoever asks for a page: they are read within
// their bounds or refused with a reason, and what was read says the same when written again.

#include "fuzz.hpp"

#include "sql_rows.hpp"

#include "dossier/base/json.hpp"
#include "dossier/report/finding_query.hpp"

#include <string>

namespace {

using namespace dossier;
using fuzz::require;

void check_query(std::string_view text) {
    const auto json = parse_json(text);
    if (!json) return;
    const auto query = report::read_query(*json);
    if (!query) {
        require(query.error().code == Errc::malformed && !query.error().message.empty(), "a refusal has a reason");
        return;
    }
    require(query->limit >= 1 && query->limit <= report::query_limit, "a page has a limit");
    const auto written = report::to_json(*query);
    const auto again = report::read_query(written);
    require(again && report::to_json(*again) == written, "a query says the same when written again");
    const store::FindingFacts nothing;
    static_cast<void>(report::matches(*query, nothing));
    if (!query->group_by.empty())
        require(!report::groups_of(*query, nothing).empty(), "every finding counts under something");
    require(!report::comes_before(*query, nothing, nothing), "nothing comes before itself");
}

void check_period(std::string_view text) {
    constexpr Timestamp now{std::chrono::seconds{1'790'000'000}};
    const auto span = report::span_of(text, now);
    if (span && span->begin && span->end) require(*span->begin <= *span->end, "a period begins before it ends");
}

void check_cursor(const std::string& text) {
    const auto seq = store::cursor_seq(text);
    if (!seq) {
        require(seq.error().code == Errc::invalid_argument, "what no list gave is refused");
        return;
    }
    require(*seq >= 0, "rows are counted from zero");
    require(store::cursor_seq(store::cursor_text(*seq)).value_or(-1) == *seq, "a cursor reads as it was written");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    check_query(text);
    check_period(text);
    check_cursor(std::string(text));
    return 0;
}
