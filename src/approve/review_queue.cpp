#include "dossier/approve/review_queue.hpp"

#include "text_diff.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::approve {
namespace {

constexpr std::size_t most_title_characters = 255; // Jira's limit for a summary
constexpr std::size_t most_body_bytes = std::size_t{64} << 10U;
constexpr std::size_t most_comment_bytes = std::size_t{4} << 10U;

auto check_title(const std::string& title) -> Result<void> {
    if (!is_valid_utf8(title)) return fail(Errc::invalid_argument, "the title is no valid UTF-8");
    if (trim(title).empty()) return fail(Errc::invalid_argument, "the title must not be empty");
    if (std::ranges::any_of(title, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
        return fail(Errc::invalid_argument, "the title is one line, without control characters");
    if (code_points(title) > most_title_characters)
        return fail(Errc::invalid_argument, fmt::format("the title has at most {} characters", most_title_characters));
    return {};
}

auto check_text(std::string_view what, const std::string& text, std::size_t most) -> Result<void> {
    if (text.size() > most) return fail(Errc::invalid_argument, fmt::format("the {} has at most {} bytes", what, most));
    if (!is_valid_utf8(text)) return fail(Errc::invalid_argument, fmt::format("the {} is no valid UTF-8", what));
    if (text.find('\0') != std::string::npos)
        return fail(Errc::invalid_argument, fmt::format("the {} must not hold NUL", what));
    return {};
}

auto check_assignee(const std::string& assignee) -> Result<void> {
    constexpr std::size_t longest = 254; // of an e-mail address, RFC 5321
    if (assignee.size() > longest || !is_valid_utf8(assignee) || assignee != trim(assignee) ||
        std::ranges::any_of(assignee, [](unsigned char c) { return c <= 0x20 || c == 0x7F; }))
        return fail(Errc::invalid_argument, "an assignee is an e-mail address or the id of a person");
    return {};
}

auto check_edit(const Edit& edit) -> Result<void> {
    if (edit.payload)
        if (auto good = check_text("payload", *edit.payload, most_body_bytes); !good) return good;
    if (!edit.title && !edit.body) return fail(Errc::invalid_argument, "an edit names `title`, `body` or both");
    if (edit.title)
        if (auto good = check_title(*edit.title); !good) return good;
    if (edit.body) {
        if (trim(*edit.body).empty()) return fail(Errc::invalid_argument, "the body must not be empty");
        return check_text("body", *edit.body, most_body_bytes);
    }
    return {};
}

/// The text of a `tags` draft says what its payload writes: neither is edited without the other.
auto check_kind(const Draft& draft, const Edit& edit) -> Result<void> {
    if (draft.kind == "scan")
        return fail(Errc::invalid_argument, "a draft of a scan says what it starts: approve or reject it as it is");
    if (draft.kind == "tags" && !edit.payload)
        return fail(Errc::invalid_argument, "a draft of tags is edited by its payload; title and text follow from it");
    if (draft.kind != "tags" && edit.payload) return fail(Errc::invalid_argument, "only a draft of tags has a payload");
    return {};
}

/// Still waiting, and still what the reviewer saw?
auto check_pending(const Draft& draft, const std::string& expected_hash) -> Result<void> {
    if (draft.state != DraftState::pending) {
        auto message = draft.decided_by.empty() ? fmt::format("the draft is {} already", to_string(draft.state))
                                                : fmt::format("the draft is {} already; {} decided",
                                                              to_string(draft.state), draft.decided_by);
        return fail(Error{.code = Errc::conflict, .message = std::move(message), .context = {}, .retry_after = {}}.with(
            "decided_by", draft.decided_by));
    }
    if (!expected_hash.empty() && expected_hash != draft.content_hash)
        return fail(Errc::conflict, "the draft has changed since you read it; read it again");
    return {};
}

/// A change of one field, for the revision.
void add_change(Json& changes, std::string_view field, const std::string& before, const std::string& after) {
    if (before == after) return;
    Json change{{"field", field}, {"diff", unified_diff(before, after)}};
    if (field == "title" || field == "assignee") {
        change["before"] = before;
        change["after"] = after;
    }
    changes.push_back(std::move(change));
}

auto revision_of(const Draft& before, const Draft& after, const Reviewer& reviewer, Timestamp at)
    -> store::DraftRevision {
    Json changes = Json::array();
    add_change(changes, "title", before.title, after.title);
    add_change(changes, "body", before.body, after.body);
    add_change(changes, "assignee", before.assignee, after.assignee);
    add_change(changes, "payload", before.payload, after.payload);
    return {.by = reviewer.id,
            .email = reviewer.email,
            .at = at,
            .before_hash = before.content_hash,
            .after_hash = after.content_hash,
            .changes = dump_json(changes)};
}

/// "14 days", "1 hour": the largest unit that divides it.
auto length_in_words(Duration length) -> std::string {
    constexpr std::pair<std::int64_t, std::string_view> units[] = {
        {86'400'000, "day"}, {3'600'000, "hour"}, {60'000, "minute"}, {1'000, "second"}};
    for (const auto& [size, name] : units) {
        if (length.count() % size != 0) continue;
        const auto number = length.count() / size;
        return fmt::format("{} {}{}", number, name, number == 1 ? "" : "s");
    }
    return fmt::format("{} ms", length.count());
}

auto entry_for(const Draft& draft, const Reviewer& reviewer, std::string action, Timestamp at, Json details)
    -> store::AuditEntry {
    details["draft_id"] = draft.id;
    return {.time = at,
            .actor_type = "user",
            .actor_id = reviewer.id,
            .action = std::move(action),
            .finding_id = draft.finding_ids.size() == 1 ? draft.finding_ids.front() : "",
            .dossier_id = draft.dossier_id,
            .details = dump_json(details)};
}

} // namespace

ReviewQueue::ReviewQueue(store::DraftStore& store, const Clock& clock, Metrics& metrics, ApprovalConfig config)
    : store_(store), clock_(clock), metrics_(metrics), rules_(std::move(config)) {}

auto ReviewQueue::list(store::DraftFilter filter, store::Page page) -> Task<Result<store::Listing<Draft>>> {
    co_return co_await store_.list_drafts(std::move(filter), std::move(page));
}

auto ReviewQueue::get(std::string id) -> Task<Result<Draft>> { co_return co_await store_.get_draft(std::move(id)); }

auto ReviewQueue::revisions(std::string id) -> Task<Result<std::vector<store::DraftRevision>>> {
    auto draft = co_await store_.get_draft(id);
    if (!draft) co_return fail(std::move(draft.error()));
    co_return co_await store_.draft_revisions(std::move(id));
}

auto ReviewQueue::prepare(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer)
    -> Task<Result<PreparedEdit>> {
    if (auto good = check_edit(edit); !good) co_return fail(std::move(good.error()));
    auto draft = co_await store_.get_draft(std::move(id));
    if (!draft) co_return fail(std::move(draft.error()));
    if (auto good = check_pending(*draft, expected_hash); !good) co_return fail(std::move(good.error()));
    if (auto good = rules_.may_edit(*draft, reviewer); !good) co_return fail(std::move(good.error()));
    if (auto good = check_kind(*draft, edit); !good) co_return fail(std::move(good.error()));

    PreparedEdit prepared{.before_hash = draft->content_hash, .edited = *draft, .revision = {}, .audit = {}};
    auto& edited = prepared.edited;
    if (edit.title) edited.title = std::string(trim(*edit.title));
    if (edit.body) edited.body = std::move(*edit.body);
    if (edit.payload) edited.payload = std::move(*edit.payload);
    edited.content_hash = content_hash(edited);
    if (edited.content_hash == prepared.before_hash) co_return prepared;
    const auto now = clock_.now();
    prepared.revision = revision_of(*draft, edited, reviewer, now);
    prepared.audit.push_back(
        entry_for(edited, reviewer, "draft.edited", now,
                  Json{{"before_hash", prepared.before_hash}, {"after_hash", edited.content_hash}}));
    co_return prepared;
}

auto ReviewQueue::edit(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<Draft>> {
    auto prepared = co_await prepare(id, std::move(edit), std::move(expected_hash), std::move(reviewer));
    if (!prepared) co_return fail(std::move(prepared.error()));
    if (prepared->edited.content_hash == prepared->before_hash) co_return std::move(prepared->edited);
    co_return co_await store_.edit_draft(std::move(id), prepared->before_hash, std::move(prepared->edited),
                                         std::move(prepared->revision), std::move(prepared->audit));
}

auto ReviewQueue::reassign(std::string id, std::string assignee, std::string comment, std::string expected_hash,
                           Reviewer reviewer) -> Task<Result<Draft>> {
    if (auto good = check_assignee(assignee); !good) co_return fail(std::move(good.error()));
    if (auto good = check_text("comment", comment, most_comment_bytes); !good) co_return fail(std::move(good.error()));
    auto draft = co_await store_.get_draft(id);
    if (!draft) co_return fail(std::move(draft.error()));
    if (auto good = check_pending(*draft, expected_hash); !good) co_return fail(std::move(good.error()));
    if (auto good = rules_.may_edit(*draft, reviewer); !good) co_return fail(std::move(good.error()));
    if (draft->assignee == assignee) co_return std::move(*draft);
    auto edited = *draft;
    edited.assignee = std::move(assignee);
    edited.content_hash = content_hash(edited);
    const auto now = clock_.now();
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry_for(edited, reviewer, "draft.reassigned", now,
                              Json{{"before", draft->assignee},
                                   {"after", edited.assignee},
                                   {"comment", comment},
                                   {"before_hash", draft->content_hash},
                                   {"after_hash", edited.content_hash}}));
    auto revision = revision_of(*draft, edited, reviewer, now);
    co_return co_await store_.edit_draft(std::move(id), draft->content_hash, std::move(edited), std::move(revision),
                                         std::move(audit));
}

auto ReviewQueue::decide(std::string id, DraftState decision, std::string comment, std::string expected_hash,
                         Reviewer reviewer) -> Task<Result<Draft>> {
    if (decision == DraftState::pending || decision == DraftState::posted)
        co_return fail(Errc::invalid_argument, "a decision is `approved`, `rejected` or `expired`");
    if (auto good = check_text("comment", comment, most_comment_bytes); !good) co_return fail(std::move(good.error()));
    auto draft = co_await store_.get_draft(id);
    if (!draft) co_return fail(std::move(draft.error()));
    if (auto good = check_pending(*draft, expected_hash); !good) co_return fail(std::move(good.error()));
    if (auto good = rules_.may_decide(*draft, reviewer); !good) co_return fail(std::move(good.error()));
    const auto terms = rules_.terms_of(*draft);
    if (decision == DraftState::rejected && terms.wants_reason && trim(comment).empty())
        co_return fail(Errc::invalid_argument, "a rejection needs a reason here: give `comment`");
    if (decision == DraftState::approved && terms.four_eyes) {
        // An edit that comes after this look changes the hash, and the commit below refuses the old one.
        auto revisions = co_await store_.draft_revisions(id);
        if (!revisions) co_return fail(std::move(revisions.error()));
        const bool is_own = std::ranges::any_of(
            *revisions, [&](const store::DraftRevision& one) { return reviewer.is(one.by) || reviewer.is(one.email); });
        if (is_own) co_return fail(Errc::forbidden, "you have edited this draft: somebody else has to approve it");
    }

    const auto word = to_string(decision);
    const auto now = clock_.now();
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry_for(*draft, reviewer, fmt::format("draft.{}", word), now,
                              Json{{"content_hash", draft->content_hash},
                                   {"kind", draft->kind},
                                   {"sink", draft->sink},
                                   {"comment", comment}}));
    // The store compares the hash again: what came between our look and the commit is a conflict.
    auto decided = co_await store_.decide_draft(std::move(id), draft->content_hash, decision, reviewer.id,
                                                std::move(comment), now, std::move(audit));
    fault_point("decision.stored");
    if (decided) metrics_.count("dossier_decisions_total", {{"decision", word}});
    co_return decided;
}

auto ReviewQueue::expire_due() -> Task<Result<std::size_t>> {
    const auto after = rules_.expire_after();
    if (after.count() <= 0) co_return std::size_t{0};
    const auto now = clock_.now();
    // At the pace of the caller's rounds: what this page leaves out is in the next one.
    auto due =
        co_await store_.list_drafts({.state = DraftState::pending, .created_before = now - after}, {.limit = 200});
    if (!due) co_return fail(std::move(due.error()));
    std::size_t expired = 0;
    for (const auto& draft : due->items) {
        std::vector<store::AuditEntry> audit;
        audit.push_back(
            entry_for(draft, {.id = "dossier"}, "draft.expired", now,
                      Json{{"content_hash", draft.content_hash}, {"kind", draft.kind}, {"sink", draft.sink}}));
        audit.back().actor_type = "service_account";
        auto ended =
            co_await store_.decide_draft(draft.id, draft.content_hash, DraftState::expired, "dossier",
                                         "nobody decided within " + length_in_words(after), now, std::move(audit));
        if (ended) {
            ++expired;
            metrics_.count("dossier_decisions_total", {{"decision", "expired"}});
        } else if (ended.error().code != Errc::conflict) { // decided or edited at this moment
            co_return fail(std::move(ended.error()));
        }
    }
    co_return expired;
}

} // namespace dossier::approve
