#pragma once
// Once, always: creates a dossier's ticket exactly once over crashes, lost answers and a search index that lags.
// The intent is committed before the call. An attempt whose outcome is unknown is looked up by key in growing steps
// over the settle window before a second create; a later sweep finds what still came double, links and closes it.

#include "dossier/base/time.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <functional>
#include <map>
#include <memory>

namespace dossier::ticket {

/// What a draft's ticket is about: its dossier, which has one ticket however often it is drafted (and another one of
/// the next generation once that is over for good); a drafted policy has a ticket of its own.
[[nodiscard]] auto ticket_subject(const Draft& draft) -> std::string;

/// As it is written to a tracker.
[[nodiscard]] auto with_appendix(Draft draft) -> Draft;

class Delivery {
public:
    Delivery(std::map<std::string, std::shared_ptr<TicketSink>> sinks, store::EffectStore& store, TicketConfig config,
             const Clock& clock, Metrics& metrics);

    struct Progress {
        std::optional<TicketRef> ticket;     ///< set = it exists
        std::optional<Timestamp> wait_until; ///< set = outcome unknown; ask again then
        bool created_now = false;            ///< this call made it, or found what an earlier attempt had made
    };
    /// Takes the next step towards the ticket of the draft's dossier. Call again at `wait_until`. A dossier that has a
    /// ticket keeps it, whatever sink a later draft names. An error means that nothing was created by this call.
    auto ensure_ticket(Draft draft, Deadline deadline) -> Task<Result<Progress>>;
    /// For a draft that nobody wants any more: the ticket that a create left behind of which no answer came, looked for
    /// over the settle window; none is made. `wait_until` set = call again then, also where the tracker can't be asked;
    /// neither = there is none. An error is the store's.
    auto recall(Draft draft, Deadline deadline) -> Task<Result<Progress>>;
    /// Carries out an approval on an existing ticket: description as approved, comment (`note`, once per draft),
    /// assignee. `conflict` when the draft's content is not what was approved. Each part is done once; after an error
    /// the call goes on at the part that failed.
    auto apply_approval(Draft draft, TicketRef ticket, std::string note, Deadline deadline) -> Task<Result<void>>;
    /// A comment for the staff on a ticket, once per `event_id`.
    auto comment(TicketRef ticket, std::string markdown, std::string event_id, Deadline deadline) -> Task<Result<void>>;
    /// Gives the ticket of a draft its files and its links to the findings, each once, and the whole text where it was
    /// shortened. @return when to call again for what failed; nullopt = nothing is left to do. An error is the store's.
    /// @param set names these files: a set that is complete is not looked at again, even if it would now be another
    auto enclose(Draft draft, TicketRef ticket, std::vector<Attachment> files, std::string set, Deadline deadline)
        -> Task<Result<std::optional<Timestamp>>>;
    /// Brings what follows the draft's body on its ticket (`appendix`) up to date, at most once in `pause`. Not while
    /// the body on the ticket is another one than the draft's. @return when to call again
    auto refresh(Draft draft, Duration pause, Deadline deadline) -> Task<Result<std::optional<Timestamp>>>;
    /// One round of the sweep over intents whose time has come: doubles are linked to the ticket of our intent and
    /// closed. @return number of doubles closed
    auto sweep(Deadline deadline) -> Task<Result<std::size_t>>;
    [[nodiscard]] auto has_sink(const std::string& sink) const -> bool;
    [[nodiscard]] auto is_internal(const std::string& sink) const -> bool;

private:
    using Effect = std::function<Task<Result<void>>()>;
    using Enclosing = std::function<Task<Result<void>>(bool may_be_there)>;
    struct Enclosed {
        std::optional<Timestamp> again; ///< set = it failed, for now
    };

    [[nodiscard]] auto sink_of(const std::string& name) const -> Result<std::shared_ptr<TicketSink>>;
    [[nodiscard]] auto key_of(const std::string& subject) const -> std::string;
    [[nodiscard]] auto first_wait() const -> Duration;
    /// What a create is given, from the moment its attempt is committed. A replica that takes over from one that is
    /// alive makes a second one a settle window later, at the earliest: by then the first must be over.
    [[nodiscard]] auto create_limit(const std::string& sink) const -> Duration;
    /// An attempt that nobody came back from becomes an unknown outcome.
    auto outcome_of(store::Intent intent) -> Task<Result<store::Intent>>;
    auto attempt(std::shared_ptr<TicketSink> sink, store::Intent intent, Draft draft, Deadline deadline)
        -> Task<Result<Progress>>;
    auto look_again(std::shared_ptr<TicketSink> sink, store::Intent intent, Draft draft, Deadline deadline)
        -> Task<Result<Progress>>;
    [[nodiscard]] auto next_look(const store::Intent& intent) const -> Timestamp;
    auto settle_as_done(store::Intent intent, TicketRef ticket, bool was_found, bool is_internal)
        -> Task<Result<Progress>>;
    /// Carries `effect` out unless the intent of `wanted.key` says that it was; audits it as `action`.
    auto once(store::Intent wanted, std::string action, Effect effect) -> Task<Result<void>>;
    auto enclose_one(store::Intent wanted, std::string what, Enclosing add) -> Task<Result<Enclosed>>;
    auto update_as_approved(std::shared_ptr<TicketSink> sink, Draft draft, TicketRef ticket, Deadline deadline)
        -> Task<Result<void>>;
    auto assign_as_approved(std::shared_ptr<TicketSink> sink, Draft draft, TicketRef ticket, Deadline deadline)
        -> Task<Result<void>>;
    auto comment_on(TicketRef ticket, std::string markdown, std::string event_id, std::string dossier_id,
                    Deadline deadline) -> Task<Result<void>>;
    auto sweep_one(store::Intent intent, Deadline deadline) -> Task<Result<std::size_t>>;
    void count(const std::string& sink, std::string_view outcome);

    std::map<std::string, std::shared_ptr<TicketSink>> sinks_;
    store::EffectStore& store_;
    TicketConfig config_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
