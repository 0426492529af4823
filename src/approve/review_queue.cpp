#include "dossier/approve/review_queue.hpp"

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

ReviewQueue::ReviewQueue(store::DraftStore& store, const Clock& clock, Metrics& metrics)
    : store_(store), clock_(clock), metrics_(metrics) {}

auto ReviewQueue::list(store::DraftFilter filter, store::Page page) -> Task<Result<store::Listing<Draft>>> {
    co_return co_await store_.list_drafts(std::move(filter), std::move(page));
}

auto ReviewQueue::get(std::string id) -> Task<Result<Draft>> { co_return co_await store_.get_draft(std::move(id)); }

auto ReviewQueue::prepare(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer)
    -> Task<Result<PreparedEdit>> {
    if (auto good = check_edit(edit); !good) co_return fail(std::move(good.error()));
    auto draft = co_await store_.get_draft(std::move(id));
    if (!draft) co_return fail(std::move(draft.error()));
    if (auto good = check_pending(*draft, expected_hash); !good) co_return fail(std::move(good.error()));
    if (auto good = check_kind(*draft, edit); !good) co_return fail(std::move(good.error()));

    PreparedEdit prepared{.before_hash = draft->content_hash, .edited = std::move(*draft), .audit = {}};
    auto& edited = prepared.edited;
    if (edit.title) edited.title = std::string(trim(*edit.title));
    if (edit.body) edited.body = std::move(*edit.body);
    if (edit.payload) edited.payload = std::move(*edit.payload);
    edited.content_hash = content_hash(edited);
    if (edited.content_hash != prepared.before_hash)
        prepared.audit.push_back(
            entry_for(edited, reviewer, "draft.edited", clock_.now(),
                      Json{{"before_hash", prepared.before_hash}, {"after_hash", edited.content_hash}}));
    co_return prepared;
}

auto ReviewQueue::edit(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<Draft>> {
    auto prepared = co_await prepare(id, std::move(edit), std::move(expected_hash), std::move(reviewer));
    if (!prepared) co_return fail(std::move(prepared.error()));
    if (prepared->edited.content_hash == prepared->before_hash) co_return std::move(prepared->edited);
    co_return co_await store_.edit_draft(std::move(id), prepared->before_hash, std::move(prepared->edited),
                                         std::move(prepared->audit));
}

auto ReviewQueue::decide(std::string id, DraftState decision, std::string comment, std::string expected_hash,
                         Reviewer reviewer) -> Task<Result<Draft>> {
    if (decision != DraftState::approved && decision != DraftState::rejected)
        co_return fail(Errc::invalid_argument, "a decision is `approved` or `rejected`");
    if (auto good = check_text("comment", comment, most_comment_bytes); !good) co_return fail(std::move(good.error()));
    auto draft = co_await store_.get_draft(id);
    if (!draft) co_return fail(std::move(draft.error()));
    if (auto good = check_pending(*draft, expected_hash); !good) co_return fail(std::move(good.error()));

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
    if (decided) metrics_.count("dossier_decisions_total", {{"decision", word}});
    co_return decided;
}

} // namespace dossier::approve
