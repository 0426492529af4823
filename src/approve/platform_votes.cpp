#include "dossier/approve/platform_votes.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::approve {
namespace {

using namespace std::chrono_literals;

constexpr Duration vote_lease{180'000};
constexpr auto fetch_limit = 20s;
constexpr std::size_t most_waiting = 200; // newest drafts that are looked at in one round
constexpr std::size_t most_edits = 50;
constexpr Duration shortest_round{50};

/// What follows `words` at the beginning of a note; nullopt where it begins otherwise.
auto after_words(std::string_view note, std::string_view words) -> std::optional<std::string> {
    note = trim(note);
    if (words.empty() || note.size() < words.size() || !iequals(note.substr(0, words.size()), words))
        return std::nullopt;
    const auto rest = note.substr(words.size());
    const bool goes_on = !rest.empty() && ((rest[0] >= 'a' && rest[0] <= 'z') || (rest[0] >= 'A' && rest[0] <= 'Z'));
    if (goes_on) return std::nullopt; // "dossier approved it"
    return shorten(trim(rest), 1'000);
}

auto is_among(const std::vector<std::string>& words, std::string_view word) -> bool {
    return std::ranges::any_of(words, [&](const auto& one) { return iequals(one, word); });
}

} // namespace

auto read_platform_votes(config::Section section) -> PlatformVoteConfig {
    PlatformVoteConfig votes;
    section.read("sources", votes.sources);
    section.read("approve", votes.approve);
    section.read("reject", votes.reject);
    section.read("every", votes.every);
    auto status = section.child("status");
    status.read("approve", votes.approving);
    status.read("reject", votes.rejecting);
    status.read("by", votes.status_by);
    for (const auto& word : votes.approving)
        if (is_among(votes.rejecting, word)) status.problem("reject", fmt::format("`{}` approves already", word));
    if (trim(votes.approve).empty()) section.problem("approve", "must not be empty");
    if (iequals(trim(votes.approve), trim(votes.reject))) section.problem("reject", "says the same as `approve`");
    if (votes.every < shortest_round) section.problem("every", "must be at least 50ms");
    return votes;
}

auto votes_in(std::vector<ingest::Remark> remarks, const PlatformVoteConfig& config) -> std::vector<PlatformVote> {
    std::vector<PlatformVote> votes;
    for (auto& remark : remarks) {
        PlatformVote vote{.id = std::move(remark.id), .email = std::move(remark.email), .at = remark.at};
        if (remark.status.empty()) {
            auto rest = after_words(remark.text, trim(config.approve));
            if (!rest) {
                rest = after_words(remark.text, trim(config.reject));
                vote.decision = DraftState::rejected;
            }
            if (!rest) continue;
            vote.reason = std::move(*rest);
            vote.means = "a note";
        } else {
            const bool rejects = is_among(config.rejecting, remark.status);
            if (!rejects && !is_among(config.approving, remark.status)) continue;
            if (rejects) vote.decision = DraftState::rejected;
            if (vote.email.empty()) vote.email = config.status_by;
            vote.means = "the status " + shorten(remark.status, 40);
        }
        if (!vote.email.empty()) votes.push_back(std::move(vote));
    }
    std::ranges::sort(votes, {}, &PlatformVote::at);
    return votes;
}

auto PlatformVotes::platform_of(const std::string& source) const -> ingest::PlatformApi* {
    if (std::ranges::find(config_.sources, source) == config_.sources.end()) return nullptr;
    for (const auto& platform : hands_.platforms)
        if (platform->source() == source && platform->capabilities().remarks) return platform.get();
    return nullptr;
}

/// Nobody in the platform can have meant a text that came later.
auto PlatformVotes::since_when(const Draft& draft) -> Task<Result<Timestamp>> {
    store::AuditFilter filter;
    filter.dossier_id = draft.dossier_id;
    filter.action = "draft.edited";
    auto edits = co_await hands_.store.list_audit(std::move(filter), {.limit = most_edits, .cursor = {}});
    if (!edits) co_return fail(std::move(edits.error()));
    auto since = draft.created_at;
    for (const auto& edit : edits->items) {
        const auto record = parse_json(edit.record);
        const auto at = record ? parse_time(text_at(*record, "time")) : std::nullopt;
        if (at && text_at(*record, "draft_id") == draft.id) since = std::max(since, *at);
    }
    co_return since;
}

auto PlatformVotes::judge(Draft draft) -> Task<Result<bool>> {
    auto since = co_await since_when(draft);
    if (!since) co_return fail(std::move(since.error()));
    for (const auto& id : draft.finding_ids) {
        auto row = co_await hands_.store.get_finding(id);
        if (!row) co_return fail(std::move(row.error()));
        auto* platform = platform_of(row->source);
        const auto finding = from_text<Finding>(row->doc);
        if (platform == nullptr || !finding || finding->source_id.empty()) continue;
        auto remarks = co_await platform->remarks(finding->source_id, deadline_in(fetch_limit));
        if (!remarks) {
            log::debug("approval.platform_unasked", {{"source", row->source}, {"error", remarks.error().describe()}});
            continue;
        }
        for (auto& vote : votes_in(std::move(*remarks), config_)) {
            if (vote.at <= *since) continue;
            auto first = co_await hands_.store.first_chat_event(
                fmt::format("vote:{}:{}", row->source, shorten(vote.id, 200)), hands_.clock.now());
            if (!first) co_return fail(std::move(first.error()));
            if (!*first) continue;
            const auto person = hands_.people.by_email(vote.email);
            if (!person || !person->may_decide) {
                log::warn("approval.platform_refused", {{"source", row->source}, {"draft", draft.id}});
                continue;
            }
            auto comment =
                fmt::format("by {} in {}{}{}", vote.means, row->source, vote.reason.empty() ? "" : ": ", vote.reason);
            auto decided =
                co_await hands_.reviews.decide(draft.id, vote.decision, std::move(comment), draft.content_hash,
                                               {.id = person->email, .role = person->role});
            if (decided) co_return true;
            log::warn("approval.platform_refused",
                      {{"source", row->source}, {"draft", draft.id}, {"error", decided.error().describe()}});
        }
    }
    co_return false;
}

auto PlatformVotes::look() -> Task<Result<std::size_t>> {
    std::size_t decisions = 0;
    auto turn = co_await hands_.store.acquire_singleton(name(), hands_.replica, hands_.clock.now(), vote_lease);
    if (!turn) co_return fail(std::move(turn.error()));
    if (!*turn) co_return decisions;
    store::DraftFilter filter;
    filter.state = DraftState::pending;
    auto drafts = co_await hands_.store.list_drafts(std::move(filter), {.limit = most_waiting, .cursor = {}});
    if (!drafts) co_return fail(std::move(drafts.error()));
    for (auto& draft : drafts->items) {
        if (draft.kind != "ticket") continue; // what else waits says more than the finding does
        auto judged = co_await judge(std::move(draft));
        if (!judged) co_return fail(std::move(judged.error()));
        if (*judged) ++decisions;
        // A round over a slow platform may outlast the turn.
        if (hands_.clock.now() + 2 * fetch_limit > (*turn)->until) break;
    }
    co_return decisions;
}

auto PlatformVotes::run() -> Task<void> {
    while (co_await sleep_for(config_.every)) {
        auto looked = co_await look();
        if (looked) continue;
        if (looked.error().code == Errc::cancelled) co_return;
        log::warn("approval.platform_look_failed", {{"error", looked.error().describe()}});
    }
}

} // namespace dossier::approve
