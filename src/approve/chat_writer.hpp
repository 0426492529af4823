#pragma once
// How a platform writes messages about drafts. Two do: Slack, which can change and find what it wrote, and Teams'
// Workflows, which can do neither.

#include "chat_card.hpp"

#include "dossier/store/chat.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::approve {

struct ChatPlace {
    std::string channel;
    std::string ts;
};

class ChatWriter {
public:
    virtual ~ChatWriter() = default;
    [[nodiscard]] virtual auto platform() const -> std::string_view = 0;
    /// Kinds of messages that a draft gets at once; `channel` first.
    [[nodiscard]] virtual auto kinds() const -> std::vector<std::string> = 0;
    /// @param thread where the draft's message in the channel stands, for what belongs under it. `outcome_unknown` when
    ///        it may stand there now; `not_found` for an owner whom the platform doesn't know
    virtual auto post(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<ChatPlace>> = 0;
    /// Makes a message say what is true now. `invalid_argument` where the platform can't: it is posted anew.
    virtual auto update(store::ChatMessage message, ChatCard card, Deadline deadline) -> Task<Result<void>> = 0;
    /// Where a message stands whose post had no answer; nullopt = nowhere. `invalid_argument` where nobody can tell.
    virtual auto find(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<std::optional<ChatPlace>>> = 0;
};

} // namespace dossier::approve
