#pragma once
// Jira Cloud, REST API v3 (issues, search/jql, comments, transitions). The key is a label, which search can find; it is
// also an entity property, as the proof. Search lags behind writes by seconds to minutes, so `find` may miss a ticket
// that was just made.

#include "dossier/ticket/ticket_sink.hpp"
#include "tracker_client.hpp"

namespace dossier::ticket {

class JiraSink final : public TicketSink {
public:
    JiraSink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics);
    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
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
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    [[nodiscard]] auto create_fields(const Draft& draft, const std::string& key) const -> Json;
    [[nodiscard]] auto ref(const std::string& key, const std::string& id) const -> TicketRef;
    auto keep_label(std::string issue, std::string key, Deadline deadline) -> Task<void>;
    auto has_comment(std::string issue, std::string event_id, Deadline deadline) -> Task<Result<bool>>;
    auto account_of(std::string email, Deadline deadline) -> Task<Result<std::string>>;
    auto move(std::string issue, TicketTarget target, Deadline deadline) -> Task<Result<void>>;
    auto has_link(std::string issue, std::string other, std::string type, Deadline deadline) -> Task<Result<bool>>;

    SinkConfig config_;
    Metrics& metrics_;
    TrackerClient jira_;
};

} // namespace dossier::ticket
