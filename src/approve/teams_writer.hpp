#pragma once
// Cards about drafts by a Teams Workflows webhook. It is one-way: 202 says that the flow was started, no id comes back,
// nothing can be changed or found. So what changed is told by a further card, and a card whose sending had no answer is
// not sent again.

#include "chat_writer.hpp"

#include "dossier/approve/chat.hpp"
#include "dossier/net/upstream.hpp"

#include <functional>

namespace dossier::approve {

class TeamsWriter final : public ChatWriter {
public:
    /// @param link_to the decision link of a draft; "" = none
    TeamsWriter(const ChatConfig& config, net::HttpClient& client, Metrics& metrics,
                std::function<std::string(const Draft&)> link_to);
    [[nodiscard]] auto platform() const -> std::string_view override { return "teams"; }
    [[nodiscard]] auto kinds() const -> std::vector<std::string> override { return {"channel"}; }
    auto post(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<ChatPlace>> override;
    auto update(store::ChatMessage message, ChatCard card, Deadline deadline) -> Task<Result<void>> override;
    auto find(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
        -> Task<Result<std::optional<ChatPlace>>> override;
    /// An answer that came too late for the request that asked for it.
    auto post_text(ChatText text, Deadline deadline) -> Task<Result<void>>;

private:
    auto send(std::string card, Deadline deadline) -> Task<Result<void>>;

    const ChatConfig& config_;
    net::Upstream upstream_;
    std::function<std::string(const Draft&)> link_to_;
};

} // namespace dossier::approve
