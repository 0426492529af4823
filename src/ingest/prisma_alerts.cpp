#include "prisma_alerts.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr Duration overlap{300'000};
constexpr int page_sizes[] = {200, 20, 1}; ///< the next smaller one where an answer is too large
constexpr int most_empty_pages = 3;        ///< with a token to a next one: longer chains lead nowhere
constexpr std::size_t longest_token = 8'192;

auto epoch(Timestamp time) -> std::int64_t { return time.time_since_epoch().count(); }

/// Where the search for changes stands. `page` = "" begins the window [from, until].
struct Window {
    std::int64_t from = 0;
    std::int64_t until = 0;
    std::int64_t newest = 0; ///< change that was seen in this window
    std::string page;
    int empty_pages = 0;
    std::size_t size = 0; ///< index into page_sizes
};

auto read_cursor(const std::string& text, Timestamp since) -> Result<Window> {
    Window window;
    if (text.empty()) {
        window.from = epoch(since);
        return window;
    }
    const auto document = JsonDocument::parse(text);
    const auto from = document ? document->root()["from"].integer() : std::nullopt;
    if (!from || *from < 0) return fail(Errc::invalid_argument, "the cursor is none of Prisma Cloud's");
    const auto root = document->root();
    window.from = *from;
    window.until = root["until"].integer().value_or(0);
    window.newest = root["newest"].integer().value_or(0);
    window.page = root["page"].string().value_or("");
    window.empty_pages = static_cast<int>(std::clamp<std::int64_t>(root["empty"].integer().value_or(0), 0, 100));
    window.size = static_cast<std::size_t>(
        std::clamp<std::int64_t>(root["size"].integer().value_or(0), 0, std::ssize(page_sizes) - 1));
    return window;
}

auto write_cursor(const Window& window) -> std::string {
    Json cursor = {{"from", window.from}};
    if (!window.page.empty()) {
        cursor["until"] = window.until;
        cursor["newest"] = window.newest;
        cursor["page"] = window.page;
        cursor["empty"] = window.empty_pages;
        cursor["size"] = window.size;
    }
    return dump_json(cursor);
}

/// The next window, once this one has been read to its end.
auto after(const Window& window) -> Window {
    Window next;
    next.from = std::max(window.from, window.newest - overlap.count());
    return next;
}

auto request_body(const Window& window) -> std::string {
    Json filters = Json::array();
    const auto filter = [&](const char* name, const char* value) {
        filters.push_back({{"name", name}, {"operator", "="}, {"value", value}});
    };
    filter("timeRange.type", "ALERT_UPDATED");
    for (const auto* status : {"open", "dismissed", "snoozed", "resolved"}) filter("alert.status", status);
    Json body = {
        {"detailed", true},
        {"filters", std::move(filters)},
        {"timeRange", {{"type", "absolute"}, {"value", {{"startTime", window.from}, {"endTime", window.until}}}}},
        {"sortBy", {"alertTime:asc"}},
        {"limit", page_sizes[window.size]}};
    if (!window.page.empty()) body["pageToken"] = window.page;
    return dump_json(body);
}

auto updated_at(JsonView alert) -> std::optional<Timestamp> {
    auto time = first_time({alert["lastUpdated"], alert["lastUpdatedTs"]});
    if (time) return time;
    for (const auto* name : {"lastSeen", "alertTime", "firstSeen"}) {
        const auto other = first_time({alert[name]});
        if (other && (!time || *other > *time)) time = other;
    }
    return time;
}

auto read_page(JsonView root, Window& window) -> ChangePage {
    ChangePage page;
    for (const auto& alert : root["items"].elements()) {
        if (!alert.is_object()) continue;
        page.items.push_back(prisma_item(alert));
        const auto changed = page.items.back().updated_at;
        // A change that claims to lie in the future must not hide those until then.
        if (changed) window.newest = std::max(window.newest, std::min(epoch(*changed), window.until));
    }
    std::ranges::sort(page.items, {}, [](const ApiItem& item) {
        return std::pair(item.updated_at.value_or(Timestamp{}), item.source_id);
    });
    const std::string token(root["nextPageToken"].string().value_or(""));
    window.empty_pages = page.items.empty() ? window.empty_pages + 1 : 0;
    page.has_more = !token.empty() && token != window.page && token.size() <= longest_token &&
                    window.empty_pages <= most_empty_pages;
    if (page.has_more) window.page = token;
    page.next_cursor = write_cursor(page.has_more ? window : after(window));
    return page;
}

auto status_flag(Status status) -> const char* {
    switch (status) {
    case Status::resolved:
        return "notifyOnResolved";
    case Status::suppressed:
        return "notifyOnDismissed";
    default:
        return "notifyOnOpen";
    }
}

struct RuleCount {
    int rules = 0;
    int enabled = 0;
    int notifying = 0;
    int with_channel = 0;
    int with_webhook = 0;
};

void count_rule(RuleCount& count, JsonView rule, const char* flag) {
    ++count.rules;
    if (!rule["enabled"].boolean().value_or(true)) return;
    ++count.enabled;
    if (!rule[flag].boolean().value_or(false)) return;
    ++count.notifying;
    const auto channels = rule["alertRuleNotificationConfig"];
    if (!channels.is_array() || channels.size() == 0) return;
    ++count.with_channel;
    for (const auto& channel : channels.elements()) {
        const auto type = first_text({channel["type"]});
        if (channel["enabled"].boolean().value_or(true) && (type.empty() || icontains(type, "webhook"))) {
            ++count.with_webhook;
            return;
        }
    }
}

/// What the status must be for the note to be taken: a second dismissal answers 400.
auto current_status(JsonView alert) -> std::optional<Status> { return status_from_word(alert["status"].text_or("")); }

auto dismissal_body(const std::string& source_id, const std::string& note) -> Json {
    return {{"alerts", {source_id}},
            {"policies", Json::array()},
            {"dismissalNote", note},
            {"filter", {{"timeRange", {{"type", "to_now"}, {"value", "epoch"}}}, {"filters", Json::array()}}}};
}

} // namespace

auto prisma_item(JsonView alert) -> ApiItem {
    ApiItem item;
    item.raw = alert.dump();
    item.source_id = first_text({alert["id"], alert["alertId"]});
    item.updated_at = updated_at(alert);
    item.why_not_delivered = why_prisma_was_silent(alert);
    return item;
}

auto why_prisma_was_silent(JsonView alert) -> std::string {
    const auto rules = alert["alertRules"];
    if (!rules.is_array()) return {};
    if (rules.size() == 0) return "no alert rule covers the alert";
    const auto word = alert["status"].text_or("open");
    const auto* flag =
        iequals(word, "snoozed") ? "notifyOnSnoozed" : status_flag(status_from_word(word).value_or(Status::open));
    RuleCount count;
    for (const auto& rule : rules.elements()) count_rule(count, rule, flag);
    if (count.enabled == 0) return "every alert rule that covers the alert is switched off";
    if (count.notifying == 0)
        return fmt::format("no alert rule notifies of {} alerts ({} is off)", lower(error_line(word)), flag);
    if (count.with_channel == 0) return "no alert rule that covers the alert has a notification channel";
    if (count.with_webhook == 0) return "the alert rules that cover the alert notify other channels than a webhook";
    return {};
}

auto prisma_alert(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<JsonDocument>> {
    if (source_id.empty()) co_return fail(Errc::invalid_argument, "an alert of Prisma Cloud is asked for by its id");
    auto alert = co_await client.get("/alert/" + percent_encode(source_id) + "?detailed=true", deadline);
    if (!alert) {
        // An id that no alert has is a bad request to some versions, with the reason in the header.
        const bool is_unknown = alert.error().code == Errc::rejected && icontains(alert.error().message, "not_found");
        if (is_unknown) alert.error().code = Errc::not_found;
        co_return fail(std::move(alert.error()));
    }
    const auto id = first_text({alert->root()["id"], alert->root()["alertId"]});
    if (!iequals(id, source_id))
        co_return fail(Errc::malformed, "Prisma Cloud answered with another alert than was asked for");
    co_return std::move(*alert);
}

auto prisma_changes(RestClient& client, std::string cursor, Timestamp since, Deadline deadline)
    -> Task<Result<ChangePage>> {
    auto read = read_cursor(cursor, since);
    if (!read) co_return fail(std::move(read.error()));
    auto window = std::move(*read);
    for (;;) {
        if (window.page.empty()) window.until = epoch(SystemClock().now() + overlap);
        auto answer = co_await client.ask("POST", "/v2/alert?detailed=true", request_body(window), deadline);
        if (answer) {
            if (!answer->root()["items"].is_array())
                co_return fail(Errc::malformed, "Prisma Cloud listed alerts without `items`");
            co_return read_page(answer->root(), window);
        }
        const auto code = answer.error().code;
        if (code == Errc::too_large && window.size + 1 < std::size(page_sizes)) {
            ++window.size;
            window.page.clear(); // a token belongs to its page size
        } else if (code == Errc::rejected && !window.page.empty()) {
            window.page.clear(); // page tokens die after a while; the window begins anew
        } else {
            co_return fail(std::move(answer.error()));
        }
    }
}

auto prisma_set_status(RestClient& client, std::string source_id, Status status, std::string note, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    if (status != Status::open && status != Status::suppressed)
        co_return fail(Errc::invalid_argument,
                       fmt::format("Prisma Cloud lets no client set an alert to `{}`: only its scanner resolves, and a "
                                   "client dismisses or reopens",
                                   to_string(status)));
    auto alert = co_await prisma_alert(client, source_id, deadline);
    if (!alert) co_return fail(std::move(alert.error()));
    const auto now = current_status(alert->root());
    if (now == status) co_return WriteReceipt{.remote_id = source_id, .was_there = true};
    if (now == Status::resolved)
        co_return fail(Errc::conflict,
                       "the alert is resolved already; Prisma Cloud changes only open and dismissed ones");
    if (note.empty()) note = "Set by dossier";
    auto body = dismissal_body(source_id, note);
    if (status == Status::open) body.erase("dismissalNote");
    const auto* path = status == Status::open ? "/alert/reopen" : "/alert/dismiss";
    auto written = co_await client.write("POST", path, dump_json(body), deadline);
    if (written) co_return WriteReceipt{.remote_id = source_id, .was_there = false};
    if (written.error().code != Errc::outcome_unknown && written.error().code != Errc::rejected)
        co_return fail(std::move(written.error()));
    // Look: it may have happened, by us or by somebody else.
    auto seen = co_await prisma_alert(client, source_id, deadline);
    if (seen && current_status(seen->root()) == status)
        co_return WriteReceipt{.remote_id = source_id, .was_there = written.error().code == Errc::rejected};
    co_return fail(std::move(written.error()));
}

} // namespace dossier::ingest
