#include "dossier/api/chat_people.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <memory>

namespace dossier::api {
namespace {

using People = std::vector<PersonConfig>;

auto in_chat(const PersonConfig& person, bool owners_decide) -> approve::ChatPerson {
    return {.email = person.email,
            .role = std::string(to_string(person.role)),
            .may_ask = includes(person.role, Role::analyst),
            // On what, the review queue judges.
            .may_decide = owners_decide || includes(person.role, Role::approver) || person.role == Role::steward ||
                          person.role == Role::legal};
}

auto find_person(const People& people, std::string PersonConfig::* key, std::string_view value, bool owners_decide)
    -> std::optional<approve::ChatPerson> {
    const auto wanted = lower(trim(value));
    if (wanted.empty()) return std::nullopt;
    const auto found = std::ranges::find(people, wanted, key);
    if (found == people.end()) return std::nullopt;
    return in_chat(*found, owners_decide);
}

} // namespace

auto chat_people(std::vector<PersonConfig> people, bool owners_decide) -> approve::ChatPeople {
    const auto by = [known = std::make_shared<const People>(std::move(people)),
                     owners_decide](std::string PersonConfig::* key) {
        return [known, owners_decide, key](std::string_view value) {
            return find_person(*known, key, value, owners_decide);
        };
    };
    return {.by_email = by(&PersonConfig::email), .by_teams_id = by(&PersonConfig::teams_id)};
}

auto answer_in_chat(report::Questioner& questioner, store::AuditStore& store, const Clock& clock, std::string question,
                    std::string who, Deadline deadline) -> Task<Result<approve::ChatText>> {
    auto answer = co_await questioner.ask(std::move(question), "", deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    auto audit = std::move(answer->audit);
    audit.push_back({.time = clock.now(),
                     .actor_type = "user",
                     .actor_id = std::move(who),
                     .action = "question.asked",
                     .details = dump_json(Json{{"question", answer->redacted_question},
                                               {"answerable", answer->is_answerable},
                                               {"query", report::to_json(answer->query)},
                                               {"query_author", answer->query_author},
                                               {"matched", answer->matched},
                                               {"usd", answer->cost.usd}})});
    // An answer that left no trace is none.
    if (auto kept = co_await store.append_audit(std::move(audit)); !kept) co_return fail(std::move(kept.error()));
    approve::ChatText text;
    text.title = shorten(answer->redacted_question, 200);
    for (const auto& sentence : answer->sentences) {
        auto line = sentence.text;
        constexpr std::size_t most_cited = 5;
        auto cited = sentence.findings;
        if (cited.size() > most_cited) cited.resize(most_cited);
        const bool has_all = std::ranges::all_of(cited, [&](const auto& id) { return line.find(id) != line.npos; });
        if (!cited.empty() && !has_all) line += " [" + join(cited, ", ") + "]";
        text.paragraphs.push_back(std::move(line));
    }
    for (const auto& note : answer->notes) text.paragraphs.push_back(note);
    co_return text;
}

} // namespace dossier::api
