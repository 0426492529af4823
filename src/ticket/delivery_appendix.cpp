// The part of Delivery that keeps what follows an approved body up to date: facts by code, which no approval covers.
#include "dossier/ticket/delivery.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/log.hpp"

#include <algorithm>

namespace dossier::ticket {

using store::Intent;

auto with_appendix(Draft draft) -> Draft {
    if (!draft.appendix.empty()) draft.body += "\n\n" + draft.appendix;
    return draft;
}

auto Delivery::refresh(Draft draft, Duration pause, Deadline deadline) -> Task<Result<std::optional<Timestamp>>> {
    using Again = std::optional<Timestamp>;
    if (!draft.ticket) co_return Again{};
    auto sink = sink_of(draft.ticket->sink);
    if (!sink) co_return fail(std::move(sink.error()));
    const auto intents = co_await store_.intents_of(draft.dossier_id);
    if (!intents) co_return fail(intents.error());
    const auto shown = std::ranges::find(*intents, "ticket:" + ticket_subject(draft), &Intent::key);
    // Somebody is editing: what is not approved doesn't leave with the table.
    if (shown == intents->end() || shown->content_hash != content_hash(draft)) co_return Again{};

    Intent wanted;
    wanted.key = "appendix:" + ticket_subject(draft);
    wanted.dossier_id = draft.dossier_id;
    wanted.draft_id = draft.id;
    wanted.sink = draft.ticket->sink;
    wanted.ticket = draft.ticket;
    auto begun = co_await store_.begin_intent(std::move(wanted));
    if (!begun) co_return fail(std::move(begun.error()));
    auto intent = std::move(*begun);
    const auto hash = sha256_hex(draft.appendix);
    if (intent.state == Intent::State::done && intent.content_hash == hash) co_return Again{};
    const auto now = clock_.now();
    if (intent.attempted_at && now < *intent.attempted_at + pause) co_return Again{*intent.attempted_at + pause};
    intent.state = Intent::State::attempting;
    intent.content_hash = hash;
    intent.attempts += 1;
    intent.attempted_at = now;
    if (auto saved = co_await store_.save_intent(intent, {}); !saved) co_return fail(std::move(saved.error()));
    const auto ticket = *draft.ticket;
    auto done = co_await (*sink)->update(ticket, with_appendix(std::move(draft)), deadline);
    if (!done) {
        count(intent.sink, "delayed");
        log::warn("ticket.refresh_failed",
                  {{"dossier", intent.dossier_id}, {"sink", intent.sink}, {"error", done.error().describe()}});
        intent.state = Intent::State::failed;
        intent.reason = done.error().message;
        if (auto saved = co_await store_.save_intent(intent, {}); !saved) co_return fail(std::move(saved.error()));
        const bool is_gone = done.error().code == Errc::not_found || done.error().code == Errc::rejected;
        co_return is_gone ? Again{} : Again{now + std::max(pause, done.error().retry_after.value_or(Duration{0}))};
    }
    intent.state = Intent::State::done;
    intent.reason.clear();
    if (auto saved = co_await store_.save_intent(std::move(intent), {}); !saved)
        co_return fail(std::move(saved.error()));
    co_return Again{};
}

} // namespace dossier::ticket
