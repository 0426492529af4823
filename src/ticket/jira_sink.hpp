#pragma once
// Jira Cloud (REST API v3) and Data Center (v2). The key is a label, which search can find; it is also an entity
// property, as the proof. Cloud's search lags behind writes by seconds to minutes, so `find` may miss a ticket that was
// just made. Fields of a new issue follow the create screen, which is read once in a while (createmeta).

#include "dossier/base/single_flight.hpp"
#include "dossier/ticket/ticket_sink.hpp"
#include "jira_dialect.hpp"
#include "jira_screen.hpp"
#include "tracker_client.hpp"

#include <chrono>
#include <mutex>
#include <optional>

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
    auto move_due(const TicketRef& ticket, const DueDate& before, const DueDate& now, Deadline deadline)
        -> Task<Result<void>> override;
    auto link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
        -> Task<Result<void>> override;
    auto attach(const TicketRef& ticket, const Attachment& file, bool may_be_there, Deadline deadline)
        -> Task<Result<void>> override;
    auto refer(const TicketRef& ticket, const WebLink& link, Deadline deadline) -> Task<Result<void>> override;
    [[nodiscard]] auto is_shortened(const Draft& draft) const -> bool override;
    [[nodiscard]] auto takes_files() const -> bool override { return config_.attachments; }
    auto close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
        -> Task<Result<void>> override;
    auto changes(Duration back, std::string page, Deadline deadline) -> Task<Result<TicketChanges>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    /// The create screen, nullptr where Jira doesn't tell. An error: nothing can be created now.
    auto create_screen(Deadline deadline) -> Task<Result<std::shared_ptr<const JiraScreen>>>;
    auto read_screen(Deadline deadline) -> Task<Result<JiraScreen>>;
    auto createmeta(std::string path, const char* cloud_name, Deadline deadline) -> Task<Result<std::vector<Json>>>;
    void forget_screen();
    auto create_fields(Draft draft, std::string key, std::shared_ptr<const JiraScreen> screen, Deadline deadline)
        -> Task<Result<Json>>;
    [[nodiscard]] auto issue_path(const TicketRef& ticket, std::string_view rest = "") const -> std::string;
    [[nodiscard]] auto ref(const std::string& key, const std::string& id) const -> TicketRef;
    auto keep_label(TicketRef ticket, std::string key, Deadline deadline) -> Task<void>;
    auto has_file(TicketRef ticket, std::string name, Deadline deadline) -> Task<Result<bool>>;
    auto has_comment(TicketRef ticket, std::string event_id, Deadline deadline) -> Task<Result<bool>>;
    auto account_of(std::string email, Deadline deadline) -> Task<Result<std::string>>;
    auto move(TicketRef ticket, TicketTarget target, Deadline deadline) -> Task<Result<void>>;
    auto has_link(TicketRef ticket, std::string other, std::string type, Deadline deadline) -> Task<Result<bool>>;

    SinkConfig config_;
    JiraDialect dialect_;
    Metrics& metrics_;
    TrackerClient jira_;

    struct SeenScreen {
        std::shared_ptr<const JiraScreen> screen;
        std::chrono::steady_clock::time_point until;
    };
    std::mutex screen_mutex_;
    std::optional<SeenScreen> screen_;
    SingleFlight<JiraScreen> screen_flights_;
};

} // namespace dossier::ticket
