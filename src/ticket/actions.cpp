#include "dossier/ticket/action.hpp"

#include "final_refusal.hpp"
#include "markdown_escape.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace dossier::ticket {
namespace {

using store::Intent;

auto progress_of(const Intent& intent) -> ActionProgress {
    ActionProgress progress;
    if (intent.state == Intent::State::done)
        progress.done = intent.ticket;
    else
        progress.refused = intent.reason;
    return progress;
}

auto outcome_comment(const Draft& draft, const Intent& intent) -> std::string {
    const auto approved =
        draft.decided_by.empty() ? std::string() : " Approved by " + escape_markdown(draft.decided_by) + ".";
    const auto title = escape_markdown(shorten(one_line(draft.title), 200));
    if (intent.state == Intent::State::done && intent.ticket) {
        auto text = fmt::format("Done by {}: {}. See {}.{}", escape_markdown(intent.sink), title,
                                markdown_link(intent.ticket->key, intent.ticket->url), approved);
        const auto body = parse_json(intent.body);
        if (const auto detail = body && body->is_object() ? text_at(*body, "detail") : ""; !detail.empty())
            text += " " + escape_markdown(detail);
        return text;
    }
    return fmt::format("Not done by {}: {}. {}.{} It is not tried again: draft it anew, or do it by hand.",
                       escape_markdown(intent.sink), title, escape_markdown(shorten(one_line(intent.reason), 400)),
                       approved);
}

} // namespace

Actions::Actions(Targets targets, store::EffectStore& store, net::RetryPolicy pauses, std::string instance,
                 const Clock& clock, Metrics& metrics)
    : targets_(std::move(targets)),
      store_(store),
      pauses_(pauses),
      instance_(std::move(instance)),
      clock_(clock),
      metrics_(metrics) {}

auto Actions::serves(const std::string& sink, std::string_view kind) const -> bool {
    const auto target = targets_.find(sink);
    return target != targets_.end() && target->second->takes() == kind;
}

auto Actions::carry_out(Draft draft, Deadline deadline) -> Task<Result<ActionProgress>> {
    if (draft.approved_hash != content_hash(draft))
        co_return fail(Errc::rejected, "the draft is not what was approved; it has to be approved again");
    const auto target = targets_.find(draft.sink);
    if (target == targets_.end())
        co_return fail(Errc::invalid_argument, "no target of actions is called '" + draft.sink + "'");
    Intent wanted;
    wanted.key = std::string(action_prefix) + draft.id;
    wanted.dossier_id = draft.dossier_id;
    wanted.draft_id = draft.id;
    wanted.sink = draft.sink;
    auto begun = co_await store_.begin_intent(std::move(wanted));
    if (!begun) co_return fail(std::move(begun.error()));
    if (begun->is_over()) co_return progress_of(*begun);
    if (begun->next_at && clock_.now() < *begun->next_at)
        co_return ActionProgress{.again_at = begun->next_at, .done = {}, .refused = {}};
    co_return co_await attempt(target->second, std::move(*begun), std::move(draft), deadline);
}

auto Actions::attempt(std::shared_ptr<ActionTarget> target, Intent intent, Draft draft, Deadline deadline)
    -> Task<Result<ActionProgress>> {
    const bool may_be_there = intent.attempts > 0;
    intent.state = Intent::State::attempting;
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    intent.next_at.reset();
    intent.content_hash = draft.approved_hash;
    if (auto saved = co_await store_.save_intent(intent, {}); !saved) co_return fail(std::move(saved.error()));

    fault_point("action.intended");
    const Action action{.key = ticket_key(instance_, std::string(action_prefix) + draft.id), .draft = draft};
    Result<std::optional<ActionReceipt>> found = std::optional<ActionReceipt>{};
    if (may_be_there) found = co_await target->find(action, deadline);
    const bool was_there = found && *found;
    Result<ActionReceipt> receipt = ActionReceipt{};
    if (was_there)
        receipt = std::move(**found);
    else if (found)
        receipt = co_await target->perform(action, deadline);
    else
        receipt = fail(std::move(found.error()));
    fault_point("action.done");

    if (receipt) {
        intent.state = Intent::State::done;
        intent.reason.clear();
        intent.ticket = TicketRef{.sink = draft.sink, .key = receipt->id, .url = receipt->url, .id = receipt->id};
        intent.body = dump_json({{"detail", receipt->detail}});
        co_return co_await settle(std::move(intent), std::move(draft), std::move(receipt->detail), was_there);
    }
    const auto age = clock_.now() - draft.decided_at.value_or(clock_.now());
    if (!is_final_refusal(receipt.error().code) && age <= target->patience())
        co_return co_await put_off(std::move(intent), std::move(receipt.error()));
    intent.state = Intent::State::failed;
    intent.reason = receipt.error().message;
    co_return co_await settle(std::move(intent), std::move(draft), {}, false);
}

auto Actions::put_off(Intent intent, Error error) -> Task<Result<ActionProgress>> {
    const auto now = clock_.now();
    const bool is_unknown = error.code == Errc::outcome_unknown;
    intent.state = is_unknown ? Intent::State::unknown : Intent::State::planned;
    if (is_unknown && !intent.unknown_since) intent.unknown_since = now;
    const bool is_news = intent.reason != error.message; // a scan is looked at every minute
    intent.reason = error.message;
    intent.next_at = now + std::max(net::full_jitter(pauses_, std::min(intent.attempts, 30)),
                                    std::max(error.retry_after.value_or(Duration{0}), pauses_.base));
    metrics_.count("dossier_actions_total",
                   {{"target", intent.sink}, {"outcome", is_unknown ? "outcome_unknown" : "delayed"}});
    if (is_news)
        log::warn("action.delayed", {{"dossier", intent.dossier_id},
                                     {"draft", intent.draft_id},
                                     {"target", intent.sink},
                                     {"attempt", intent.attempts},
                                     {"error", error.describe()}});
    ActionProgress progress;
    progress.again_at = intent.next_at;
    if (auto saved = co_await store_.save_intent(std::move(intent), {}); !saved)
        co_return fail(std::move(saved.error()));
    co_return progress;
}

auto Actions::settle(Intent intent, Draft draft, std::string detail, bool was_there) -> Task<Result<ActionProgress>> {
    const bool is_done = intent.state == Intent::State::done;
    auto progress = progress_of(intent);
    progress.settled_now = true;
    Json details{{"target", intent.sink},
                 {"draft_id", draft.id},
                 {"kind", draft.kind},
                 {"content_hash", intent.content_hash},
                 {"decided_by", draft.decided_by}};
    if (is_done) details["id"] = intent.ticket->key;
    if (is_done && !intent.ticket->url.empty()) details["url"] = intent.ticket->url;
    if (!intent.reason.empty()) details["reason"] = intent.reason;
    if (!detail.empty()) details["detail"] = detail;
    if (was_there) details["found"] = true;
    metrics_.count("dossier_actions_total", {{"target", intent.sink},
                                             {"outcome", !is_done    ? "failed"
                                                         : was_there ? "found"
                                                                     : "done"}});
    if (is_done)
        log::info("action.done", {{"dossier", intent.dossier_id}, {"target", intent.sink}, {"id", intent.ticket->key}});
    else
        log::warn("action.failed", {{"dossier", intent.dossier_id}, {"target", intent.sink}, {"error", intent.reason}});
    std::vector<store::AuditEntry> audit{{.time = clock_.now(),
                                          .action = is_done ? "action.done" : "action.failed",
                                          .finding_id = draft.finding_ids.empty() ? "" : draft.finding_ids.front(),
                                          .dossier_id = draft.dossier_id,
                                          .details = dump_json(details)}};
    auto saved = co_await store_.save_intent(std::move(intent), std::move(audit));
    if (!saved) co_return fail(std::move(saved.error()));
    co_return progress;
}

auto Actions::news_of(const store::DossierRow& dossier) -> Task<Result<std::vector<ActionNews>>> {
    std::vector<ActionNews> news;
    const bool has_any =
        std::ranges::any_of(dossier.drafts, [&](const Draft& one) { return serves(one.sink, one.kind); });
    if (!has_any) co_return news;
    auto intents = co_await store_.intents_of(dossier.id);
    if (!intents) co_return fail(std::move(intents.error()));
    for (auto draft = dossier.drafts.rbegin(); draft != dossier.drafts.rend(); ++draft) {
        const auto intent = std::ranges::find_if(*intents, [&](const Intent& one) {
            return one.key.starts_with(action_prefix) && one.draft_id == draft->id && one.is_over();
        });
        if (intent != intents->end())
            news.push_back({.draft_id = draft->id, .comment = outcome_comment(*draft, *intent)});
    }
    co_return news;
}

} // namespace dossier::ticket
