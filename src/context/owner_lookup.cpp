#include "owner_lookup.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/context/owner.hpp"
#include "person_names.hpp"

#include <map>

namespace dossier::context {

namespace {

/// More names than this for one resource are noise; the first come from the most trusted.
constexpr std::size_t most_names = 16;
constexpr std::size_t most_teams = 4;
constexpr std::size_t most_team_owners = 5;

using PersonAnswer = Result<std::optional<Person>>;

/// What each source says to each name.
class Answers {
public:
    /// Asks every source for every name.
    static auto ask(std::vector<std::string> names, std::vector<IdentitySource*> sources, Round& round)
        -> Task<Answers> {
        Answers answers;
        answers.by_source_.resize(sources.size());
        std::vector<Task<void>> questions;
        for (std::size_t i = 0; i < sources.size(); ++i)
            questions.push_back(ask_source(*sources[i], names, round, answers.by_source_[i]));
        co_await all_of(std::move(questions));
        for (std::size_t i = 0; i < names.size(); ++i) answers.place_[lower(names[i])] = i;
        answers.take_gaps(sources, round);
        co_return answers;
    }

    /// Everybody whom the directories know by that name, in the order of the sources.
    [[nodiscard]] auto of(const std::string& name) const -> std::vector<const Person*> {
        std::vector<const Person*> people;
        const auto place = place_.find(lower(name));
        if (place == place_.end()) return people;
        for (const auto& answers : by_source_) {
            const auto& answer = answers.at(place->second);
            if (answer && *answer) people.push_back(&**answer);
        }
        return people;
    }

private:
    static auto ask_source(IdentitySource& source, std::vector<std::string> names, Round& round,
                           std::vector<PersonAnswer>& answers) -> Task<void> {
        const auto start = std::chrono::steady_clock::now();
        const auto count = names.size();
        answers = co_await source.people(std::move(names), round.deadline);
        answers.resize(count);
        std::optional<Error> error;
        for (const auto& answer : answers)
            if (!answer && !error) error = answer.error();
        round.observe("identity:" + source.name(), start, error);
    }

    void take_gaps(const std::vector<IdentitySource*>& sources, Round& round) const {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            for (const auto& answer : by_source_[i]) {
                const auto source = "identity:" + sources[i]->name();
                if (!answer)
                    round.missing(source, answer.error().message);
                else if (*answer && !(*answer)->unseen.empty())
                    round.missing(source, join((*answer)->unseen, "; "));
            }
        }
    }

    std::vector<std::vector<PersonAnswer>> by_source_;
    std::map<std::string, std::size_t> place_; ///< of a name, in each of the lists
};

auto is_complete(const Person& person) -> bool {
    return !person.id.empty() && !person.email.empty() && !person.name.empty() && !person.department.empty();
}

/// A team's own name is no person; an e-mail in a team tag may be one.
auto may_be_person(const OwnerSignal& signal) -> bool {
    return !signal.is_group || signal.person.id.empty() || signal.person.id.find('@') != std::string::npos;
}

void add_name(std::vector<std::string>& names, const std::string& name, std::size_t most) {
    const bool known = std::ranges::any_of(names, [&](const auto& other) { return iequals(other, name); });
    if (!known && !name.empty() && names.size() < most) names.push_back(name);
}

/// Somebody whom one directory calls active has not left, whatever an older one remembers.
void fill_in(OwnerSignal& signal, const Answers& answers) {
    bool answers_somewhere = false;
    for (const auto& name : spellings_of(signal.person)) {
        for (const auto* known : answers.of(name)) {
            complete(signal.person, *known);
            signal.is_group = false;
            if (known->inactive.empty()) answers_somewhere = true;
        }
    }
    if (answers_somewhere) signal.person.inactive.clear();
}

auto name_of_team(const OwnerSignal& signal) -> const std::string& {
    if (!signal.person.email.empty()) return signal.person.email;
    return signal.person.id.empty() ? signal.person.name : signal.person.id;
}

/// The directory's word on a group that `signal` names: the signal itself and one for each person behind it.
auto people_behind(OwnerSignal& signal, const Team& team) -> std::vector<OwnerSignal> {
    signal.is_group = true;
    signal.person.inactive.clear();
    signal.person.id = team.id.empty() ? signal.person.id : team.id;
    signal.person.email = team.email;
    signal.person.name = team.name.empty() ? signal.person.name : team.name;
    std::vector<OwnerSignal> behind;
    const auto add = [&](const Person& person, std::string_view as) {
        OwnerSignal one{.person = person,
                        .rule = std::string(as) + " of the group " + signal.person.name + ", by " + signal.rule,
                        .origin = signal.origin + ":group_owner"};
        one.confidence = usual_confidence(one.origin);
        one.person.groups.push_back(signal.person.name);
        behind.push_back(std::move(one));
    };
    for (std::size_t i = 0; i < team.owners.size() && i < most_team_owners; ++i) add(team.owners[i], "an owner");
    if (behind.empty() && team.only_one) add(*team.only_one, "the only member");
    return behind;
}

} // namespace

auto look_up_people(std::vector<OwnerSignal>& signals, std::vector<IdentitySource*> sources, Round& round)
    -> Task<void> {
    std::vector<std::string> names;
    std::vector<OwnerSignal*> open;
    for (auto& signal : signals) {
        if (is_complete(signal.person) || !may_be_person(signal)) continue;
        open.push_back(&signal);
        for (const auto& name : spellings_of(signal.person)) add_name(names, name, most_names);
    }
    if (names.empty() || sources.empty()) co_return;
    const auto answers = co_await Answers::ask(std::move(names), std::move(sources), round);
    for (auto* signal : open) fill_in(*signal, answers);
}

auto look_up_teams(std::vector<OwnerSignal>& signals, std::vector<IdentitySource*> sources, Round& round)
    -> Task<void> {
    struct Question {
        std::string name;
        IdentitySource* source = nullptr;
        Result<std::optional<Team>> answer;
    };
    // Whom no directory knows as a person: known ones have at least a name and an id by now.
    const auto is_open = [](const OwnerSignal& signal) {
        const auto& person = signal.person;
        return signal.is_group || person.name.empty() || (person.id.empty() && person.email.empty());
    };
    std::vector<std::string> names;
    for (const auto& signal : signals)
        if (is_open(signal)) add_name(names, name_of_team(signal), most_teams);
    std::vector<Question> questions;
    for (auto& name : names)
        for (auto* source : sources) questions.push_back({.name = name, .source = source});
    std::vector<Task<void>> asked;
    for (auto& question : questions) {
        auto ask = [source = question.source, name = question.name, limit = round.deadline] {
            return source->team(name, limit);
        };
        asked.push_back(ask_one<std::optional<Team>>("identity:" + question.source->name(), std::move(ask), round,
                                                     question.answer));
    }
    co_await all_of(std::move(asked));
    std::vector<OwnerSignal> behind;
    for (const auto& question : questions) {
        const auto source = "identity:" + question.source->name();
        if (!question.answer) {
            round.missing(source, question.answer.error().message);
            continue;
        }
        if (!*question.answer) continue;
        const auto& team = **question.answer;
        if (!team.unseen.empty()) round.missing(source, join(team.unseen, "; "));
        for (auto& signal : signals) {
            if (!is_open(signal) || !iequals(name_of_team(signal), question.name)) continue;
            for (auto& one : people_behind(signal, team)) behind.push_back(std::move(one));
        }
    }
    for (auto& one : behind) signals.push_back(std::move(one));
}

auto look_up_manager(Owner& owner, std::vector<IdentitySource*> sources, Round& round) -> Task<void> {
    if (owner.manager.empty() || owner.manager.find('@') != std::string::npos || sources.empty()) co_return;
    std::vector<std::string> names{owner.manager};
    const auto answers = co_await Answers::ask(std::move(names), std::move(sources), round);
    const auto found = answers.of(owner.manager);
    if (found.empty()) co_return;
    const auto& manager = *found.front();
    if (!manager.email.empty()) owner.manager = manager.email;
    if (!manager.name.empty()) owner.manager_name = manager.name;
    if (owner.inactive.empty()) co_return;
    // Somebody who has left as well is nobody to turn to; their own manager may be.
    owner.escalation = manager.inactive.empty() ? owner.manager : manager.manager;
}

} // namespace dossier::context
