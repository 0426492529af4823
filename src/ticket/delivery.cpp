#include "dossier/ticket/delivery.hpp"

#include "delivery_audit.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"

#include <algorithm>
#include <limits>

namespace dossier::ticket {
namespace {

using store::Intent;

constexpr Duration shortest_wait{250};
constexpr Duration longest_attempt{120'000}; ///< what a create is given at most

/// After these a create can't have happened. Anything else, also an answer that could not be read, may hide a ticket.
auto nothing_happened(Errc code) -> bool {
    switch (code) {
    case Errc::invalid_argument:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::unauthenticated:
    case Errc::forbidden:
    case Errc::rate_limited:
    case Errc::quota_exhausted:
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::rejected:
    case Errc::overloaded:
        return true;
    default:
        return false;
    }
}

/// What an intent's ticket is about: the key says it.
auto subject_of(const Intent& intent) -> std::string { return intent.key.substr(std::string_view("ticket:").size()); }

auto is_as_approved(const Draft& draft) -> bool { return draft.approved_hash == content_hash(draft); }

} // namespace

auto ticket_subject(const Draft& draft) -> std::string {
    if (draft.kind == "policy") return draft.id;
    return draft.generation > 1 ? draft.dossier_id + "#" + std::to_string(draft.generation) : draft.dossier_id;
}

Delivery::Delivery(std::map<std::string, std::shared_ptr<TicketSink>> sinks, store::EffectStore& store,
                   TicketConfig config, const Clock& clock, Metrics& metrics)
    : sinks_(std::move(sinks)), store_(store), config_(std::move(config)), clock_(clock), metrics_(metrics) {}

auto Delivery::sink_of(const std::string& name) const -> Result<std::shared_ptr<TicketSink>> {
    const auto at = sinks_.find(name);
    if (at == sinks_.end()) return fail(Errc::invalid_argument, "no ticket sink is called '" + name + "'");
    return at->second;
}

auto Delivery::key_of(const std::string& subject) const -> std::string { return ticket_key(config_.instance, subject); }

auto Delivery::first_wait() const -> Duration { return std::max(shortest_wait, config_.settle / 16); }

auto Delivery::create_limit(const std::string& sink) const -> Duration {
    const auto at = std::ranges::find(config_.sinks, sink, &SinkConfig::name);
    // One call has its time, also where the window was configured shorter than that.
    const auto timeout = at == config_.sinks.end() ? SinkConfig{}.timeout : at->timeout;
    return std::min(longest_attempt, std::max(config_.settle, timeout));
}

auto Delivery::has_sink(const std::string& sink) const -> bool { return sinks_.contains(sink); }

auto Delivery::is_internal(const std::string& sink) const -> bool {
    const auto at = sinks_.find(sink);
    return at != sinks_.end() && at->second->is_internal();
}

void Delivery::count(const std::string& sink, std::string_view outcome) {
    metrics_.count("dossier_tickets_total", {{"sink", sink}, {"outcome", outcome}});
}

auto Delivery::ensure_ticket(Draft draft, Deadline deadline) -> Task<Result<Progress>> {
    if (draft.approval == "before_create" && !is_as_approved(draft)) {
        co_return fail(Errc::conflict, "the draft waits for an approval of exactly this content");
    }
    Intent wanted;
    wanted.key = "ticket:" + ticket_subject(draft);
    wanted.dossier_id = draft.dossier_id;
    wanted.draft_id = draft.id;
    wanted.sink = draft.sink;
    auto begun = co_await store_.begin_intent(wanted);
    if (!begun) co_return fail(begun.error());
    auto intent = std::move(*begun);
    if (intent.state == Intent::State::done && intent.ticket) co_return Progress{.ticket = intent.ticket};
    // Until something was tried, the newest draft decides where the ticket goes; afterwards it stays there.
    if (intent.state == Intent::State::planned && !intent.unknown_since) intent.sink = draft.sink;
    auto sink = sink_of(intent.sink);
    if (!sink) co_return fail(sink.error());

    auto settled = co_await outcome_of(std::move(intent));
    if (!settled) co_return fail(settled.error());
    intent = std::move(*settled);
    // Also a planned intent looks first where an earlier outcome was unknown.
    if (!intent.unknown_since) co_return co_await attempt(*sink, intent, std::move(draft), deadline);
    if (intent.next_at && clock_.now() < *intent.next_at) co_return Progress{.wait_until = intent.next_at};
    co_return co_await look_again(*sink, intent, std::move(draft), deadline);
}

auto Delivery::outcome_of(Intent intent) -> Task<Result<Intent>> {
    if (intent.state != Intent::State::attempting) co_return intent;
    // Whoever set this never came back to say how it ended. The tracker may have acted at any time since, so that the
    // window is counted from the latest, and the first look comes as if it had been at once.
    const auto now = clock_.now();
    const auto began = intent.attempted_at.value_or(now);
    intent.state = Intent::State::unknown;
    intent.unknown_since = std::min<Timestamp>(now, began + longest_attempt);
    intent.next_at = began + first_wait();
    intent.lookups = 0;
    auto saved = co_await store_.save_intent(intent, {});
    if (!saved) co_return fail(saved.error());
    count(intent.sink, "outcome_unknown");
    co_return intent;
}

auto Delivery::attempt(std::shared_ptr<TicketSink> sink, Intent intent, Draft draft, Deadline deadline)
    -> Task<Result<Progress>> {
    intent.state = Intent::State::attempting;
    intent.draft_id = draft.id;
    intent.content_hash = content_hash(draft);
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    intent.next_at.reset();
    deadline = std::min(deadline, deadline_in(create_limit(intent.sink)));
    auto committed = co_await store_.save_intent(intent, {});
    if (!committed) co_return fail(committed.error());

    const auto key = key_of(subject_of(intent));
    fault_point("ticket.intended");
    auto created = co_await sink->create(with_appendix(draft), key, deadline);
    fault_point("ticket.made");
    if (created) co_return co_await settle_as_done(intent, *created, false, sink->is_internal());

    if (nothing_happened(created.error().code)) {
        intent.state = Intent::State::planned;
        count(intent.sink, "refused");
    } else {
        intent.state = Intent::State::unknown;
        intent.unknown_since = clock_.now();
        intent.lookups = 0;
        intent.next_at = *intent.unknown_since + first_wait();
        count(intent.sink, "outcome_unknown");
        log::warn("ticket.outcome_unknown", {{"dossier", intent.dossier_id}, {"sink", intent.sink}});
    }
    auto saved = co_await store_.save_intent(intent, {});
    if (!saved) co_return fail(saved.error());
    if (intent.state == Intent::State::planned) co_return fail(created.error());
    co_return Progress{.wait_until = intent.next_at};
}

auto Delivery::look_again(std::shared_ptr<TicketSink> sink, Intent intent, Draft draft, Deadline deadline)
    -> Task<Result<Progress>> {
    const auto key = key_of(subject_of(intent));
    const auto looked_at = clock_.now(); // its answer may be of then, however late it comes
    auto found = co_await sink->find(key, deadline);
    if (!found) co_return fail(found.error()); // without a look there is no second create
    if (!found->empty()) co_return co_await settle_as_done(intent, found->front(), true, sink->is_internal());

    const auto end = intent.unknown_since.value_or(looked_at) + config_.settle;
    if (looked_at >= end) {
        count(intent.sink, "second_create");
        log::warn("ticket.second_create", {{"dossier", intent.dossier_id}, {"sink", intent.sink}});
        co_return co_await attempt(std::move(sink), std::move(intent), std::move(draft), deadline);
    }
    intent.lookups += 1;
    intent.next_at = next_look(intent);
    auto saved = co_await store_.save_intent(intent, {});
    if (!saved) co_return fail(saved.error());
    co_return Progress{.wait_until = intent.next_at};
}

/// The looks are ever further apart, and the last is at the end of the window.
auto Delivery::next_look(const Intent& intent) const -> Timestamp {
    const auto now = clock_.now();
    const Timestamp next = now + Duration{first_wait().count() << std::min(intent.lookups, 20)};
    return std::min<Timestamp>(next, intent.unknown_since.value_or(now) + config_.settle);
}

auto Delivery::recall(Draft draft, Deadline deadline) -> Task<Result<Progress>> {
    auto intents = co_await store_.intents_of(draft.dossier_id);
    if (!intents) co_return fail(intents.error());
    const auto at = std::ranges::find(*intents, "ticket:" + ticket_subject(draft), &Intent::key);
    if (at == intents->end()) co_return Progress{};
    if (at->is_over()) co_return Progress{.ticket = at->ticket};
    auto settled = co_await outcome_of(std::move(*at));
    if (!settled) co_return fail(settled.error());
    auto intent = std::move(*settled);
    if (!intent.unknown_since) co_return Progress{};
    const auto now = clock_.now();
    if (intent.next_at && now < *intent.next_at) co_return Progress{.wait_until = intent.next_at};
    auto sink = sink_of(intent.sink);
    Result<std::vector<TicketRef>> found = std::vector<TicketRef>{};
    if (sink)
        found = co_await (*sink)->find(key_of(subject_of(intent)), deadline);
    else
        found = fail(sink.error());
    if (!found) {
        log::warn("ticket.recall_failed", {{"dossier", intent.dossier_id}, {"error", found.error().describe()}});
        intent.next_at = now + std::max(config_.settle, shortest_wait);
    } else if (!found->empty()) {
        co_return co_await settle_as_done(intent, found->front(), true, (*sink)->is_internal());
    } else if (now >= *intent.unknown_since + config_.settle) {
        intent.state = Intent::State::failed;
        intent.reason = "its draft was over before a ticket was seen";
        intent.next_at.reset();
    } else {
        intent.lookups += 1;
        intent.next_at = next_look(intent);
    }
    auto saved = co_await store_.save_intent(intent, {});
    if (!saved) co_return fail(saved.error());
    co_return Progress{.wait_until = intent.next_at};
}

auto Delivery::settle_as_done(Intent intent, TicketRef ticket, bool was_found, bool is_internal)
    -> Task<Result<Progress>> {
    const auto now = clock_.now();
    intent.state = Intent::State::done;
    intent.ticket = ticket;
    intent.lookups = 0;
    intent.next_at.reset();
    // Only where an outcome was unknown once can there be a double.
    if (intent.unknown_since) intent.next_at = now + config_.settle * 2;
    std::vector<store::AuditEntry> audit;
    if (!is_internal) audit.push_back(ticket_audit(now, "ticket.created", intent, {.found = was_found}));
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    count(intent.sink, was_found ? "found" : "created");
    log::info("ticket.created",
              {{"dossier", intent.dossier_id}, {"sink", intent.sink}, {"key", ticket.key}, {"found", was_found}});
    co_return Progress{.ticket = std::move(ticket), .created_now = true};
}

auto Delivery::sweep(Deadline deadline) -> Task<Result<std::size_t>> {
    constexpr std::size_t at_once = 50;
    auto due = co_await store_.intents_to_sweep(clock_.now(), at_once);
    if (!due) co_return fail(due.error());
    std::size_t closed = 0;
    for (const auto& intent : *due) {
        auto swept = co_await sweep_one(intent, deadline);
        if (swept) {
            closed += *swept;
            continue;
        }
        if (swept.error().code == Errc::storage) co_return fail(swept.error());
        log::warn("ticket.sweep_failed", {{"dossier", intent.dossier_id}, {"reason", swept.error().describe()}});
        auto later = intent;
        later.next_at = clock_.now() + std::max(config_.settle, shortest_wait);
        auto saved = co_await store_.save_intent(later, {});
        if (!saved) co_return fail(saved.error());
    }
    co_return closed;
}

auto Delivery::sweep_one(Intent intent, Deadline deadline) -> Task<Result<std::size_t>> {
    constexpr int most_looks = 3;
    auto sink = sink_of(intent.sink);
    if (!sink) co_return fail(sink.error());
    const auto key = key_of(subject_of(intent));
    auto found = co_await (*sink)->find(key, deadline);
    if (!found) co_return fail(found.error());
    const auto ours = intent.ticket.value_or(TicketRef{});
    const auto is_ours = [&](const TicketRef& one) { return one.key == ours.key; };
    std::vector<store::AuditEntry> audit;
    std::size_t closed = 0;
    intent.next_at.reset();
    if (std::ranges::any_of(*found, is_ours)) {
        for (const auto& one : *found) {
            if (is_ours(one)) continue;
            auto done = co_await (*sink)->close_duplicate(one, ours, deadline);
            if (!done) co_return fail(done.error());
            audit.push_back(ticket_audit(clock_.now(), "ticket.duplicate_closed", intent, {.key = one.key}));
            count(intent.sink, "duplicate_closed");
            ++closed;
        }
    } else if (++intent.lookups < most_looks) {
        // Ours is not to be seen (a lagging index, or it was deleted): nothing is closed in favour of a ghost.
        intent.next_at = clock_.now() + config_.settle * 2;
    }
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    co_return closed;
}

} // namespace dossier::ticket
