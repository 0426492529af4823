#include "dossier/ticket/callbacks.hpp"

#include "tracker_client.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>

namespace dossier::ticket {
namespace {

constexpr std::string_view signature_header = "X-Hub-Signature";
constexpr std::string_view signature_prefix = "sha256=";
constexpr std::string_view token_header = "X-Dossier-Token";
constexpr std::string_view event_header = "X-Atlassian-Webhook-Identifier";
constexpr std::size_t longest_event_id = 200;

auto not_the_tracker() -> std::unexpected<Error> { return fail(Errc::unauthenticated, "credentials missing or wrong"); }

auto presented_token(const net::HttpRequest& request) -> std::string {
    if (const auto token = request.headers.get(token_header)) return std::string(trim(*token));
    const auto field = std::string(trim(request.headers.get("Authorization").value_or("")));
    constexpr std::string_view scheme = "Bearer ";
    return field.size() > scheme.size() && iequals(std::string_view(field).substr(0, scheme.size()), scheme)
               ? std::string(trim(std::string_view(field).substr(scheme.size())))
               : std::string();
}

/// Jira writes hex, ServiceNow's scripts base64; both in front of the same bytes.
auto is_signed(const Secret& secret, const net::HttpRequest& request) -> bool {
    const auto field = std::string(trim(request.headers.get(signature_header).value_or("")));
    const bool has_prefix = field.starts_with(signature_prefix);
    const auto digest = has_prefix ? field.substr(signature_prefix.size()) : std::string();
    const auto mac = hmac(HashAlgorithm::sha256, secret.reveal(), request.body);
    const bool as_hex = constant_time_equal(lower(digest), to_hex(mac));
    const bool as_base64 = constant_time_equal(digest, base64_encode(mac));
    return (as_hex || as_base64) && has_prefix;
}

/// A member that is text or a number, as a plain key; "" for anything that could not be one.
auto plain_member(const Json& object, const char* key) -> std::string {
    const auto at = object.is_object() ? object.find(key) : object.end();
    if (at == object.end()) return "";
    std::string text;
    if (at->is_string()) text = at->get<std::string>();
    if (at->is_number_integer()) text = at->dump();
    return is_plain_key(text) ? text : std::string();
}

/// Whether what changed has to do with how the ticket stands. Without a change log (a rule's own body) it may.
auto concerns_standing(const Json& body) -> bool {
    const auto event = text_at(body, "webhookEvent");
    if (!event.empty() && !event.starts_with("jira:issue_")) return false;
    if (event == "jira:issue_created") return false;
    const auto changelog = body.find("changelog");
    if (changelog == body.end()) return true;
    const auto& items = array_in(*changelog, "items");
    if (items.empty()) return true;
    static constexpr std::array<std::string_view, 5> fields{"status", "resolution", "key", "project", "issuekey"};
    return std::ranges::any_of(items, [](const Json& item) {
        const auto field = lower(text_in(item, {"field"}));
        return std::ranges::find(fields, field) != fields.end();
    });
}

/// The tracker's own name for the event; without one, the body's hash where the body carries its time.
auto event_id_of(const Json& body, const net::HttpRequest& request) -> std::string {
    auto id = std::string(trim(request.headers.get(event_header).value_or("")));
    if (id.empty()) id = plain_member(body, "event_id");
    if (!id.empty()) return shorten(id, longest_event_id);
    const bool is_dated = body.contains("timestamp") || body.contains("sys_updated_on");
    return is_dated ? "body:" + sha256_hex(request.body) : std::string();
}

} // namespace

auto to_string(Heard heard) -> std::string_view {
    switch (heard) {
    case Heard::noted:
        return "noted";
    case Heard::repeated:
        return "repeated";
    case Heard::unknown:
        return "unknown";
    case Heard::ignored:
        break;
    }
    return "ignored";
}

auto read_tracker_event(const net::HttpRequest& request) -> Result<TrackerEvent> {
    auto body = parse_json(request.body);
    if (!body) return fail(Errc::malformed, "the body is not JSON: " + body.error().message);
    if (!body->is_object()) return fail(Errc::malformed, "the body must be a JSON object");
    TrackerEvent event;
    const auto issue = body->find("issue");
    const auto& about = issue != body->end() && issue->is_object() ? *issue : *body;
    event.sighting.key = plain_member(about, "key");
    if (event.sighting.key.empty()) event.sighting.key = plain_member(about, "number");
    event.sighting.remote_id = plain_member(about, "id");
    if (event.sighting.remote_id.empty()) event.sighting.remote_id = plain_member(about, "sys_id");
    event.concerns_standing = concerns_standing(*body);
    if (event.concerns_standing && event.sighting.key.empty() && event.sighting.remote_id.empty())
        return fail(Errc::malformed, "the body names no ticket: Jira's `issue` with `key` or `id`, or `sys_id` or "
                                     "`number` of a ServiceNow record");
    event.sighting.event_id = event_id_of(*body, request);
    return event;
}

auto check_callback(const CallbackConfig& config, const net::HttpRequest& request, bool with_body) -> Result<void> {
    if (!config.token.empty()) {
        const auto token = presented_token(request);
        if (constant_time_equal(token, config.token.reveal())) return {};
    }
    if (config.secret.empty()) return not_the_tracker();
    if (!with_body) {
        if (request.headers.get(signature_header)) return {};
        return not_the_tracker();
    }
    if (is_signed(config.secret, request)) return {};
    return not_the_tracker();
}

Callbacks::Callbacks(const std::vector<SinkConfig>& sinks, store::TicketStore& store, const Clock& clock,
                     Metrics& metrics)
    : store_(store), clock_(clock), metrics_(metrics) {
    for (const auto& sink : sinks)
        if (sink.callback.is_on()) doors_.push_back({.sink = sink.name, .config = sink.callback});
}

auto Callbacks::door_of(const std::string& sink) const -> const Door* {
    const auto found = std::ranges::find(doors_, sink, &Door::sink);
    return found == doors_.end() ? nullptr : &*found;
}

void Callbacks::count(const std::string& sink, std::string_view outcome) {
    metrics_.count("dossier_tracker_events_total", {{"sink", sink}, {"outcome", outcome}});
}

auto Callbacks::admit(const std::string& sink, const net::HttpRequest& head) const -> Result<void> {
    const auto* door = door_of(sink);
    if (door == nullptr) return fail(Errc::not_found, "no tracker of this name calls back");
    return check_callback(door->config, head, false);
}

auto Callbacks::take(std::string sink, net::HttpRequest request) -> Task<Result<Heard>> {
    const auto* door = door_of(sink);
    if (door == nullptr) co_return fail(Errc::not_found, "no tracker of this name calls back");
    if (auto good = check_callback(door->config, request, true); !good) {
        count(sink, "refused");
        co_return fail(std::move(good.error()));
    }
    auto event = read_tracker_event(request);
    if (!event) {
        count(sink, "malformed");
        co_return fail(std::move(event.error()));
    }
    if (!event->concerns_standing) {
        count(sink, "ignored");
        co_return Heard::ignored;
    }
    store::TicketNews news;
    news.sink = sink;
    news.at = clock_.now();
    news.sightings.push_back(event->sighting);
    auto noted = co_await store_.note_ticket_news(std::move(news));
    if (!noted) co_return fail(std::move(noted.error()));
    const auto heard = noted->noted > 0 ? Heard::noted : noted->repeated > 0 ? Heard::repeated : Heard::unknown;
    count(sink, to_string(heard));
    log::debug("ticket.event", {{"sink", sink}, {"key", event->sighting.key}, {"outcome", to_string(heard)}});
    co_return heard;
}

} // namespace dossier::ticket
