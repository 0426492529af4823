#pragma once
// Carries out what somebody typed or clicked, once it is known who: explains, answers, decides. The same for Slack and
// Teams; each says the answer in its own way.

#include "chat_card.hpp"
#include "chat_words.hpp"

#include "dossier/approve/chat.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::approve {

/// Who acts, as the platform names them and as we know them.
struct ChatActor {
    std::string platform; ///< slack | teams
    std::string id;       ///< the platform's id, for the audit trail
    std::optional<ChatPerson> person;
    std::string why_unknown; ///< where there is no person: a sentence for them
};

class ChatCommands {
public:
    explicit ChatCommands(const ChatHands& hands) : hands_(hands) {}

    /// Never fails: what went wrong is what it says.
    auto run(ChatActor actor, ChatCommand command, Deadline deadline) -> Task<ChatText>;
    auto explain(ChatActor actor, std::string reference) -> Task<ChatText>;
    /// @param content_hash what the person saw
    auto decide(ChatActor actor, std::string draft_id, std::string content_hash, DraftState decision,
                std::string comment) -> Task<ChatText>;
    /// Why this person may not; audited. nullopt = they may.
    auto refusal(ChatActor actor, bool to_decide) -> Task<std::optional<ChatText>>;

private:
    auto decide_as_shown(ChatActor actor, ChatCommand command, DraftState decision) -> Task<ChatText>;
    auto ask(ChatActor actor, std::string question, Deadline deadline) -> Task<ChatText>;
    auto dossier_of(std::string reference) -> Task<Result<store::DossierRow>>;
    auto note(const ChatActor& actor, std::string action, std::string finding_id, std::string dossier_id,
              std::string about) -> store::AuditEntry;

    const ChatHands& hands_;
};

/// Ids that may stand in a platform's URL or be one: its parts, the longest first; at most 16.
[[nodiscard]] auto possible_ids(std::string_view reference) -> std::vector<std::string>;

} // namespace dossier::approve
