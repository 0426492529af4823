#include "owner_lookup.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/context/owner.hpp"
#include "person_names.hpp"

namespace dossier::context {

namespace {

/// More names than this for one resource are noise; the first come from the most trusted.
constexpr std::size_t most_names = 16;
constexpr std::size_t most_teams = 4;
constexpr std::size_t most_team_owners = 5;
constexpr std::size_t most_members = 6; ///< people whose groups are asked for

/// A question for a person or a team by name, and what became of it.
template <class T>
struct Lookup {
    std::string name;
    Directory directory;
    Result<Answer<std::optional<T>>> answer;

    [[nodiscard]] auto source() const -> std::string { return "identity:" + directory.source->name(); }
};
using PersonLookup = Lookup<Person>;
using TeamLookup = Lookup<Team>;

auto question_of(const PersonLookup& lookup, Deadline deadline) -> Question<std::optional<Person>> {
    auto* source = lookup.directory.source;
    return {.source = lookup.source(),
            .cache = lookup.directory.people,
            .key = source->person_key(lookup.name),
            .ask = [source, name = lookup.name, deadline] { return source->person(name, deadline); }};
}

auto question_of(const TeamLookup& lookup, Deadline deadline) -> Question<std::optional<Team>> {
    auto* source = lookup.directory.source;
    return {.source = lookup.source(),
            .cache = lookup.directory.teams,
            .key = source->person_key(lookup.name),
            .ask = [source, name = lookup.name, deadline] { return source->team(name, deadline); }};
}

/// Every name to every directory, all at once.
template <class T>
auto ask_all(std::vector<std::string> names, std::vector<Directory> directories, Round& round)
    -> Task<std::vector<Lookup<T>>> {
    std::vector<Lookup<T>> lookups;
    for (const auto& name : names)
        for (const auto& directory : directories)
            lookups.push_back({.name = name, .directory = directory, .answer = {}});
    std::vector<Task<void>> questions;
    for (auto& lookup : lookups)
        questions.push_back(ask_one(question_of(lookup, round.deadline), round, lookup.answer));
    co_await all_of(std::move(questions));
    co_return lookups;
}

/// What a lookup found; its failure, its age and what the directory may not show are gaps.
template <class T>
auto found(Lookup<T>& lookup, Round& round) -> const T* {
    const auto* answer = taken(lookup.answer, lookup.source(), round);
    if (answer == nullptr || !*answer) return nullptr;
    if (!(*answer)->unseen.empty()) round.missing(lookup.source(), join((*answer)->unseen, "; "));
    return &**answer;
}

/// A team's own name is no person; an e-mail in a team tag may be one.
auto may_be_person(const OwnerSignal& signal) -> bool {
    return !signal.is_group || signal.person.id.empty() || signal.person.id.find('@') != std::string::npos;
}

void add_name(std::vector<std::string>& names, const std::string& name, std::size_t most) {
    const bool known = std::ranges::any_of(names, [&](const auto& other) { return iequals(other, name); });
    if (!known && !name.empty() && names.size() < most) names.push_back(name);
}

/// What the directories know of a person by any spelling, the first directory first. Somebody whom one of them calls
/// active has not left, whatever another remembers.
void fill_in(OwnerSignal& signal, std::vector<PersonLookup>& lookups, Round& round) {
    std::optional<Person> known;
    bool answers_somewhere = false;
    for (const auto& name : spellings_of(signal.person)) {
        for (auto& lookup : lookups) {
            if (!iequals(lookup.name, name)) continue;
            const auto* one = found(lookup, round);
            if (one == nullptr) continue;
            if (known)
                add_knowledge(*known, *one);
            else
                known = *one;
            if (one->inactive.empty()) answers_somewhere = true;
        }
    }
    if (!known) return;
    if (answers_somewhere) known->inactive.clear();
    complete(signal.person, *known);
    signal.is_group = false;
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

auto look_up_people(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round)
    -> Task<std::vector<Directory>> {
    std::vector<std::string> names;
    std::vector<OwnerSignal*> open;
    for (auto& signal : signals) {
        // Also whom a rule describes in full: a directory may know that they have left.
        if (!may_be_person(signal)) continue;
        open.push_back(&signal);
        for (const auto& name : spellings_of(signal.person)) add_name(names, name, most_names);
    }
    auto lookups = co_await ask_all<Person>(std::move(names), directories, round);
    for (auto* signal : open) fill_in(*signal, lookups, round);
    std::erase_if(directories, [&](const Directory& directory) {
        return std::ranges::any_of(lookups, [&](const PersonLookup& lookup) {
            return lookup.directory.source == directory.source && !lookup.answer;
        });
    });
    co_return directories;
}

auto look_up_teams(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round) -> Task<void> {
    // Whom no directory knows as a person: known ones have at least a name and an id by now.
    const auto is_open = [](const OwnerSignal& signal) {
        const auto& person = signal.person;
        return signal.is_group || person.name.empty() || (person.id.empty() && person.email.empty());
    };
    std::vector<std::string> names;
    for (const auto& signal : signals)
        if (is_open(signal)) add_name(names, name_of_team(signal), most_teams);
    auto lookups = co_await ask_all<Team>(std::move(names), std::move(directories), round);
    std::vector<OwnerSignal> behind;
    for (auto& signal : signals) {
        if (!is_open(signal)) continue;
        const auto name = name_of_team(signal);
        const auto known = [&](const TeamLookup& lookup) {
            return iequals(lookup.name, name) && lookup.answer && lookup.answer->value;
        };
        if (const auto lookup = std::ranges::find_if(lookups, known); lookup != lookups.end())
            for (auto& one : people_behind(signal, *lookup->answer->value)) behind.push_back(std::move(one));
    }
    for (auto& lookup : lookups) found(lookup, round);
    for (auto& one : behind) signals.push_back(std::move(one));
}

auto look_up_groups(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round) -> Task<void> {
    if (std::ranges::none_of(signals, &OwnerSignal::is_group)) co_return;
    struct Membership {
        OwnerSignal* signal = nullptr;
        std::string source;
        Result<Answer<std::vector<std::string>>> answer;
    };
    std::vector<Membership> memberships;
    std::vector<Task<void>> questions;
    memberships.reserve(signals.size() * directories.size());
    for (auto& signal : signals) {
        // A person whom a directory knows and whose groups did not come with them.
        const auto& person = signal.person;
        if (signal.is_group || person.id.empty() || person.name.empty() || !person.groups.empty()) continue;
        for (const auto& directory : directories) {
            if (questions.size() == most_members * directories.size()) break;
            auto* source = directory.source;
            auto& membership = memberships.emplace_back(&signal, "identity:" + source->name());
            Question<std::vector<std::string>> question{
                .source = membership.source,
                .cache = directory.groups,
                .key = source->person_key(person.id),
                .ask = [source, person, deadline = round.deadline] { return source->groups_of(person, deadline); }};
            questions.push_back(ask_one(std::move(question), round, membership.answer));
        }
    }
    co_await all_of(std::move(questions));
    for (auto& membership : memberships)
        if (const auto* groups = taken(membership.answer, membership.source, round))
            for (const auto& group : *groups) membership.signal->person.groups.push_back(group);
}

auto look_up_manager(Owner& owner, std::vector<Directory> directories, Round& round) -> Task<void> {
    if (owner.manager.empty() || owner.manager.find('@') != std::string::npos) co_return;
    std::vector<std::string> names{owner.manager};
    auto lookups = co_await ask_all<Person>(std::move(names), std::move(directories), round);
    const Person* manager = nullptr;
    for (auto& lookup : lookups)
        if (const auto* one = found(lookup, round); manager == nullptr) manager = one;
    if (manager == nullptr) co_return;
    if (!manager->email.empty()) owner.manager = manager->email;
    if (!manager->name.empty()) owner.manager_name = manager->name;
    if (owner.inactive.empty()) co_return;
    // Somebody who has left as well is nobody to turn to; their own manager may be.
    owner.escalation = manager->inactive.empty() ? owner.manager : manager->manager;
}

} // namespace dossier::context
