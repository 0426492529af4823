// What asking LLMs cost, from the store's account: by day, source, route, provider, model and purpose.

#include "rest_support.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dossier::api {

namespace {

constexpr std::string_view parts[] = {"day", "source", "route", "provider", "model", "purpose"};

struct Sum {
    std::int64_t calls = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    std::int64_t spent_nanos = 0;
    std::int64_t reserved_nanos = 0;
    std::int64_t refused = 0;

    void add(const store::SpendDay& day) {
        calls += day.calls;
        prompt_tokens += day.prompt_tokens;
        completion_tokens += day.completion_tokens;
        spent_nanos += day.spent_nanos;
        reserved_nanos += day.reserved_nanos;
        refused += day.refused;
    }
    [[nodiscard]] auto json() const -> Json {
        constexpr double nanos_in_usd = 1e9;
        return {{"calls", calls},
                {"prompt_tokens", prompt_tokens},
                {"completion_tokens", completion_tokens},
                {"usd", static_cast<double>(spent_nanos) / nanos_in_usd},
                {"reserved_usd", static_cast<double>(reserved_nanos) / nanos_in_usd},
                {"refused", refused}};
    }
};

auto part_of(const store::SpendDay& day, std::string_view part) -> std::string {
    if (part == "day") return format_time(day.day).substr(0, 10);
    if (part == "source") return day.account.source;
    if (part == "route") return day.account.route;
    if (part == "provider") return day.account.provider;
    if (part == "model") return day.account.model;
    return day.account.purpose;
}

/// What to tell apart: a list of the parts, all of them where it is not given.
auto parts_asked(const Call& call) -> Result<std::vector<std::string_view>> {
    std::vector<std::string_view> asked;
    const auto text = call.request.query_value("by");
    if (!text || text->empty()) return std::vector<std::string_view>(std::begin(parts), std::end(parts));
    for (const auto word : split(*text, ',')) {
        const auto known = std::ranges::find(parts, trim(word));
        if (known == std::end(parts))
            return fail(Errc::invalid_argument, fmt::format("by takes {}", fmt::join(parts, ", ")));
        if (std::ranges::find(asked, *known) == asked.end()) asked.push_back(*known);
    }
    return asked;
}

auto costs(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto since = day_parameter(call, "since");
    if (!since) co_return refuse(call, since.error());
    const auto until = day_parameter(call, "until");
    if (!until) co_return refuse(call, until.error());
    if (*since && *until && **since > **until)
        co_return problem(400, "since must not be after until", call.request.request_id, "invalid_argument");
    const auto asked = parts_asked(call);
    if (!asked) co_return refuse(call, asked.error());
    auto days =
        co_await services.store.spending({.source = std::string(call.request.query_value("source").value_or("")),
                                          .route = std::string(call.request.query_value("route").value_or("")),
                                          .since = *since,
                                          .until = *until});
    if (!days) co_return refuse(call, days.error());
    // The store has the newest day first; a key that is met first stays first.
    std::vector<std::pair<std::vector<std::string>, Sum>> groups;
    std::map<std::vector<std::string>, std::size_t> places;
    Sum total;
    for (const auto& day : *days) {
        std::vector<std::string> key;
        for (const auto part : *asked) key.push_back(part_of(day, part));
        const auto [place, is_new] = places.emplace(key, groups.size());
        if (is_new) groups.emplace_back(std::move(key), Sum{});
        groups[place->second].second.add(day);
        total.add(day);
    }
    Json items = Json::array();
    for (const auto& [key, sum] : groups) {
        Json item = sum.json();
        for (std::size_t i = 0; i < key.size(); ++i) item[std::string((*asked)[i])] = key[i];
        items.push_back(std::move(item));
    }
    co_return json_answer(200, {{"items", std::move(items)}, {"total", total.json()}});
}

} // namespace

void add_cost_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/reports/costs",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return costs(services, std::move(call)); },
                .summary = "What asking LLMs cost, by day, source, route, provider, model and purpose, with what is "
                           "reserved and what budgets refused",
                .tag = "reports",
                .query = {"since", "until", "source", "route", "by"}});
}

} // namespace dossier::api
