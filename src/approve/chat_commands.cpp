#include "chat_commands.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::approve {
namespace {

constexpr std::size_t most_ids = 16;
constexpr std::size_t most_reference = 2'000;

auto said(std::string words) -> ChatText { return {.title = {}, .paragraphs = {std::move(words)}, .url = {}}; }

auto help_text() -> ChatText {
    return {.title = "What I can do",
            .paragraphs = {"explain <url or id>: what a finding means, and what it rests on\n"
                           "approve <draft id>, reject <draft id> <reason>: decide on a draft\n"
                           "anything else: a question over the stored findings, as \"top 5 risks this quarter\""},
            .url = {}};
}

/// What a failure means to the person who caused it.
auto apology(const Error& error) -> ChatText {
    switch (error.code) {
    case Errc::conflict:
    case Errc::forbidden:
    case Errc::invalid_argument:
    case Errc::not_found:
        return said(fmt::format("That did not work: {}.", error.message));
    default:
        return said("That did not work just now; please try again in a moment.");
    }
}

auto is_id_character(char c) -> bool {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
}

} // namespace

auto possible_ids(std::string_view reference) -> std::vector<std::string> {
    const auto text = percent_decode(reference.substr(0, most_reference)).value_or(std::string(reference));
    std::vector<std::string> ids;
    std::string part;
    const auto take = [&] {
        if (part.size() > 2 && std::ranges::find(ids, part) == ids.end()) ids.push_back(part);
        part.clear();
    };
    for (const char c : text) {
        if (is_id_character(c))
            part += c;
        else
            take();
    }
    take();
    std::ranges::sort(ids,
                      [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
    if (ids.size() > most_ids) ids.resize(most_ids);
    return ids;
}

auto ChatCommands::note(const ChatActor& actor, std::string action, std::string finding_id, std::string dossier_id,
                        std::string about) -> store::AuditEntry {
    return {.time = hands_.clock.now(),
            .actor_type = "user",
            .actor_id = actor.person ? actor.person->email : actor.platform + ":" + actor.id,
            .action = std::move(action),
            .finding_id = std::move(finding_id),
            .dossier_id = std::move(dossier_id),
            .details = dump_json(Json{{"platform", actor.platform}, {"user", actor.id}, {"about", std::move(about)}})};
}

auto ChatCommands::refusal(ChatActor actor, bool to_decide) -> Task<std::optional<ChatText>> {
    const bool may = actor.person && (to_decide ? actor.person->may_decide : actor.person->may_ask);
    if (may) co_return std::nullopt;
    hands_.metrics.count("dossier_chat_refusals_total", {{"platform", actor.platform}});
    const std::string wish = to_decide ? "decide on drafts" : "ask about findings";
    std::vector<store::AuditEntry> audit;
    audit.push_back(note(actor, "chat.refused", "", "", wish));
    auto kept = co_await hands_.store.append_audit(std::move(audit));
    if (!kept) log::error("chat.audit_failed", {{"error", kept.error().describe()}});
    if (actor.person)
        co_return said(
            fmt::format("Sorry, your role here is {}, which may not {}. Ask whoever runs dossier if it should.",
                        actor.person->role, wish));
    co_return said(
        fmt::format("Sorry, I can't let you {}: {}.", wish,
                    actor.why_unknown.empty() ? "you are not among the people whom dossier knows" : actor.why_unknown));
}

auto ChatCommands::run(ChatActor actor, ChatCommand command, Deadline deadline) -> Task<ChatText> {
    using Kind = ChatCommand::Kind;
    const bool names_something = !command.object.empty() || command.kind == Kind::ask;
    if (command.kind == Kind::help || !names_something) co_return help_text();
    const bool to_decide = command.kind == Kind::approve || command.kind == Kind::reject;
    if (auto no = co_await refusal(actor, to_decide)) co_return std::move(*no);
    switch (command.kind) {
    case Kind::explain:
        co_return co_await explain(std::move(actor), std::move(command.object));
    case Kind::approve:
        co_return co_await decide_as_shown(std::move(actor), std::move(command), DraftState::approved);
    case Kind::reject:
        co_return co_await decide_as_shown(std::move(actor), std::move(command), DraftState::rejected);
    default:
        co_return co_await ask(std::move(actor), std::move(command.rest), deadline);
    }
}

auto ChatCommands::decide(ChatActor actor, std::string draft_id, std::string content_hash, DraftState decision,
                          std::string comment) -> Task<ChatText> {
    if (auto no = co_await refusal(actor, true)) co_return std::move(*no);
    const auto word = std::string(to_string(decision));
    auto decided =
        co_await hands_.reviews.decide(std::move(draft_id), decision, std::move(comment), std::move(content_hash),
                                       {.id = actor.person->email, .role = actor.person->role});
    hands_.metrics.count("dossier_chat_decisions_total",
                         {{"platform", actor.platform}, {"outcome", decided ? word : "refused"}});
    if (!decided) co_return apology(decided.error());
    co_return said(fmt::format("You {} \"{}\".", word, decided->title));
}

/// A typed command names no content: what counts as seen is what our message on that platform shows.
auto ChatCommands::decide_as_shown(ChatActor actor, ChatCommand command, DraftState decision) -> Task<ChatText> {
    auto messages = co_await hands_.store.chat_messages_of(command.object);
    if (!messages) co_return apology(messages.error());
    std::string seen;
    for (const auto& message : *messages) {
        const bool is_shown = message.platform == actor.platform && message.kind == "channel" && message.posted_at &&
                              message.shown.starts_with("pending ");
        if (!is_shown) continue;
        // What it is being sent with is kept before it is sent; nobody may have read that yet.
        if (message.state != store::ChatMessage::State::done)
            co_return said("That draft has changed, and its new message is under way; please read that first.");
        seen = message.shown.substr(message.shown.find(' ') + 1);
    }
    if (seen.empty()) {
        auto draft = co_await hands_.reviews.get(command.object);
        if (!draft) co_return apology(draft.error());
        if (const auto outcome = outcome_of(*draft); !outcome.empty())
            co_return said(fmt::format("That draft is {} already.", outcome));
        co_return said("That draft was not shown here yet, so nobody can have read it; please wait for its message.");
    }
    co_return co_await decide(std::move(actor), std::move(command.object), std::move(seen), decision,
                              std::move(command.rest));
}

auto ChatCommands::explain(ChatActor actor, std::string reference) -> Task<ChatText> {
    if (auto no = co_await refusal(actor, false)) co_return std::move(*no);
    auto dossier = co_await dossier_of(reference);
    if (!dossier) {
        if (dossier.error().code == Errc::not_found)
            co_return said("I know no finding, dossier or draft by that id or URL.");
        co_return apology(dossier.error());
    }
    const auto finding = dossier->findings.empty() ? std::string() : dossier->findings.front().id;
    std::vector<store::AuditEntry> audit;
    audit.push_back(note(actor, "chat.explained", finding, dossier->id, shorten(reference, 200)));
    if (auto kept = co_await hands_.store.append_audit(std::move(audit)); !kept) co_return apology(kept.error());
    co_return explanation_of(*dossier);
}

auto ChatCommands::ask(ChatActor actor, std::string question, Deadline deadline) -> Task<ChatText> {
    auto answer = co_await hands_.ask(std::move(question), actor.person->email, deadline);
    if (!answer) co_return apology(answer.error());
    co_return std::move(*answer);
}

auto ChatCommands::dossier_of(std::string reference) -> Task<Result<store::DossierRow>> {
    if (reference.starts_with("drf_")) {
        auto draft = co_await hands_.store.get_draft(reference);
        if (!draft) co_return fail(std::move(draft.error()));
        co_return co_await hands_.store.get_dossier(draft->dossier_id);
    }
    if (reference.starts_with("dos_")) co_return co_await hands_.store.get_dossier(reference);
    auto finding_id = reference;
    if (!reference.starts_with("fnd_")) {
        std::vector<std::pair<std::string, std::string>> identities;
        auto ids = possible_ids(reference);
        if (std::ranges::find(ids, reference) == ids.end()) ids.insert(ids.begin(), reference);
        for (const auto& id : ids) {
            for (const auto& source : hands_.sources) {
                Finding finding;
                finding.source = source;
                finding.source_id = id;
                identities.emplace_back(source, make_fingerprint(finding));
            }
        }
        auto known = co_await hands_.store.finding_known_as(std::move(identities));
        if (!known) co_return fail(std::move(known.error()));
        if (known->empty()) co_return fail(Errc::not_found, "no finding has this id");
        finding_id = std::move(*known);
    }
    auto finding = co_await hands_.store.get_finding(std::move(finding_id));
    if (!finding) co_return fail(std::move(finding.error()));
    co_return co_await hands_.store.get_dossier(finding->dossier_id);
}

} // namespace dossier::approve
