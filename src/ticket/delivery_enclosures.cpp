// The part of Delivery that gives a ticket its files and links. A ticket is not held up by them: what a tracker refuses
// is left out and said in log and audit, what fails is tried again for a while.
#include "dossier/ticket/delivery.hpp"

#include "delivery_audit.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"
#include "dossier/ticket/enclosures.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

using store::Intent;

constexpr int most_tries = 8;

/// The other side understood and won't have it: too large, not allowed, no such thing.
auto is_refusal(Errc code) -> bool {
    return code == Errc::rejected || code == Errc::forbidden || code == Errc::not_found ||
           code == Errc::invalid_argument || code == Errc::conflict || code == Errc::too_large;
}

auto enclosing_intent(std::string key, const Draft& draft, const TicketRef& ticket) -> Intent {
    Intent intent;
    intent.key = std::move(key);
    intent.dossier_id = draft.dossier_id;
    intent.draft_id = draft.id;
    intent.sink = ticket.sink;
    intent.ticket = ticket;
    return intent;
}

} // namespace

auto Delivery::enclose(Draft draft, TicketRef ticket, std::vector<Attachment> files, std::string set, Deadline deadline)
    -> Task<Result<std::optional<Timestamp>>> {
    std::optional<Timestamp> again;
    if (is_internal(ticket.sink)) co_return again;
    auto sink = sink_of(ticket.sink);
    if (!sink) co_return fail(sink.error());
    // One look into the store is enough for a ticket that has everything.
    auto all_key = fmt::format("enclosures:{}:{}", draft.id, content_hash(draft));
    if (!set.empty()) all_key += ":" + set;
    auto all = co_await store_.begin_intent(enclosing_intent(all_key, draft, ticket));
    if (!all) co_return fail(all.error());
    if (all->is_over()) co_return again;
    if ((*sink)->takes_files() && (*sink)->is_shortened(draft)) files.push_back(text_file(draft));
    if (!(*sink)->takes_files()) files.clear();

    const auto note = [&](const Enclosed& one) {
        if (one.again) again = again ? std::min(*again, *one.again) : one.again;
    };
    for (const auto& file : files) {
        const Enclosing add = [&](bool may_be_there) { return (*sink)->attach(ticket, file, may_be_there, deadline); };
        auto done = co_await enclose_one(
            enclosing_intent(fmt::format("attach:{}:{}:{}", ticket.sink, ticket.key, file.name), draft, ticket),
            file.name, add);
        if (!done) co_return fail(done.error());
        note(*done);
    }
    for (const auto& link : draft.links) {
        const Enclosing add = [&](bool) { return (*sink)->refer(ticket, link, deadline); };
        auto done = co_await enclose_one(
            enclosing_intent(fmt::format("refer:{}:{}:{}", ticket.sink, ticket.key, link.id), draft, ticket), link.id,
            add);
        if (!done) co_return fail(done.error());
        note(*done);
    }
    if (again) co_return again;
    all->state = Intent::State::done;
    auto saved = co_await store_.save_intent(*all, {});
    if (!saved) co_return fail(saved.error());
    co_return again;
}

auto Delivery::enclose_one(Intent wanted, std::string what, Enclosing add) -> Task<Result<Enclosed>> {
    auto begun = co_await store_.begin_intent(std::move(wanted));
    if (!begun) co_return fail(begun.error());
    auto intent = std::move(*begun);
    if (intent.is_over()) co_return Enclosed{};
    if (intent.next_at && clock_.now() < *intent.next_at) co_return Enclosed{.again = intent.next_at};
    const bool may_be_there = intent.attempts > 0;
    intent.state = Intent::State::attempting;
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    auto committed = co_await store_.save_intent(intent, {});
    if (!committed) co_return fail(committed.error());

    fault_point("enclosure.intended");
    auto done = co_await add(may_be_there);
    fault_point("enclosure.added");
    intent.next_at.reset();
    std::vector<store::AuditEntry> audit;
    if (done) {
        intent.state = Intent::State::done;
        audit.push_back(ticket_audit(clock_.now(), "ticket.enclosed", intent, {.event_id = intent.key}));
        count(intent.sink, "enclosed");
    } else if (is_refusal(done.error().code) || intent.attempts >= most_tries) {
        intent.state = Intent::State::failed;
        intent.reason = done.error().message;
        audit.push_back(ticket_audit(clock_.now(), "ticket.not_enclosed", intent, {.event_id = intent.key}));
        count(intent.sink, "not_enclosed");
        log::warn("ticket.not_enclosed",
                  {{"sink", intent.sink}, {"key", intent.ticket->key}, {"what", what}, {"reason", intent.reason}});
    } else {
        intent.state = Intent::State::unknown; // the next try looks before it adds
        intent.next_at = clock_.now() + std::max(done.error().retry_after.value_or(Duration{0}),
                                                 Duration{first_wait().count() << std::min(intent.attempts - 1, 6)});
        count(intent.sink, "failed");
    }
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    co_return Enclosed{.again = intent.next_at};
}

} // namespace dossier::ticket
