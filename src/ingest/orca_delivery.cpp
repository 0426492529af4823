#include "orca_delivery.hpp"

#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr int automations_page_size = 300;
constexpr int most_pages = 10;
constexpr int deepest = 16;
/// webhook, Torq, Tines, Opus, Coralogix, Panther: all are the webhook mechanism (VENDORS §3.1).
constexpr std::array webhook_types = {12, 16, 30, 35, 36, 41};

auto sends_webhooks(JsonView automation) -> bool {
    const auto actions = automation["actions"].elements();
    return std::ranges::any_of(actions, [](JsonView action) {
        const auto type = action["type"].integer().value_or(-1);
        return std::ranges::find(webhook_types, type) != webhook_types.end();
    });
}

auto is_enabled(JsonView automation) -> bool {
    const auto status = automation["status"].text_or("enabled");
    return iequals(status, "enabled") || iequals(status, "active") || iequals(status, "true");
}

auto texts_of(JsonView value) -> std::vector<std::string> {
    std::vector<std::string> texts;
    for (const auto& entry : value.elements()) {
        if (auto text = entry.text()) texts.push_back(lower(*text));
    }
    if (auto text = value.text(); text && !value.is_array()) texts.push_back(lower(*text));
    return texts;
}

/// nullopt: not to be judged from here.
auto matches(JsonView condition, JsonView alert, int depth) -> std::optional<bool> {
    if (depth > deepest || !condition.is_object()) return std::nullopt;
    const auto op = lower(condition["operator"].text_or(""));
    const auto values = condition["values"];
    if (op == "and" || op == "or") {
        bool unknown = false;
        for (const auto& part : values.elements()) {
            const auto judged = matches(part, alert, depth + 1);
            if (!judged)
                unknown = true;
            else if (*judged == (op == "or"))
                return judged;
        }
        return unknown ? std::nullopt : std::optional(op == "and");
    }
    const auto key = condition["key"].string().value_or("");
    const auto field = orca_field(alert, key);
    if (key.empty() || field.is_null() || (op != "in" && op != "not_in" && op != "eq")) return std::nullopt;
    const auto wanted = texts_of(values);
    const auto held = texts_of(field);
    const bool is_in =
        std::ranges::any_of(held, [&](const auto& text) { return std::ranges::find(wanted, text) != wanted.end(); });
    return is_in == (op != "not_in");
}

} // namespace

auto OrcaAutomations::all() const -> std::vector<JsonView> {
    std::vector<JsonView> list;
    for (const auto& page : pages)
        for (const auto& automation : page.root()["data"].elements()) list.push_back(automation);
    return list;
}

auto orca_automations(RestClient& client, Deadline deadline) -> Task<Result<std::shared_ptr<const OrcaAutomations>>> {
    auto automations = std::make_shared<OrcaAutomations>();
    std::size_t start = 0;
    for (int number = 0; number < most_pages; ++number) {
        auto page = co_await orca_list(
            client, fmt::format("/api/automations?limit={}&start_at_index={}", automations_page_size, start), deadline);
        if (!page) co_return fail(std::move(page.error()));
        const auto count = page->root()["data"].size();
        const auto total = page->root()["total_items"].integer().value_or(0);
        start += count;
        automations->pages.push_back(std::move(*page));
        if (count == 0 || std::cmp_greater_equal(start, total)) break;
    }
    co_return std::shared_ptr<const OrcaAutomations>(std::move(automations));
}

auto why_orca_was_silent(const OrcaAutomations& automations, JsonView alert) -> std::string {
    int with_webhook = 0;
    int enabled = 0;
    for (const auto& automation : automations.all()) {
        if (!sends_webhooks(automation)) continue;
        ++with_webhook;
        if (!is_enabled(automation)) continue;
        ++enabled;
        const auto with = automation.at("/filter/sonar_query/with");
        if (!with.is_object() || matches(with, alert, 0).value_or(true)) return {};
    }
    if (with_webhook == 0) return "no automation sends alerts to a webhook";
    if (enabled == 0) return "every automation that sends alerts to a webhook is switched off";
    const auto status = first_text({orca_field(alert, "Status")});
    return fmt::format("no automation that sends alerts to a webhook picks this one{}",
                       status.empty() ? std::string() : " (status " + error_line(status) + ")");
}

} // namespace dossier::ingest
