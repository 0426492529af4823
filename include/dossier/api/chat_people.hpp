#pragma once
// Who may do what from a chat, by the roles of the configuration; and answers to questions in the words of a chat.

#include "dossier/api/config.hpp"
#include "dossier/approve/chat.hpp"
#include "dossier/report/questioner.hpp"

namespace dossier::api {

/// @param owners_decide whether an approval rule lets the owner of a finding decide, whatever the role is
[[nodiscard]] auto chat_people(std::vector<PersonConfig> people, bool owners_decide) -> approve::ChatPeople;

/// Asks as `POST /v1/ask` does, audit record included. References outlive the task.
auto answer_in_chat(report::Questioner& questioner, store::AuditStore& store, const Clock& clock, std::string question,
                    std::string who, Deadline deadline) -> Task<Result<approve::ChatText>>;

} // namespace dossier::api
