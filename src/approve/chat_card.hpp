#pragma once
// What a message about a draft says, whatever the platform: plain text taken from the draft and its dossier. Everything
// in it may have been written by strangers; whoever renders it escapes it.

#include "dossier/approve/chat.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/store/records.hpp"

#include <string>
#include <vector>

namespace dossier::approve {

struct ChatCard {
    Draft draft;
    std::string kind; ///< of draft, in words: "ticket", "classification", "policy", "report"
    std::string resource;
    std::string place; ///< cloud, account, region
    std::string owner; ///< name, else e-mail, with how sure that is; "not known"
    std::string exposure;
    std::string environment;
    std::string touches; ///< data classes and laws
    std::string reach;   ///< who can reach it, in one line
    std::string summary; ///< what was written, shortened; AI-Generated Guidance
    std::string finding_url;
    std::string platform;       ///< that the link leads to
    bool owner_decides = false; ///< a rule leaves the decision to the owner, who can act here
};
[[nodiscard]] auto card_of(Draft draft, const store::DossierRow& dossier) -> ChatCard;

/// "approved by alice@acme.example on 2026-11-22 21:32 UTC: go ahead"; "" while it waits.
[[nodiscard]] auto outcome_of(const Draft& draft) -> std::string;

/// What is known of a dossier, with the numbers of the evidence that each sentence rests on.
[[nodiscard]] auto explanation_of(const store::DossierRow& dossier) -> ChatText;

} // namespace dossier::approve
