#pragma once
// Once, always: creates a dossier's ticket exactly once over crashes, lost answers and a search index that lags.
// The intent is committed before the call. An attempt whose outcome is unknown is looked up by key in growing steps
// over the settle window before a second create; a later sweep finds what still came double, links and closes it.

#include "dossier/base/time.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <map>
#include <memory>

namespace dossier::ticket {

class Delivery {
public:
    Delivery(std::map<std::string, std::shared_ptr<TicketSink>> sinks, store::EffectStore& store, TicketConfig config,
             const Clock& clock, Metrics& metrics);

    struct Progress {
        std::optional<TicketRef> ticket;     ///< set = it exists
        std::optional<Timestamp> wait_until; ///< set = outcome unknown; ask again then
        bool created_now = false;
    };
    /// Takes the next step towards the ticket of the draft's dossier. Call again at `wait_until`.
    auto ensure_ticket(Draft draft, Deadline deadline) -> Task<Result<Progress>>;
    /// Carries out an approval on an existing ticket: description as approved, comment (`note`, once per draft),
    /// assignee.
    auto apply_approval(Draft draft, TicketRef ticket, std::string note, Deadline deadline) -> Task<Result<void>>;
    /// A comment on a ticket, once per `event_id`.
    auto comment(TicketRef ticket, std::string markdown, std::string event_id, Deadline deadline) -> Task<Result<void>>;
    /// One round of the sweep over intents whose time has come.
    auto sweep(Deadline deadline) -> Task<Result<std::size_t>>;
    [[nodiscard]] auto is_internal(const std::string& sink) const -> bool;

private:
    std::map<std::string, std::shared_ptr<TicketSink>> sinks_;
    store::EffectStore& store_;
    TicketConfig config_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
