#pragma once
// What sources write down as an owner, and when two of them mean the same person. Tags hold an e-mail, a login, a full
// name, an ARN or, where a label can't hold an @, alice_at_acme_example; directories add UPN, login and further
// e-mails.

#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

/// A person known by e-mail, full name or id: "alice", "alice@acme.example", "Alice Ngo <alice@acme.example>",
/// "mailto:…", the session or user name at the end of an IAM or STS ARN.
[[nodiscard]] auto person_named(std::string_view value) -> Person;
/// The owners that one field names: "a@acme.example; b@acme.example" are two, "Ngo, Alice" is one.
[[nodiscard]] auto people_named(std::string_view value) -> std::vector<Person>;
/// Nothing at all, or a word for nobody or for a tool: "n/a", "terraform".
[[nodiscard]] auto names_nobody(std::string_view value) -> bool;

/// What to ask a directory for, most telling first.
[[nodiscard]] auto spellings_of(const Person& person) -> std::vector<std::string>;
/// By any id, e-mail, UPN or alias without case, mangled labels read back; by full name where no e-mails contradict.
[[nodiscard]] auto same_person(const Person& a, const Person& b) -> bool;
/// Whether a person's groups name that team.
[[nodiscard]] auto belongs_to(const Person& person, const Person& team) -> bool;
/// Fills in what a directory knows. Its id and e-mail count (trackers know people by them); what stood there before
/// becomes an alias.
void complete(Person& person, const Person& known);
/// Fills in what another directory knows besides; what the first one said stays.
void add_knowledge(Person& person, const Person& further);

} // namespace dossier::context
