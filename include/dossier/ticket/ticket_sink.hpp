#pragma once
// A tracker. Sinks speak one vendor's API and nothing else; once-only delivery is `Delivery`'s business, built on the
// promise that `create` says honestly when its outcome is unknown and that `find` looks a ticket up by its key.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/ticket/config.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::ticket {

class TicketSink {
public:
    virtual ~TicketSink() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// True where tickets live in the store (outbox): nothing leaves the process.
    [[nodiscard]] virtual auto is_internal() const -> bool { return false; }
    /// Creates an unassigned ticket that carries `key` (Jira: label; ServiceNow: correlation_id).
    /// `outcome_unknown` when it may exist now; `rejected` with the tracker's own words when it refused.
    virtual auto create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> = 0;
    /// Every ticket that carries `key`, oldest first. The returned key is compared, never trusted.
    virtual auto find(const std::string& key, Deadline deadline) -> Task<Result<std::vector<TicketRef>>> = 0;
    /// Replaces title and description by the draft's, as approved. Idempotent.
    virtual auto update(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> = 0;
    /// Adds a comment once per `event_id` (looked up before a repeat).
    virtual auto comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id,
                         Deadline deadline) -> Task<Result<void>> = 0;
    /// Assigns to the person of an e-mail and marks the ticket as approved. Idempotent. An unknown person is
    /// `not_found`: the ticket then stays unassigned and says who should have it.
    virtual auto assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> = 0;
    /// A double found by the sweep: link to the original and close.
    virtual auto close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
        -> Task<Result<void>> = 0;
    /// Tries address, credentials and rights by reading only. Here: nothing to try.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;
};

[[nodiscard]] auto make_sink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<TicketSink>;

/// The key a ticket carries: "dossier-" and 32 hex digits of the hash of instance and dossier id. Fits a Jira label
/// (255, no white space) and a ServiceNow correlation_id (100), and holds no finding text.
[[nodiscard]] auto ticket_key(const std::string& instance, const std::string& dossier_id) -> std::string;

} // namespace dossier::ticket
