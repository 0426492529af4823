#pragma once
// The sink that needs no tracker: the draft in the store is the ticket, and its page in the API is the link.

#include "dossier/ticket/ticket_sink.hpp"

namespace dossier::ticket {

class OutboxSink final : public TicketSink {
public:
    explicit OutboxSink(std::string name) : name_(std::move(name)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto is_internal() const -> bool override { return true; }
    auto create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> override;
    auto find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> override;
    auto update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> override;
    auto comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id, Audience audience,
                 Deadline deadline) -> Task<Result<void>> override;
    auto assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> override;
    auto state(const TicketRef& ticket, Deadline deadline) -> Task<Result<TicketState>> override;
    auto transition(const TicketRef& ticket, const TicketTarget& target, Deadline deadline)
        -> Task<Result<void>> override;
    auto link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
        -> Task<Result<void>> override;
    auto close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
        -> Task<Result<void>> override;

private:
    std::string name_;
};

} // namespace dossier::ticket
