#include "orca_alerts.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "remarks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr Duration overlap{300'000};
constexpr std::size_t page_sizes[] = {200, 20, 1}; ///< the next smaller one where an answer is too large
constexpr int log_page = 100;
constexpr int most_log_pages = 50;

auto epoch(Timestamp time) -> std::int64_t { return time.time_since_epoch().count(); }

/// Alerts changed at or after `from`, `skip` of them left out.
struct Position {
    std::int64_t from = 0;
    std::int64_t newest = 0;
    std::size_t skip = 0;
    std::size_t size = 0; ///< index into page_sizes
};

auto read_cursor(const std::string& text, Timestamp since) -> Result<Position> {
    Position position;
    if (text.empty()) {
        position.from = epoch(since);
        return position;
    }
    const auto document = JsonDocument::parse(text);
    const auto from = document ? document->root()["from"].integer() : std::nullopt;
    if (!from || *from < 0) return fail(Errc::invalid_argument, "the cursor is none of Orca's");
    const auto root = document->root();
    position.from = *from;
    position.newest = root["newest"].integer().value_or(0);
    position.skip = static_cast<std::size_t>(std::max<std::int64_t>(0, root["skip"].integer().value_or(0)));
    position.size = static_cast<std::size_t>(
        std::clamp<std::int64_t>(root["size"].integer().value_or(0), 0, std::ssize(page_sizes) - 1));
    return position;
}

auto write_cursor(const Position& position) -> std::string {
    Json cursor = {{"from", position.from}};
    if (position.newest > 0) cursor["newest"] = position.newest;
    if (position.skip > 0) cursor["skip"] = position.skip;
    if (position.size > 0) cursor["size"] = position.size;
    return dump_json(cursor);
}

auto changes_query(const Position& position, std::int64_t until) -> std::string {
    // `date_range` takes epoch milliseconds; "days" is what the console's own queries carry.
    const Json range = {{"key", "LastUpdated"},
                        {"values", {position.from, until}},
                        {"type", "datetime"},
                        {"operator", "date_range"},
                        {"value_type", "days"}};
    auto query = orca_query("Alert", Json::array({range}), page_sizes[position.size], position.skip);
    query["order_by[]"] = {"LastUpdated"};
    return dump_json(query);
}

auto updated_at(JsonView alert) -> std::optional<Timestamp> {
    if (auto time = first_time({orca_field(alert, "LastUpdated"), alert.at("/state/last_updated")})) return time;
    return first_time({orca_field(alert, "LastSeen"), alert.at("/state/last_seen"), alert["last_seen"],
                       orca_field(alert, "CreatedAt"), alert.at("/state/created_at")});
}

/// Where to go on after a page.
auto advance(Position position, const std::vector<ApiItem>& items, bool is_full, std::int64_t until) -> Position {
    bool in_order = true;
    std::int64_t last = position.from;
    for (const auto& item : items) {
        const auto changed = item.updated_at ? epoch(*item.updated_at) : std::int64_t{-1};
        in_order = in_order && changed >= last;
        last = std::max(last, changed);
        // A change that claims to lie in the future must not hide those until then.
        position.newest = std::max(position.newest, std::min(changed, until));
    }
    if (!is_full) {
        Position next;
        next.from = position.newest > 0 ? position.newest - overlap.count() : position.from;
        return next;
    }
    if (in_order && last > position.from && last <= until) {
        position.from = last;
        position.skip = 0;
    } else {
        position.skip += items.size();
    }
    return position;
}

auto unwrap(JsonView root) -> JsonView {
    if (root["state"].is_object() || !root["type_string"].is_null()) return root;
    const auto data = root["data"];
    return data.is_array() ? data[std::size_t{0}] : data;
}

auto id_of(JsonView alert) -> std::string {
    return first_text({alert.at("/state/alert_id"), alert["alert_id"], orca_field(alert, "Name"),
                       orca_field(alert, "AlertId"), alert["name"]});
}

auto is_same_id(std::string_view one, std::string_view other) -> bool {
    const auto bare = [](std::string_view id) { return id.starts_with("orca-") ? id.substr(5) : id; };
    return !one.empty() && iequals(bare(one), bare(other));
}

auto status_of(JsonView alert) -> std::string {
    return lower(first_text({alert.at("/state/status"), orca_field(alert, "Status"), alert["status"]}));
}

auto alert_path(const std::string& source_id, std::string_view rest) -> std::string {
    return fmt::format("/api/alerts/{}{}", percent_encode(source_id), rest);
}

auto log_entries(JsonView root) -> JsonView {
    if (root["event_log"].is_array()) return root["event_log"];
    return root["data"].is_array() ? root["data"] : root.at("/data/event_log");
}

auto log_page_of(RestClient& client, std::string source_id, std::size_t start, Deadline deadline)
    -> Task<Result<JsonDocument>> {
    auto answer = co_await client.get(
        alert_path(source_id, fmt::format("/event_log?limit={}&start_at_index={}", log_page, start)), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (auto error = inner_error(answer->root())) co_return fail(std::move(*error));
    if (!log_entries(answer->root()).is_array())
        co_return fail(Errc::malformed, "Orca answered an event log without entries");
    co_return std::move(*answer);
}

/// The comment that carries `key`; "" where there is none.
auto find_comment(RestClient& client, std::string source_id, std::string key, Deadline deadline)
    -> Task<Result<std::string>> {
    std::size_t start = 0;
    for (int page = 0; page < most_log_pages; ++page) {
        auto answer = co_await log_page_of(client, source_id, start, deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        const auto entries = log_entries(answer->root());
        for (const auto& entry : entries.elements()) {
            const auto comment = entry.at("/details/comment").string().value_or("");
            if (!comment.contains(key)) continue;
            auto id = first_text({entry["unique_id"], entry["id"]});
            co_return id.empty() ? key : id;
        }
        if (entries.size() < static_cast<std::size_t>(log_page)) break;
        start += entries.size();
    }
    co_return std::string();
}

struct StatusWord {
    Status status;
    std::string_view sent;
    std::string_view read;
};
constexpr StatusWord status_words[] = {{Status::open, "open", "open"},
                                       {Status::in_progress, "in_progress", "in_progress"},
                                       {Status::resolved, "close", "closed"},
                                       {Status::suppressed, "dismiss", "dismissed"}};

} // namespace

OrcaAlert::OrcaAlert(JsonDocument document) : document_(std::move(document)) {}

auto OrcaAlert::view() const -> JsonView { return unwrap(document_.root()); }

auto orca_alert(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<OrcaAlert>> {
    if (source_id.empty()) co_return fail(Errc::invalid_argument, "an alert of Orca is asked for by its id");
    auto answer = co_await client.get(alert_path(source_id, ""), deadline);
    if (!answer) {
        if (icontains(answer.error().message, "does not exist")) answer.error().code = Errc::not_found;
        co_return fail(std::move(answer.error()));
    }
    if (auto error = inner_error(answer->root())) co_return fail(std::move(*error));
    OrcaAlert alert(std::move(*answer));
    if (!is_same_id(id_of(alert.view()), source_id))
        co_return fail(Errc::malformed, "Orca answered with another alert than was asked for");
    co_return alert;
}

auto orca_item(JsonView alert, const Adapter& adapter) -> ApiItem {
    ApiItem item;
    item.raw = alert.dump();
    if (const auto finding = adapter.normalise(alert)) item.source_id = finding->source_id;
    if (item.source_id.empty()) item.source_id = id_of(alert);
    item.updated_at = updated_at(alert);
    return item;
}

auto orca_changes(RestClient& client, const Adapter& adapter, std::string cursor, Timestamp since, Deadline deadline)
    -> Task<Result<OrcaPage>> {
    auto read = read_cursor(cursor, since);
    if (!read) co_return fail(std::move(read.error()));
    auto position = *read;
    for (;;) {
        const auto until = epoch(SystemClock().now() + overlap);
        auto answer = co_await ask_orca(client, changes_query(position, until), deadline);
        if (!answer) {
            const bool may_shrink = answer.error().code == Errc::too_large && position.size + 1 < std::size(page_sizes);
            if (!may_shrink) co_return fail(std::move(answer.error()));
            ++position.size;
            continue;
        }
        ChangePage changes;
        for (const auto& alert : answer->root()["data"].elements()) changes.items.push_back(orca_item(alert, adapter));
        changes.has_more = changes.items.size() >= page_sizes[position.size];
        changes.next_cursor = write_cursor(advance(position, changes.items, changes.has_more, until));
        co_return OrcaPage{.changes = std::move(changes), .answer = std::move(*answer)};
    }
}

auto orca_comment(RestClient& client, std::string source_id, std::string text, std::string key, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    if (key.empty()) co_return fail(Errc::invalid_argument, "a comment needs a key by which it is found again");
    auto there = co_await find_comment(client, source_id, key, deadline);
    if (!there) co_return fail(std::move(there.error()));
    if (!there->empty()) co_return WriteReceipt{.remote_id = std::move(*there), .was_there = true};
    if (!text.contains(key)) text += "\n\n[" + key + "]";
    auto written =
        co_await client.write("PUT", alert_path(source_id, "/comment"), dump_json({{"comment", text}}), deadline);
    if (written) {
        if (auto error = inner_error(written->root())) co_return fail(std::move(*error));
        const auto root = written->root();
        auto id = first_text({root["unique_id"], root.at("/data/unique_id"), root["id"]});
        co_return WriteReceipt{.remote_id = id.empty() ? key : std::move(id), .was_there = false};
    }
    if (written.error().code != Errc::outcome_unknown) co_return fail(std::move(written.error()));
    auto found = co_await find_comment(client, source_id, key, deadline);
    if (found && !found->empty()) co_return WriteReceipt{.remote_id = std::move(*found), .was_there = false};
    co_return fail(std::move(written.error()));
}

auto orca_remarks(RestClient& client, std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>> {
    std::vector<Remark> remarks;
    for (std::size_t start = 0;;) {
        auto answer = co_await log_page_of(client, source_id, start, deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        const auto entries = log_entries(answer->root());
        for (const auto& entry : entries.elements())
            if (auto remark = orca_remark(entry)) remarks.push_back(std::move(*remark));
        start += entries.size();
        if (entries.size() < static_cast<std::size_t>(log_page) || start >= most_log_pages * std::size_t{log_page})
            co_return remarks;
    }
}

auto orca_set_status(RestClient& client, std::string source_id, Status status, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    const auto word = std::ranges::find(status_words, status, &StatusWord::status);
    if (word == std::end(status_words)) co_return fail(Errc::invalid_argument, "Orca has no such status");
    auto alert = co_await orca_alert(client, source_id, deadline);
    if (!alert) co_return fail(std::move(alert.error()));
    if (status_of(alert->view()) == word->read) co_return WriteReceipt{.remote_id = source_id, .was_there = true};
    auto written =
        co_await client.write("PUT", alert_path(source_id, fmt::format("/status/{}", word->sent)), {}, deadline);
    if (written && !inner_error(written->root())) co_return WriteReceipt{.remote_id = source_id, .was_there = false};
    auto error = written ? *inner_error(written->root()) : std::move(written.error());
    if (error.code != Errc::outcome_unknown && error.code != Errc::rejected) co_return fail(std::move(error));
    // Look: it may have happened, by us or by somebody else in the meantime.
    auto seen = co_await orca_alert(client, source_id, deadline);
    if (seen && status_of(seen->view()) == word->read)
        co_return WriteReceipt{.remote_id = source_id, .was_there = error.code == Errc::rejected};
    co_return fail(std::move(error));
}

} // namespace dossier::ingest
