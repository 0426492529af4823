#include "dossier/ingest/receiver.hpp"

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ingest/envelope.hpp"
#include "dossier/ingest/source_auth.hpp"

#include "adapters.hpp"
#include "admission.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_items = 10'000;

/// An item as it is to be normalised and kept.
struct Item {
    JsonView view;       ///< null where there is only a problem
    std::string raw;     ///< "" = the whole body
    std::string problem; ///< why there is nothing to normalise
};

/// One parsed body and what its adapter sees in it, also inside envelopes.
struct Delivery {
    JsonDocument document;
    EnvelopeOpener opener;
    std::vector<Item> items;
};

void add_items(std::vector<Item>& items, const Adapter& adapter, JsonView content, bool whole) {
    auto views = adapter.items(content);
    const bool is_all = whole && !content.is_array() && views.size() == 1;
    for (const auto& view : views)
        items.push_back({.view = view, .raw = is_all ? std::string() : view.dump(), .problem = {}});
}

auto read_delivery(const Adapter& adapter, bool opens, std::string_view body) -> Result<Delivery> {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
    auto document = JsonDocument::parse(body);
    if (!document) return fail(std::move(document.error()));
    Delivery delivery{.document = std::move(*document), .opener = {}, .items = {}};
    const auto root = delivery.document.root();
    const auto enclosed = opens ? delivery.opener.open(root) : std::vector<Enclosed>{};
    for (const auto& inner : enclosed) {
        if (inner.problem.empty())
            add_items(delivery.items, adapter, inner.content, false);
        else
            delivery.items.push_back({.view = {}, .raw = inner.envelope.dump(), .problem = inner.problem});
    }
    if (enclosed.empty()) add_items(delivery.items, adapter, root, true);
    return delivery;
}

auto normalise_item(const Adapter& adapter, const Item& item) -> Result<Finding> {
    if (!item.problem.empty()) return fail(Errc::malformed, item.problem);
    return adapter.normalise(item.view);
}

auto quarantined(std::string raw, std::string reason) -> store::IntakeItem {
    return {.finding = std::nullopt, .raw = std::move(raw), .quarantine_reason = std::move(reason)};
}

/// @param body goes to the item that is all of it
auto take_items(const Adapter& adapter, Delivery& delivery, std::string body) -> std::vector<store::IntakeItem> {
    std::vector<store::IntakeItem> taken;
    if (delivery.items.size() > most_items) {
        taken.push_back(quarantined(std::move(body), fmt::format("the delivery holds more than {} items", most_items)));
        return taken;
    }
    taken.reserve(delivery.items.size());
    for (auto& item : delivery.items) {
        auto finding = normalise_item(adapter, item);
        auto raw = std::move(item.raw.empty() ? body : item.raw);
        if (finding)
            taken.push_back({.finding = std::move(*finding), .raw = std::move(raw), .quarantine_reason = {}});
        else
            taken.push_back(quarantined(std::move(raw), std::move(finding.error().message)));
    }
    return taken;
}

/// In the order of their names, as they are sealed.
auto received_members(const store::Intake& intake, const store::IntakeItem& item)
    -> std::vector<std::pair<std::string, std::string>> {
    std::vector<std::pair<std::string, std::string>> members;
    members.reserve(3);
    if (item.finding)
        members.emplace_back("fingerprint", canonical::text_of(item.finding->fingerprint));
    else
        members.emplace_back("reason", canonical::text_of(to_valid_utf8(item.quarantine_reason)));
    members.emplace_back("request_id", canonical::text_of(to_valid_utf8(intake.request_id)));
    members.emplace_back("source", canonical::text_of(intake.source));
    return members;
}

/// One record an item, in order: the store adds the ids that it gives them.
auto received_entries(const store::Intake& intake) -> std::vector<store::AuditEntry> {
    std::vector<store::AuditEntry> entries;
    entries.reserve(intake.items.size());
    for (const auto& item : intake.items) {
        store::AuditEntry entry;
        entry.time = intake.at;
        entry.actor_id = "source:" + intake.source;
        entry.action = item.finding ? "finding.received" : "item.quarantined";
        entry.members = received_members(intake, item);
        entries.push_back(std::move(entry));
    }
    return entries;
}

auto no_such_source(const std::string& source) -> std::unexpected<Error> {
    return fail(Error{.code = Errc::not_found, .message = "no such source", .context = {}, .retry_after = {}}.with(
        "source", source));
}

} // namespace

struct Receiver::Source {
    explicit Source(SourceConfig from) : config(std::move(from)), adapter(make_adapter(config)), limiter(config.rate) {}

    SourceConfig config;
    std::unique_ptr<Adapter> adapter;
    net::RateLimiter limiter;
    std::shared_ptr<Handshake> handshake;
    const Source* as = this; ///< whose findings it brings

    /// A generic source says by pointers where things stand in the body as it comes.
    [[nodiscard]] auto opens_envelopes() const -> bool { return config.kind != "generic"; }
};

Receiver::Receiver(std::vector<SourceConfig> sources, store::IntakeStore& store, const Clock& clock, Metrics& metrics,
                   std::size_t capacity, Handshakes handshakes)
    : store_(store), clock_(clock), metrics_(metrics), admission_(std::make_unique<Admission>(capacity, store)) {
    for (auto& config : sources) {
        auto source = std::make_unique<Source>(std::move(config));
        if (!source->adapter) {
            log::error("source.kind_unknown", {{"source", source->config.name}, {"kind", source->config.kind}});
            continue;
        }
        auto name = source->config.name;
        if (const auto own = handshakes.find(name); own != handshakes.end()) source->handshake = own->second;
        sources_.insert_or_assign(std::move(name), std::move(source));
    }
    for (auto& [name, source] : sources_) {
        const auto owner = sources_.find(source->config.as);
        if (owner != sources_.end()) source->as = owner->second.get();
    }
}

Receiver::~Receiver() = default;

auto Receiver::source_names() const -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& [name, source] : sources_) names.push_back(name);
    return names;
}

void Receiver::count(std::string_view source, std::string_view outcome, store::Via via) {
    const auto* name = store::form_of(via) == Form::api ? "dossier_polled_findings_total" : "dossier_deliveries_total";
    metrics_.count(name, {{"source", source}, {"outcome", outcome}});
}

void Receiver::count_late(std::string_view source, const std::vector<store::IntakeResult>& results) {
    for (const auto& result : results) {
        if (!result.late_by) continue;
        metrics_.count("dossier_deliveries_late_total", {{"source", source}});
        metrics_.observe("dossier_delivery_late_seconds", std::chrono::duration<double>(*result.late_by).count(),
                         {{"source", source}});
    }
}

auto Receiver::patience_of(const Source& source, store::Via via) -> Patience {
    const bool is_pulled_in = store::form_of(via) == Form::api || is_pulled(source.config.kind);
    return is_pulled_in ? Patience::pulled : Patience::pushed;
}

void Receiver::count_overload(const Source& source, const Error& error, store::Via via) {
    if (store::form_of(via) != Form::delivery) return; // a poller comes by itself again
    count(source.config.name, "overloaded");
    count_refusal(source.config.name, why_refused(error));
}

void Receiver::count_refusal(std::string_view source, std::string_view reason) {
    metrics_.count("dossier_refusals_total", {{"source", source}, {"reason", reason}});
}

auto Receiver::admit(const std::string& source, const net::HttpRequest& head) -> Result<void> {
    const auto found = sources_.find(source);
    if (found == sources_.end() || is_pulled(found->second->config.kind)) {
        count("unknown", "not_found");
        return no_such_source(source);
    }
    auto& known = *found->second;
    if (auto accepted = authenticate(known.config.auth, head, clock_.now(), false); !accepted) {
        count(source, "unauthenticated");
        return accepted;
    }
    if (known.config.rate.per_second > 0) {
        if (const auto wait = known.limiter.take()) {
            count(source, "rate_limited");
            count_refusal(source, "rate");
            return fail(Error{.code = Errc::rate_limited,
                              .message = "the source is over its rate",
                              .context = {},
                              .retry_after = wait});
        }
    }
    // One that has no room for a single finding isn't read at all: to say no must cost less than to say yes.
    auto room = admission_->look(known.as->config.name, 1, Patience::pushed);
    if (!room) count_overload(known, room.error(), store::Via::webhook);
    return room;
}

auto Receiver::challenge(const std::string& source) const -> std::string {
    const auto found = sources_.find(source);
    const bool is_basic = found != sources_.end() && found->second->config.auth.type == SourceAuthConfig::Type::basic;
    return is_basic ? "Basic realm=\"dossier\"" : "Bearer";
}

auto Receiver::takes_type(const std::string& source, std::string_view media_type) const -> bool {
    const auto found = sources_.find(source);
    return found != sources_.end() && found->second->config.kind == "sns" && media_type == "text/plain";
}

auto Receiver::preflight(const std::string& source, const net::HttpRequest& request) const
    -> Result<net::HttpResponse> {
    const auto found = sources_.find(source);
    if (found == sources_.end()) return no_such_source(source);
    const auto& config = found->second->config;
    if (config.kind != "event_grid" && config.kind != "cloudevents") return no_such_source(source);
    return answer_preflight(config, request);
}

auto Receiver::receive(std::string source, net::HttpRequest request) -> Task<Result<Delivered>> {
    const auto found = sources_.find(source);
    if (found == sources_.end()) co_return no_such_source(source);
    const auto& known = *found->second;
    if (auto accepted = authenticate(known.config.auth, request, clock_.now(), true); !accepted) {
        count(source, "unauthenticated");
        co_return fail(std::move(accepted.error()));
    }
    if (known.config.kind == "sns" && !known.handshake)
        co_return fail(Errc::internal, "the signatures of this source can't be checked here");
    if (known.handshake) {
        auto met = co_await known.handshake->meet(request);
        if (!met) {
            count(source, name_of(met.error().code));
            co_return fail(std::move(met.error()));
        }
        if (*met) {
            count(source, "handshake");
            co_return Delivered{.results = {}, .answer = std::move(*met)};
        }
    }
    const auto via = is_event_kind(known.config.kind) ? store::Via::event : store::Via::webhook;
    auto taken = co_await take(std::move(source), std::move(request.body),
                               {.via = via, .request_id = std::move(request.request_id), .cursor = std::nullopt});
    if (!taken) co_return fail(std::move(taken.error()));
    co_return Delivered{.results = std::move(*taken), .answer = std::nullopt};
}

auto Receiver::take(std::string source, std::string body, Arrival arrival)
    -> Task<Result<std::vector<store::IntakeResult>>> {
    const auto found = sources_.find(source);
    if (found == sources_.end()) co_return no_such_source(source);
    const auto& known = *found->second;
    std::vector<store::IntakeItem> items;
    { // Before the wait: the document's memory is for the delivery that is read meanwhile.
        const auto& adapter = *known.as->adapter;
        auto delivery = read_delivery(adapter, known.opens_envelopes(), body);
        if (!delivery) {
            count(source, name_of(delivery.error().code));
            co_return fail(std::move(delivery.error()));
        }
        // Asked before each item is read, which is what costs.
        if (const auto number = delivery->items.size(); number > 1 && number <= most_items) {
            auto room = admission_->look(known.as->config.name, number, patience_of(known, arrival.via));
            if (!room) {
                count_overload(known, room.error(), arrival.via);
                co_return fail(std::move(room.error()));
            }
        }
        items = take_items(adapter, *delivery, std::move(body));
    }
    co_return co_await commit(known, std::move(items), std::move(arrival));
}

auto Receiver::take_messages(std::string source, std::vector<std::string> bodies, Arrival arrival)
    -> Task<Result<std::vector<store::IntakeResult>>> {
    const auto found = sources_.find(source);
    if (found == sources_.end()) co_return no_such_source(source);
    const auto& adapter = *found->second->as->adapter;
    std::vector<store::IntakeItem> items;
    for (auto& body : bodies) {
        auto delivery = read_delivery(adapter, found->second->opens_envelopes(), body);
        if (!delivery && delivery.error().code == Errc::overloaded) co_return fail(std::move(delivery.error()));
        if (!delivery) {
            items.push_back(quarantined(to_valid_utf8(body), "the message is no JSON: " + delivery.error().message));
            continue;
        }
        for (auto& item : take_items(adapter, *delivery, std::move(body))) items.push_back(std::move(item));
    }
    co_return co_await commit(*found->second, std::move(items), std::move(arrival));
}

auto Receiver::has_room(const std::string& source, std::size_t items) const -> bool {
    const auto found = sources_.find(source);
    if (found == sources_.end()) return false;
    const auto& known = *found->second;
    return admission_->look(known.as->config.name, items, patience_of(known, store::Via::event)).has_value();
}

auto Receiver::piece() const -> std::size_t { return std::clamp<std::size_t>(admission_->capacity() / 4, 1, 100); }

auto Receiver::commit(const Source& source, std::vector<store::IntakeItem> items, Arrival arrival)
    -> Task<Result<std::vector<store::IntakeResult>>> {
    const auto& name = source.config.name;
    const auto via = arrival.via;
    if (items.empty() && !arrival.cursor) {
        count(name, "empty", via);
        co_return std::vector<store::IntakeResult>{};
    }
    std::optional<Admission::Place> place;
    if (!items.empty()) {
        auto taken = admission_->take(source.as->config.name, items.size(), patience_of(source, via));
        if (!taken) {
            count_overload(source, taken.error(), via);
            co_return fail(std::move(taken.error()));
        }
        place.emplace(std::move(*taken));
    }
    store::Intake intake;
    intake.source = source.as->config.name;
    intake.request_id = std::move(arrival.request_id);
    intake.at = clock_.now();
    intake.via = arrival.via;
    intake.cursor = std::move(arrival.cursor);
    intake.items = std::move(items);
    if (const auto& api = source.as->config.api) {
        intake.grace = api->delivery_grace;
        for (auto& item : intake.items) item.completable = item.finding && item.finding->is_partial;
    }
    auto audit = received_entries(intake);
    fault_point("intake.ready");
    auto committed = co_await store_.commit_intake(std::move(intake), std::move(audit));
    fault_point("intake.stored");
    if (!committed) {
        count(name, name_of(committed.error().code), via);
        count_refusal(name, name_of(committed.error().code));
        co_return fail(std::move(committed.error()));
    }
    std::size_t work = 0;
    for (const auto& result : *committed) {
        if (result.outcome != Outcome::duplicate && result.outcome != Outcome::quarantined) ++work;
        count(name, to_string(result.outcome), via);
        if (result.outcome == Outcome::quarantined) metrics_.count("dossier_quarantined_total", {{"source", name}});
    }
    admission_->accepted(work);
    count_late(name, *committed);
    co_return std::move(*committed);
}

auto Receiver::read_found(const std::string& source, std::string raw, std::optional<Timestamp> updated_at) const
    -> store::IntakeItem {
    auto finding = normalise(source, raw);
    if (!finding) return quarantined(to_valid_utf8(raw), std::move(finding.error().message));
    if (!finding->last_seen) finding->last_seen = updated_at;
    finding->is_first_report = false; // nobody reports it: we asked
    return {.finding = std::move(*finding), .raw = std::move(raw), .quarantine_reason = {}};
}

auto Receiver::take_found(std::string source, std::vector<store::IntakeItem> items, Arrival arrival)
    -> Task<Result<std::vector<store::IntakeResult>>> {
    const auto found = sources_.find(source);
    if (found == sources_.end()) co_return no_such_source(source);
    co_return co_await commit(*found->second, std::move(items), std::move(arrival));
}

auto Receiver::retry_quarantined(std::string id, std::vector<store::AuditEntry> audit)
    -> Task<Result<store::IntakeResult>> {
    auto row = co_await store_.get_quarantine(id);
    if (!row) co_return fail(std::move(row.error()));
    if (!row->finding_id.empty()) co_return fail(Errc::conflict, "the item has become a finding already");
    auto finding = normalise(row->source, row->raw);
    if (!finding) co_return fail(std::move(finding.error()));
    store::IntakeItem item;
    item.finding = std::move(*finding);
    item.raw = std::move(row->raw);
    auto accepted = co_await store_.accept_quarantined(std::move(id), std::move(item), clock_.now(), std::move(audit));
    if (accepted) count(row->source, to_string(accepted->outcome));
    co_return accepted;
}

auto Receiver::normalise_all(const std::string& source, std::string_view body) const
    -> Result<std::vector<Result<Finding>>> {
    const Source* known = nullptr;
    std::unique_ptr<Source> ad_hoc;
    if (const auto found = sources_.find(source); found != sources_.end()) {
        known = found->second.get();
    } else {
        for (const auto& [name, configured] : sources_) {
            if (known == nullptr && configured->config.kind == source) known = configured.get();
        }
    }
    if (known == nullptr && is_known_kind(source)) {
        SourceConfig config;
        config.name = source;
        config.kind = source;
        ad_hoc = std::make_unique<Source>(std::move(config));
        known = ad_hoc.get();
    }
    if (known == nullptr) return no_such_source(source);
    const auto& adapter = *known->as->adapter;
    auto delivery = read_delivery(adapter, known->opens_envelopes(), body);
    if (!delivery) return fail(std::move(delivery.error()));
    if (delivery->items.size() > most_items) return fail(Errc::too_large, "the body holds too many items");
    std::vector<Result<Finding>> findings;
    findings.reserve(delivery->items.size());
    for (const auto& item : delivery->items) findings.push_back(normalise_item(adapter, item));
    return findings;
}

auto Receiver::normalise(const store::FindingRow& stored) const -> Result<Finding> {
    // What the backlog brought was a finding of ours from the beginning; nobody else can write that form.
    if (stored.via == store::Via::backlog) return from_text<Finding>(stored.raw);
    return normalise(stored.source, stored.raw);
}

auto Receiver::normalise(const std::string& source, std::string_view raw) const -> Result<Finding> {
    auto findings = normalise_all(source, raw);
    if (!findings) return fail(std::move(findings.error()));
    if (findings->size() != 1) {
        return fail(Errc::malformed,
                    findings->empty() ? "the payload holds no finding" : "the payload holds more than one finding");
    }
    return std::move(findings->front());
}

} // namespace dossier::ingest
