#pragma once
// ServiceNow, Table API (now/table) on `incident`, `sn_si_incident` or any table that extends `task`. The key is
// `correlation_id`, which the platform neither keeps unique nor protects from its habit of dropping query parts it
// can't use: every row of an answer is compared with what was asked for, and an answer with only foreign rows is an
// error, not "nothing found".

#include "dossier/ticket/ticket_sink.hpp"
#include "servicenow_table.hpp"
#include "tracker_client.hpp"

namespace dossier::ticket {

class ServiceNowSink final : public TicketSink {
public:
    ServiceNowSink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics);
    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    auto create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> override;
    auto find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> override;
    auto update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> override;
    auto comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id, Audience audience,
                 Deadline deadline) -> Task<Result<void>> override;
    auto assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> override;
    auto hand_over(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> override;
    auto state(const TicketRef& ticket, Deadline deadline) -> Task<Result<TicketState>> override;
    auto transition(const TicketRef& ticket, const TicketTarget& target, Deadline deadline)
        -> Task<Result<void>> override;
    auto move_due(const TicketRef& ticket, const DueDate& before, const DueDate& now, Deadline deadline)
        -> Task<Result<void>> override;
    auto link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
        -> Task<Result<void>> override;
    auto attach(const TicketRef& ticket, const Attachment& file, bool may_be_there, Deadline deadline)
        -> Task<Result<void>> override;
    [[nodiscard]] auto is_shortened(const Draft& draft) const -> bool override;
    [[nodiscard]] auto takes_files() const -> bool override { return config_.attachments; }
    auto close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
        -> Task<Result<void>> override;
    auto changes(Duration back, std::string page, Deadline deadline) -> Task<Result<TicketChanges>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    [[nodiscard]] auto create_columns(const Draft& draft, const std::string& key) const -> Json;
    [[nodiscard]] auto ref(const Json& row) const -> TicketRef;
    auto patch(std::string sys_id, Json columns, Deadline deadline) -> Task<Result<void>>;
    /// The record's state columns, each as value and as display value.
    auto record_of(const TicketRef& ticket, Deadline deadline) -> Task<Result<Json>>;
    [[nodiscard]] auto standing_of(const Json& record) const -> Standing;
    auto has_file(std::string sys_id, std::string name, Deadline deadline) -> Task<Result<bool>>;
    auto has_note(std::string sys_id, std::string column, std::string event_id, Deadline deadline)
        -> Task<Result<bool>>;
    auto user_of(std::string email, Deadline deadline) -> Task<Result<std::string>>;
    /// sys_id of the one active group of exactly this name; `not_found` says why there is none.
    auto group_of(std::string name, Deadline deadline) -> Task<Result<std::string>>;
    /// Sets `columns` and the person of an e-mail, and moves on what waited for approval.
    auto give_to(TicketRef ticket, std::string email, Json columns, Deadline deadline) -> Task<Result<void>>;
    /// Columns whose value the instance didn't keep: unknown ones are ignored in silence there.
    void warn_of_lost_columns(const Json& sent, const Json& row);

    SinkConfig config_;
    TableStates states_;
    Json extra_; ///< configured columns
    Metrics& metrics_;
    TrackerClient now_;
};

} // namespace dossier::ticket
