// The part of Delivery that changes tickets which exist: comments and approvals, each effect once.
#include "dossier/ticket/delivery.hpp"

#include "delivery_audit.hpp"
#include "markdown_escape.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

using store::Intent;

auto effect_intent(std::string key, const TicketRef& ticket, std::string dossier_id, std::string draft_id) -> Intent {
    Intent intent;
    intent.key = std::move(key);
    intent.dossier_id = std::move(dossier_id);
    intent.draft_id = std::move(draft_id);
    intent.sink = ticket.sink;
    intent.ticket = ticket;
    return intent;
}

} // namespace

auto Delivery::once(Intent wanted, std::string action, Effect effect) -> Task<Result<void>> {
    const auto ticket = wanted.ticket;
    auto begun = co_await store_.begin_intent(std::move(wanted));
    if (!begun) co_return fail(begun.error());
    auto intent = std::move(*begun);
    if (intent.state == Intent::State::done) co_return Result<void>{};
    intent.ticket = ticket;
    intent.state = Intent::State::attempting;
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    auto committed = co_await store_.save_intent(intent, {});
    if (!committed) co_return fail(committed.error());
    fault_point("word.intended");
    auto done = co_await effect();
    fault_point("word.said");
    if (!done) {
        // It stays `attempting`: what looks before it repeats needs no other memory.
        count(intent.sink, "failed");
        co_return fail(done.error());
    }
    intent.state = Intent::State::done;
    std::vector<store::AuditEntry> audit;
    if (!is_internal(intent.sink)) {
        audit.push_back(ticket_audit(clock_.now(), action, intent, {.event_id = intent.key}));
    }
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    count(intent.sink, action.substr(action.find('.') + 1));
    co_return Result<void>{};
}

auto Delivery::comment(TicketRef ticket, std::string markdown, std::string event_id, Deadline deadline)
    -> Task<Result<void>> {
    co_return co_await comment_on(std::move(ticket), std::move(markdown), std::move(event_id), "", deadline);
}

auto Delivery::comment_on(TicketRef ticket, std::string markdown, std::string event_id, std::string dossier_id,
                          Deadline deadline) -> Task<Result<void>> {
    auto sink = sink_of(ticket.sink);
    if (!sink) co_return fail(sink.error());
    auto intent = effect_intent("comment:" + event_id, ticket, std::move(dossier_id), "");
    const Effect effect = [&] { return (*sink)->comment(ticket, markdown, event_id, Audience::staff, deadline); };
    co_return co_await once(std::move(intent), "ticket.commented", effect);
}

auto Delivery::apply_approval(Draft draft, TicketRef ticket, std::string note, Deadline deadline)
    -> Task<Result<void>> {
    const bool needs_approval = draft.approval != "none" || !draft.approved_hash.empty();
    if (needs_approval && draft.approved_hash != content_hash(draft)) {
        co_return fail(Errc::conflict, "the draft's content is not what was approved");
    }
    auto sink = sink_of(ticket.sink);
    if (!sink) co_return fail(sink.error());
    auto updated = co_await update_as_approved(*sink, draft, ticket, deadline);
    if (!updated) co_return updated;
    if (!note.empty()) {
        auto commented = co_await comment_on(ticket, std::move(note), draft.id, draft.dossier_id, deadline);
        if (!commented) co_return commented;
    }
    co_return co_await assign_as_approved(*sink, std::move(draft), std::move(ticket), deadline);
}

auto Delivery::update_as_approved(std::shared_ptr<TicketSink> sink, Draft draft, TicketRef ticket, Deadline deadline)
    -> Task<Result<void>> {
    auto begun = co_await store_.begin_intent(
        effect_intent("ticket:" + ticket_subject(draft), ticket, draft.dossier_id, draft.id));
    if (!begun) co_return fail(begun.error());
    auto intent = std::move(*begun);
    const auto approved = content_hash(draft);
    if (intent.state == Intent::State::done && intent.content_hash == approved) co_return Result<void>{};
    auto done = co_await sink->update(ticket, with_appendix(draft), deadline);
    fault_point("ticket.updated");
    if (!done) {
        count(ticket.sink, "failed");
        co_return done;
    }
    intent.state = Intent::State::done;
    intent.ticket = ticket;
    intent.sink = ticket.sink;
    intent.draft_id = draft.id;
    intent.content_hash = approved;
    std::vector<store::AuditEntry> audit;
    if (!sink->is_internal()) audit.push_back(ticket_audit(clock_.now(), "ticket.updated", intent, {}));
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    count(ticket.sink, "updated");
    co_return Result<void>{};
}

auto Delivery::assign_as_approved(std::shared_ptr<TicketSink> sink, Draft draft, TicketRef ticket, Deadline deadline)
    -> Task<Result<void>> {
    auto begun = co_await store_.begin_intent(effect_intent("assign:" + draft.id, ticket, draft.dossier_id, draft.id));
    if (!begun) co_return fail(begun.error());
    auto intent = std::move(*begun);
    if (intent.state == Intent::State::done) co_return Result<void>{};
    auto assigned = co_await sink->hand_over(ticket, draft, deadline);
    fault_point("ticket.handed_over");
    const bool is_unknown = !assigned && assigned.error().code == Errc::not_found;
    if (!assigned && !is_unknown) {
        count(ticket.sink, "failed");
        co_return assigned;
    }
    if (is_unknown && !draft.assignee.empty()) {
        log::warn("ticket.assignee_unknown", {{"sink", ticket.sink}, {"key", ticket.key}});
        auto said = co_await comment_on(
            ticket,
            fmt::format("Approved and meant for {}, whom dossier could not assign ({}). Please assign by hand.",
                        escape_markdown(draft.assignee), escape_markdown(assigned.error().message)),
            draft.id + ":assignee", draft.dossier_id, deadline);
        if (!said) co_return said;
    }
    intent.state = Intent::State::done;
    intent.ticket = ticket;
    intent.content_hash = content_hash(draft);
    std::vector<store::AuditEntry> audit;
    if (!sink->is_internal()) {
        audit.push_back(ticket_audit(clock_.now(), "ticket.assigned", intent,
                                     {.assignee = draft.assignee, .assigned = assigned.has_value()}));
    }
    auto saved = co_await store_.save_intent(intent, std::move(audit));
    if (!saved) co_return fail(saved.error());
    count(ticket.sink, is_unknown ? "unassigned" : "assigned");
    co_return Result<void>{};
}

} // namespace dossier::ticket
