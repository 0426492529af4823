#pragma once
// What was said about drafts in chats, and what is still to be said. A message is a row before it is a call: its key is
// unique, so a draft has one message a place however often it is looked at, by however many replicas, over restarts.

#include "dossier/base/task.hpp"
#include "dossier/base/units.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/store/audit_entry.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::store {

struct ChatMessage {
    std::string key; ///< "slack:channel:drf_…"
    std::string draft_id;
    std::string platform; ///< slack | teams
    std::string kind;     ///< channel | owner | reminder
    enum class State {
        planned,
        attempting, ///< a call may be under way; after a crash this means unknown
        unknown,    ///< the call ended without an answer
        done,       ///< what `shown` names is what stands there
        failed,     ///< for good; `reason` says why
    } state = State::planned;
    std::string channel; ///< where it stands: the platform's id of the conversation
    std::string ts;      ///< the platform's id of the message in it
    std::string shown;   ///< `shown_of` the draft as the message says it; "" = nothing yet
    int attempts = 0;    ///< since the last success
    int lookups = 0;     ///< for an unknown outcome
    int reminders = 0;   ///< that followed it
    Timestamp next_at{}; ///< not before
    std::optional<Timestamp> attempted_at;
    std::optional<Timestamp> posted_at;
    std::string reason; ///< of the last failure
};
[[nodiscard]] auto to_string(ChatMessage::State) -> std::string_view;

/// What a message about a draft has to say: state and content. Two drafts that differ in neither read the same.
[[nodiscard]] auto shown_of(const Draft& draft) -> std::string;

struct ChatWork {
    ChatMessage message;
    Draft draft;
};

class ChatStore {
public:
    virtual ~ChatStore() = default;
    /// Drafts that wait for a person and have no message of this platform and kind, oldest first. A ticket's draft
    /// waits once its dossier does, so that a ticket made before the approval is there to be named.
    virtual auto drafts_to_announce(std::string platform, std::string kind, std::size_t limit)
        -> Task<Result<std::vector<Draft>>> = 0;
    /// Messages of a platform whose time has come and that don't say what is true of their draft, oldest first.
    virtual auto chat_work(std::string platform, Timestamp now, std::size_t limit)
        -> Task<Result<std::vector<ChatWork>>> = 0;
    /// Messages of kind `channel` about drafts that still wait, which stand there longer than `after` times one more
    /// than the reminders that followed.
    virtual auto chat_to_remind(std::string platform, Timestamp now, Duration after, int most, std::size_t limit)
        -> Task<Result<std::vector<ChatWork>>> = 0;
    virtual auto chat_messages_of(std::string draft_id) -> Task<Result<std::vector<ChatMessage>>> = 0;
    /// Inserts or replaces by key, all in one transaction.
    virtual auto save_chat(std::vector<ChatMessage> messages, std::vector<AuditEntry> audit) -> Task<Result<void>> = 0;
    /// True for the first caller that names this event; forgets what is older than a week.
    virtual auto first_chat_event(std::string id, Timestamp at) -> Task<Result<bool>> = 0;
    /// Id of the finding that has one of these (source, fingerprint); "" = none.
    virtual auto finding_known_as(std::vector<std::pair<std::string, std::string>> identities)
        -> Task<Result<std::string>> = 0;
};

} // namespace dossier::store
