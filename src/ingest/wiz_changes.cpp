#include "wiz_changes.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "wiz_graph.hpp"
#include "wiz_operations.hpp"

#include <algorithm>
#include <set>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int issues_page_size = 500;
constexpr Duration overlap{10min}; ///< how late an issue may become visible behind one that changed after it
constexpr std::size_t most_seen = 1'000;
constexpr auto rules_live = 10min;

auto changed_at(JsonView issue) -> std::optional<Timestamp> {
    return first_time({issue["statusChangedAt"], issue["updatedAt"], issue["createdAt"]});
}

auto mark_of(JsonView issue) -> std::string {
    const auto text = join({first_text({issue["status"]}), first_text({issue["severity"]}),
                            first_text({issue["statusChangedAt"]}), first_text({issue["updatedAt"]})},
                           "|");
    return sha256_hex(text).substr(0, 12);
}

/// What every question about issues is limited to.
auto filter_for(const WizClient& client) -> Json {
    Json filter = Json::object();
    if (const auto& project = client.api().project; !project.empty()) filter["project"] = Json::array({project});
    return filter;
}

auto order_by(std::string_view field) -> Json { return {{"field", field}, {"direction", "ASC"}}; }

auto time_at(JsonView object, std::string_view key, Timestamp otherwise) -> Timestamp {
    return first_time({object[key]}).value_or(otherwise);
}

/// Whether a page came as asked: after `since` and in order. A server that doesn't do so is paged by its own cursor.
auto is_in_order(const std::vector<JsonView>& nodes, Timestamp since) -> bool {
    auto last = since;
    for (const auto& node : nodes) {
        const auto at = changed_at(node);
        if (!at || *at < last) return false;
        last = *at;
    }
    return true;
}

void forget_old(WizCursor& cursor) {
    if (!cursor.newest) return;
    const auto limit = *cursor.newest - overlap;
    std::erase_if(cursor.seen, [&](const auto& one) { return one.second.at < limit; });
    while (cursor.seen.size() > most_seen) {
        cursor.seen.erase(std::ranges::min_element(cursor.seen, {}, [](const auto& one) { return one.second.at; }));
    }
}

/// Notes the issue as told; false where it was told in this state before.
auto is_news(WizCursor& cursor, JsonView issue) -> bool {
    const auto changed = changed_at(issue).value_or(cursor.since);
    const auto at = std::max(changed, time_at(issue, "updatedAt", changed));
    auto mark = mark_of(issue);
    auto& seen = cursor.seen[first_text({issue["id"]})];
    const bool is_new = seen.mark != mark;
    seen = {.at = at, .mark = std::move(mark)};
    return is_new;
}

} // namespace

auto WizCursor::parse(std::string_view text, Timestamp since) -> WizCursor {
    WizCursor cursor;
    cursor.since = cursor.sweep_since = cursor.sweep_next = cursor.updated = since;
    const auto document = JsonDocument::parse(text);
    if (!document || !document->root().is_object()) return cursor;
    const auto root = document->root();
    cursor.since = time_at(root, "since", since);
    cursor.page = std::string(root["page"].string().value_or(""));
    cursor.newest = first_time({root["newest"]});
    cursor.sweep_page = std::string(root["sweep_page"].string().value_or(""));
    cursor.sweep_since = time_at(root, "sweep_since", cursor.since);
    cursor.sweep_next = time_at(root, "sweep_next", cursor.since);
    cursor.updated = time_at(root, "updated", cursor.since);
    for (const auto& [id, seen] : root["seen"].members())
        cursor.seen[std::string(id)] = {.at = time_at(seen, "at", cursor.since), .mark = first_text({seen["mark"]})};
    return cursor;
}

auto WizCursor::text() const -> std::string {
    Json json{{"since", format_time(since)},
              {"sweep_since", format_time(sweep_since)},
              {"sweep_next", format_time(sweep_next)},
              {"updated", format_time(updated)}};
    if (!page.empty()) json["page"] = page;
    if (newest) json["newest"] = format_time(*newest);
    if (!sweep_page.empty()) json["sweep_page"] = sweep_page;
    for (const auto& [id, one] : seen) json["seen"][id] = {{"at", format_time(one.at)}, {"mark", one.mark}};
    return dump_json(json);
}

auto wiz_issue_items(WizClient& client, std::vector<JsonView> nodes, Deadline deadline) -> Task<std::vector<ApiItem>> {
    std::vector<std::string> data_findings;
    for (const auto& node : nodes) {
        if (iequals(node.at("/entitySnapshot/type").text_or(""), "DATA_FINDING"))
            add_all(data_findings, {first_text({node.at("/entitySnapshot/id")})});
    }
    const auto stores = co_await wiz_stores_of(client, data_findings, deadline);
    if (!stores)
        log::warn("wiz.data_stores_unknown", {{"source", client.source()}, {"reason", stores.error().describe()}});
    std::vector<ApiItem> items;
    for (const auto& node : nodes) {
        ApiItem item;
        item.source_id = first_text({node["id"]});
        if (item.source_id.empty()) continue;
        item.updated_at = first_time({node["updatedAt"], node["statusChangedAt"], node["createdAt"]});
        item.raw = node.dump();
        if (iequals(node.at("/entitySnapshot/type").text_or(""), "DATA_FINDING") && stores) {
            const auto finding = first_text({node.at("/entitySnapshot/id")});
            const auto at = std::ranges::find(*stores, finding, &std::pair<std::string, WizEntity>::first);
            Json store = Json::object();
            if (at != stores->end()) {
                store = {{"id", at->second.id}, {"name", at->second.name}, {"type", at->second.type}};
                store["properties"] = parse_json(at->second.properties).value_or(Json::object());
            }
            item.raw.pop_back(); // the object's own brace
            item.raw += ",\"dataStore\":" + dump_json(store) + "}";
        }
        items.push_back(std::move(item));
    }
    co_return items;
}

auto WizChanges::rules(Deadline deadline) -> Task<std::shared_ptr<const std::vector<WizAutomationRule>>> {
    {
        const std::scoped_lock lock(mutex_);
        if (SteadyClock::now() < rules_until_) co_return rules_;
    }
    std::shared_ptr<std::vector<WizAutomationRule>> read;
    const auto answer = co_await client_.ask(wiz::automation_rules(), {{"first", issues_page_size}}, deadline);
    if (answer) {
        read = std::make_shared<std::vector<WizAutomationRule>>();
        for (const auto& rule : answer->nodes()) read->push_back(read_automation_rule(rule));
    } else {
        log::debug("wiz.automation_rules_unseen",
                   {{"source", client_.source()}, {"reason", answer.error().describe()}});
    }
    const std::scoped_lock lock(mutex_);
    rules_ = read;
    rules_until_ = SteadyClock::now() + rules_live;
    co_return rules_;
}

auto WizChanges::next(std::string cursor_text, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>> {
    auto cursor = WizCursor::parse(cursor_text, since);
    ChangePage page;
    auto read = co_await read_page(cursor, page, deadline);
    if (!read && read.error().code == Errc::rejected && !cursor.page.empty()) {
        cursor.page.clear(); // Wiz's cursors don't live for ever; ours begins where that page began
        read = co_await read_page(cursor, page, deadline);
    }
    if (!read) co_return fail(std::move(read.error()));
    if (!page.has_more) co_await sweep(cursor, page, deadline);
    page.next_cursor = cursor.text();
    co_return page;
}

auto WizChanges::read_page(WizCursor& cursor, ChangePage& page, Deadline deadline) -> Task<Result<void>> {
    auto filter = filter_for(client_);
    filter["statusChangedAt"]["after"] = format_time(cursor.since);
    Json variables{
        {"filterBy", std::move(filter)}, {"first", issues_page_size}, {"orderBy", order_by("STATUS_CHANGED_AT")}};
    if (!cursor.page.empty()) variables["after"] = cursor.page;
    const auto answer = co_await client_.ask(wiz::issues(), std::move(variables), deadline);
    if (!answer) co_return fail(answer.error());

    const auto nodes = answer->nodes();
    std::vector<JsonView> news;
    for (const auto& node : nodes) {
        if (!node.is_object()) continue;
        if (is_news(cursor, node)) news.push_back(node);
        const auto at = changed_at(node).value_or(cursor.since);
        cursor.newest = std::max(cursor.newest.value_or(at), at);
        cursor.updated = std::max(cursor.updated, time_at(node, "updatedAt", at));
    }
    if (answer->has_next()) {
        // Times are kept in milliseconds, Wiz's are finer: a millisecond back, none of the last time's is left out.
        const auto restart = cursor.newest.value_or(cursor.since) - 1ms;
        const bool restarts = is_in_order(nodes, cursor.since) && restart > cursor.since;
        if (restarts) cursor.since = restart;
        cursor.page = restarts ? "" : answer->end_cursor();
        page.has_more = true;
    } else {
        if (cursor.newest) cursor.since = *cursor.newest - overlap;
        cursor.page.clear();
    }
    forget_old(cursor);

    const auto rules_seen = co_await rules(deadline);
    page.items = co_await wiz_issue_items(client_, news, deadline);
    for (auto& item : page.items) {
        const auto node =
            std::ranges::find_if(news, [&](const auto& one) { return first_text({one["id"]}) == item.source_id; });
        if (rules_seen && node != news.end()) item.why_not_delivered = why_not_delivered(*rules_seen, *node);
    }
    co_return Result<void>{};
}

auto WizChanges::sweep(WizCursor& cursor, ChangePage& page, Deadline deadline) -> Task<void> {
    auto filter = filter_for(client_);
    filter["status"] = Json::array({"OPEN", "IN_PROGRESS"});
    Json variables{{"filterBy", filter}, {"first", issues_page_size}, {"orderBy", order_by("ID")}};
    if (cursor.sweep_page.empty()) cursor.sweep_next = cursor.updated;
    if (!cursor.sweep_page.empty()) variables["after"] = cursor.sweep_page;
    const auto answer = co_await client_.ask(wiz::issue_times(), std::move(variables), deadline);
    if (!answer) {
        // What this look finds comes later; the changes themselves are there.
        log::debug("wiz.sweep_failed", {{"source", client_.source()}, {"reason", answer.error().describe()}});
        cursor.sweep_page.clear();
        co_return;
    }
    std::vector<std::string> updated;
    for (const auto& node : answer->nodes()) {
        const auto at = first_time({node["updatedAt"]});
        if (!at || *at <= cursor.sweep_since) continue;
        cursor.updated = std::max(cursor.updated, *at);
        if (*at <= time_at(node, "statusChangedAt", Timestamp{})) continue; // comes by its change of status
        const auto id = first_text({node["id"]});
        const bool is_told = std::ranges::any_of(page.items, [&](const auto& item) { return item.source_id == id; });
        if (!id.empty() && !is_told) updated.push_back(id);
    }
    if (!updated.empty()) {
        filter["id"] = updated;
        Json wanted{{"filterBy", std::move(filter)}, {"first", issues_page_size}};
        const auto found = co_await client_.ask(wiz::issues(), std::move(wanted), deadline);
        if (!found) co_return; // the cursor stays where it was
        std::vector<JsonView> news;
        for (const auto& node : found->nodes())
            if (node.is_object() && is_news(cursor, node)) news.push_back(node);
        auto items = co_await wiz_issue_items(client_, news, deadline);
        std::ranges::move(items, std::back_inserter(page.items));
        forget_old(cursor);
    }
    cursor.sweep_page = answer->has_next() ? answer->end_cursor() : "";
    if (cursor.sweep_page.empty()) cursor.sweep_since = cursor.sweep_next;
}

} // namespace dossier::ingest
