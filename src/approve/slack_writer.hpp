#pragma once
// Messages about drafts in Slack: in the channel, to the owner, and under the channel's message.

#include "chat_writer.hpp"
#include "slack_client.hpp"

namespace dossier::approve {

class SlackWriter final : public ChatWriter {
public:
    SlackWriter(const ChatConfig& config, SlackClient& client) : config_(config), client_(client) {}
    [[nodiscard]] auto platform() const -> std::string_view override { return "slack"; }
    [[nodiscard]] auto kinds() const -> std::vector<std::string> override;
    auto post(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<ChatPlace>> override;
    auto update(store::ChatMessage message, ChatCard card, Deadline deadline) -> Task<Result<void>> override;
    auto find(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<std::optional<ChatPlace>>> override;

private:
    auto direct_channel(std::string email, Deadline deadline) -> Task<Result<std::string>>;

    const ChatConfig& config_;
    SlackClient& client_;
};

} // namespace dossier::approve
