#include "dossier/ticket/write_back.hpp"

#include "final_refusal.hpp"
#include "markdown_tree.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/fault_point.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/ticket/classification_draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace dossier::ticket {
namespace {

using store::Intent;
using namespace std::chrono_literals;

constexpr auto give_up_after = 24h; ///< since the decision: what a platform's longest outage may last

} // namespace

/// One effect of one finding.
struct WriteBack::Effect {
    std::string kind;
    std::string key;
    std::string finding_id;
    std::string source;
    std::string skip_reason; ///< set = it can't be done here
    std::string content;     ///< what is sent, for its hash
    std::function<Task<Result<ingest::WriteReceipt>>()> call;
};

/// What is known when a round begins, and what becomes of it.
struct WriteBack::Round {
    std::map<std::string, Intent> intents;
    std::map<std::string, Timestamp> blocked; ///< sources that did not answer lately, until when
    WriteBackProgress progress;

    void wait_until(Timestamp at) { progress.again_at = std::min(progress.again_at.value_or(at), at); }
};

WriteBack::WriteBack(std::vector<WriteBackPlatform> platforms, store::EffectStore& store, net::RetryPolicy pauses,
                     const Clock& clock, Metrics& metrics)
    : platforms_(std::move(platforms)), store_(store), pauses_(pauses), clock_(clock), metrics_(metrics) {}

auto WriteBack::platform_of(const std::string& source) const -> const WriteBackPlatform* {
    const auto found =
        std::ranges::find_if(platforms_, [&](const WriteBackPlatform& one) { return one.api->source() == source; });
    return found == platforms_.end() ? nullptr : &*found;
}

auto WriteBack::serves(const std::string& source) const -> bool {
    const auto* platform = platform_of(source);
    if (platform == nullptr) return false;
    const auto& config = platform->config;
    return config.comment || config.ticket_link || config.status || config.tags;
}

auto WriteBack::can_tag(const std::string& source) const -> bool {
    const auto* platform = platform_of(source);
    return platform != nullptr && platform->config.tags &&
           (platform->api->capabilities().tags || !platform->config.tag_endpoint.url.empty());
}

auto WriteBack::effects_on(const WriteBackPlatform& platform, const WriteBackOrder& order, const Finding& finding,
                           Deadline deadline) -> std::vector<Effect> {
    const auto can = platform.api->capabilities();
    std::vector<Effect> effects;
    const auto effect = [&](std::string kind, const std::string& about) -> Effect& {
        effects.push_back({.kind = kind,
                           .key = fmt::format("writeback:{}:{}:{}", kind, finding.id, about),
                           .finding_id = finding.id,
                           .source = finding.source});
        if (finding.source_id.empty()) effects.back().skip_reason = "the platform gave the finding no id";
        return effects.back();
    };
    auto api = platform.api;
    const bool is_closing = !order.closing.empty();
    if (platform.config.comment) {
        auto& comment = is_closing ? effect("ticket_closed", order.closing) : effect("comment", order.draft.id);
        comment.content = order.text;
        if (!can.comment) comment.skip_reason = "the platform takes no comment on a finding";
        comment.call = [api, id = finding.source_id, text = order.text, key = comment.key, deadline] {
            return api->comment(id, text, key, deadline);
        };
    }
    if (is_closing) return effects;
    if (platform.config.ticket_link) {
        auto& link = effect("ticket_link", order.ticket.sink + "/" + order.ticket.key);
        link.content = order.ticket.url;
        if (!can.ticket_link) link.skip_reason = "the platform keeps no links to tickets";
        if (!is_web_link(order.ticket.url)) link.skip_reason = "the ticket has no address on the web";
        link.call = [api, id = finding.source_id, ticket = order.ticket, deadline] {
            return api->link_ticket(id, ticket, deadline);
        };
    }
    if (platform.config.status) {
        auto& status = effect("status", order.draft.id);
        status.content = to_string(Status::in_progress);
        if (!can.status) status.skip_reason = "the platform lets nobody set a status";
        if (finding.status != Status::open)
            status.skip_reason = fmt::format("the finding is {} already", to_string(finding.status));
        status.call = [api, id = finding.source_id, ticket = order.ticket, deadline] {
            return api->set_status(id, Status::in_progress, fmt::format("Ticket {} {}", ticket.key, ticket.url),
                                   deadline);
        };
    }
    return effects;
}

auto WriteBack::begin(const WriteBackOrder& order) -> Task<Result<Round>> {
    auto known = co_await store_.intents_of(order.draft.dossier_id);
    if (!known) co_return fail(std::move(known.error()));
    Round round;
    for (auto& intent : *known) {
        if (!intent.key.starts_with("writeback:")) continue;
        const bool waits = !intent.is_over() && intent.next_at && clock_.now() < *intent.next_at;
        if (waits) {
            auto& until = round.blocked[intent.sink];
            until = std::max(until, *intent.next_at);
        }
        round.intents.emplace(intent.key, std::move(intent));
    }
    co_return round;
}

auto WriteBack::report(WriteBackOrder order, Deadline deadline) -> Task<Result<WriteBackProgress>> {
    auto round = co_await begin(order);
    if (!round) co_return fail(std::move(round.error()));
    for (const auto& finding : order.findings) {
        const auto* platform = platform_of(finding.source);
        if (platform == nullptr) continue;
        for (auto& effect : effects_on(*platform, order, finding, deadline)) {
            auto done = co_await carry_out(std::move(effect), order, *round);
            if (!done) co_return fail(std::move(done.error()));
        }
    }
    co_return std::move(round->progress);
}

auto WriteBack::tag(WriteBackOrder order, Deadline deadline) -> Task<Result<WriteBackProgress>> {
    auto classification = classification_of_payload(order.draft.payload);
    if (!classification) co_return fail(std::move(classification.error()));
    auto round = co_await begin(order);
    if (!round) co_return fail(std::move(round.error()));
    for (const auto& finding : order.findings) {
        const auto* platform = platform_of(finding.source);
        if (platform == nullptr) continue;
        Effect effect{.kind = "tags",
                      .key = fmt::format("writeback:tags:{}:{}", finding.id, order.draft.id),
                      .finding_id = finding.id,
                      .source = finding.source,
                      .content = order.draft.payload};
        if (!can_tag(finding.source)) effect.skip_reason = "the platform tags no assets";
        effect.call = [api = platform->api, finding, said = *classification, key = effect.key, deadline] {
            return api->tag(finding.source_id, finding.resource, said, key, deadline);
        };
        auto done = co_await carry_out(std::move(effect), order, *round);
        if (!done) co_return fail(std::move(done.error()));
    }
    co_return std::move(round->progress);
}

auto WriteBack::carry_out(Effect effect, const WriteBackOrder& order, Round& round) -> Task<Result<void>> {
    auto& progress = round.progress;
    auto known = round.intents.find(effect.key);
    if (known != round.intents.end() && known->second.is_over()) {
        if (known->second.state == Intent::State::done) ++progress.done;
        if (known->second.state == Intent::State::failed) ++progress.failed;
        co_return Result<void>{};
    }
    Intent wanted;
    wanted.key = effect.key;
    wanted.dossier_id = order.draft.dossier_id;
    wanted.draft_id = order.draft.id;
    wanted.sink = effect.source;
    auto begun = co_await store_.begin_intent(std::move(wanted));
    if (!begun) co_return fail(std::move(begun.error()));
    auto intent = std::move(*begun);
    if (intent.is_over()) co_return Result<void>{}; // by another replica, a moment ago
    intent.ticket = TicketRef{.sink = effect.source, .key = effect.finding_id, .url = {}, .id = {}};
    if (!effect.skip_reason.empty()) {
        intent.state = Intent::State::skipped;
        intent.reason = effect.skip_reason;
        intent.attempted_at = clock_.now();
        co_return co_await settle(std::move(intent), effect, order, "skipped", false);
    }
    if (const auto blocked = round.blocked.find(effect.source); blocked != round.blocked.end()) {
        round.wait_until(blocked->second);
        co_return Result<void>{};
    }
    co_return co_await attempt(std::move(effect), std::move(intent), order, round);
}

auto WriteBack::attempt(Effect effect, Intent intent, const WriteBackOrder& order, Round& round) -> Task<Result<void>> {
    intent.state = Intent::State::attempting;
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    intent.next_at.reset();
    intent.content_hash = sha256_hex(effect.content);
    if (auto committed = co_await store_.save_intent(intent, {}); !committed) co_return committed;

    fault_point("platform.intended");
    auto receipt = co_await effect.call();
    fault_point("platform.told");
    const auto now = clock_.now();
    if (receipt) {
        intent.state = Intent::State::done;
        intent.ticket->id = receipt->remote_id;
        intent.reason.clear();
        ++round.progress.done;
        co_return co_await settle(std::move(intent), effect, order, receipt->was_there ? "found" : "done",
                                  receipt->was_there);
    }
    const auto& error = receipt.error();
    intent.reason = error.message;
    if (is_final_refusal(error.code) || now - order.draft.decided_at.value_or(now) > give_up_after) {
        intent.state = Intent::State::failed;
        ++round.progress.failed;
        log::warn("writeback.failed", {{"dossier", intent.dossier_id},
                                       {"finding", effect.finding_id},
                                       {"source", effect.source},
                                       {"kind", effect.kind},
                                       {"error", error.describe()}});
        co_return co_await settle(std::move(intent), effect, order, "failed", false);
    }
    const bool is_unknown = error.code == Errc::outcome_unknown;
    intent.state = is_unknown ? Intent::State::unknown : Intent::State::planned;
    if (is_unknown && !intent.unknown_since) intent.unknown_since = now;
    const auto pause = std::max(net::full_jitter(pauses_, std::min(intent.attempts, 30)),
                                std::max(error.retry_after.value_or(Duration{0}), pauses_.base));
    intent.next_at = now + pause;
    round.wait_until(*intent.next_at);
    round.blocked.insert_or_assign(effect.source, *intent.next_at);
    metrics_.count(
        "dossier_writebacks_total",
        {{"source", effect.source}, {"kind", effect.kind}, {"outcome", is_unknown ? "outcome_unknown" : "delayed"}});
    log::warn("writeback.delayed", {{"dossier", intent.dossier_id},
                                    {"finding", effect.finding_id},
                                    {"source", effect.source},
                                    {"kind", effect.kind},
                                    {"attempt", intent.attempts},
                                    {"error", error.describe()}});
    co_return co_await store_.save_intent(std::move(intent), {});
}

auto WriteBack::settle(Intent intent, const Effect& effect, const WriteBackOrder& order, std::string outcome,
                       bool was_there) -> Task<Result<void>> {
    const bool is_done = intent.state == Intent::State::done;
    Json details{{"source", effect.source},
                 {"kind", effect.kind},
                 {"key", effect.key},
                 {"draft_id", order.draft.id},
                 {"decided_by", order.draft.decided_by}};
    if (is_done) details["remote_id"] = intent.ticket->id;
    if (!intent.content_hash.empty()) details["content_hash"] = intent.content_hash;
    if (!intent.reason.empty()) details["reason"] = intent.reason;
    if (!order.author.empty()) details["author"] = order.author;
    if (was_there) details["found"] = true;
    std::string action = std::string("writeback.") + (is_done ? "done" : std::string(to_string(intent.state)));
    if (is_done && order.is_automatic) action += "_automatically";
    std::vector<store::AuditEntry> audit{{.time = clock_.now(),
                                          .action = std::move(action),
                                          .finding_id = effect.finding_id,
                                          .dossier_id = intent.dossier_id,
                                          .details = dump_json(details)}};
    auto saved = co_await store_.save_intent(std::move(intent), std::move(audit));
    if (!saved) co_return saved;
    metrics_.count("dossier_writebacks_total",
                   {{"source", effect.source}, {"kind", effect.kind}, {"outcome", outcome}});
    if (is_done)
        log::info(
            "writeback.done",
            {{"finding", effect.finding_id}, {"source", effect.source}, {"kind", effect.kind}, {"found", was_there}});
    co_return saved;
}

} // namespace dossier::ticket
