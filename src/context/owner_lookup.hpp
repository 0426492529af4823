#pragma once
// Who the people behind the owner signals are: every name that some source wrote down is looked up in every directory,
// all at once; names that are no person may be groups, whose owners become signals of their own. What a directory can't
// be asked or may not show is a gap of the round.

#include "dossier/context/sources.hpp"
#include "round.hpp"

#include <vector>

namespace dossier::context {

/// An identity source with what is kept of it.
struct Directory {
    IdentitySource* source = nullptr;
    AnswerCache<std::optional<Person>>* people = nullptr;
    AnswerCache<std::optional<Team>>* teams = nullptr;
    AnswerCache<std::vector<std::string>>* groups = nullptr; ///< of a person
};

/// Fills in what the directories know of each person.
/// @return the directories that answered; the others need not be asked again in this round
auto look_up_people(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round)
    -> Task<std::vector<Directory>>;
/// Marks the signals that name a group and adds its owners.
auto look_up_teams(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round) -> Task<void>;
/// Where a group is named beside people: the groups of those people, so that a group and its member can agree.
auto look_up_groups(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round) -> Task<void>;
/// Replaces the id of the owner's manager by an e-mail.
auto look_up_manager(Owner& owner, std::vector<Directory> directories, Round& round) -> Task<void>;

} // namespace dossier::context
