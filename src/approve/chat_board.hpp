#pragma once
// Keeps what is said about drafts true: every draft that waits has its messages, every message says what is true of its
// draft, whoever decided and wherever. A message is written down before it is sent; one whose sending had no answer is
// looked for before it is sent again.

#include "chat_writer.hpp"

#include "dossier/approve/chat.hpp"

namespace dossier::approve {

class ChatBoard {
public:
    ChatBoard(const ChatConfig& config, const ChatHands& hands) : config_(config), hands_(hands) {}

    /// One round for a platform. @return messages that were written
    auto round(ChatWriter& writer) -> Task<Result<std::size_t>>;

private:
    auto announce(ChatWriter& writer) -> Task<Result<void>>;
    auto remind(ChatWriter& writer) -> Task<Result<void>>;
    auto advance(ChatWriter& writer, store::ChatWork work, Deadline deadline) -> Task<Result<bool>>;
    auto look_for(ChatWriter& writer, store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<bool>>;
    auto post(ChatWriter& writer, store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<bool>>;
    auto thread_of(const store::ChatMessage& message) -> Task<Result<ChatPlace>>;
    auto settle(store::ChatMessage message, ChatPlace place, const ChatCard& card) -> Task<Result<bool>>;
    /// Keeps a failure: tried again later, or given up for good.
    auto keep_failure(store::ChatMessage message, const Error& error) -> Task<Result<bool>>;
    auto save(store::ChatMessage message) -> Task<Result<bool>>;
    [[nodiscard]] auto entry(const store::ChatMessage& message, const Draft& draft, std::string action) const
        -> store::AuditEntry;

    const ChatConfig& config_;
    const ChatHands& hands_;
};

} // namespace dossier::approve
