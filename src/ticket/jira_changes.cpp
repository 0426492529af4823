// The part of JiraSink that asks which of our tickets have changed, for installations that may not call back.
#include "jira_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dossier::ticket {
namespace {

constexpr std::string_view our_label = "dossier"; // every ticket of ours carries it beside its key

/// Relative to now: an absolute time would be read in the time zone of the account.
auto minutes_of(Duration back) -> std::int64_t {
    return std::chrono::ceil<std::chrono::minutes>(std::max(back, Duration{0})).count() + 1;
}

auto offset_of(const std::string& page) -> std::size_t {
    std::size_t offset = 0;
    std::from_chars(page.data(), page.data() + page.size(), offset);
    return offset;
}

} // namespace

auto JiraSink::changes(Duration back, std::string page, Deadline deadline) -> Task<Result<TicketChanges>> {
    auto search = dialect_.search(fmt::format("project = \"{}\" AND labels = \"{}\" AND updated >= \"-{}m\" "
                                              "ORDER BY updated ASC",
                                              config_.project, our_label, minutes_of(back)),
                                  page);
    auto answer = co_await jira_.call("POST", search.path, std::move(search.body), net::Repeat::safe, deadline);
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object() || !answer->contains("issues"))
        co_return fail(Errc::unavailable, config_.name + " answered the search without issues");
    TicketChanges changes;
    const auto& issues = array_in(*answer, "issues");
    for (const auto& issue : issues) {
        const auto key = text_in(issue, {"key"});
        const auto id = text_in(issue, {"id"});
        if (!is_plain_key(key) || !is_plain_key(id)) continue;
        changes.tickets.push_back({.key = key, .id = id, .mark = text_in(issue, {"fields", "updated"})});
    }
    changes.next = dialect_.next_cursor(*answer, offset_of(page) + issues.size());
    co_return changes;
}

} // namespace dossier::ticket
