#pragma once
// A ticket's life after it was made: it hears what becomes of its findings, it is closed when all of them are over and
// taken up again when one comes back, and what people do to it in the tracker is noted and never fought over.
//
// What is to be said or done is planned in the same transaction as what the ticket knows from then on (`told`), so that
// every change is told once over redeliveries, crashes and replicas. Each step is an intent, done in order:
//
//   lifecycle:<dossier>:<generation>:<number>:due              another due date, where nobody else has set one
//   lifecycle:<dossier>:<generation>:<number>:comment          what changed; that the due date has passed
//   lifecycle:<dossier>:<generation>:<number>:resolve|reopen   the move that goes with it
//   lifecycle:<dossier>:<generation>:<number>:note             why a move was impossible, said on the ticket
//   lifecycle:<dossier>:<generation>:<number>:link             to the ticket that this one follows
//
// A tracker that is down delays the steps and nothing else; what can't be done is kept with its reason. A ticket is
// looked at (`TicketSink::state`) when somebody says that it has changed; the order and content of what they say count
// for nothing.

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/action.hpp"
#include "dossier/ticket/ticket_sink.hpp"
#include "dossier/ticket/told.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// What the lifecycle keeps in the store.
struct LifecycleStore {
    store::TicketStore& tickets;
    store::EffectStore& effects;
};

struct FollowOrder {
    store::Claim claim;
    std::vector<Finding> findings; ///< every one of the dossier as it is now, over ones included, with their ids
    std::optional<DueDate> due;    ///< as it holds now; none where nothing is to be said of one
    std::string due_names;         ///< whom the comment on a passed date names: one line of Markdown
    bool may_write = true;         ///< false: what is planned keeps, and is looked at again after `pause`
    Duration pause{0};
    std::vector<ActionNews> outcomes{}; ///< of the dossier's actions; each is said once, on the ticket of the time
};

struct FollowProgress {
    std::optional<Timestamp> again_at; ///< something is left to be tried then
    bool wants_next = false;           ///< another ticket has to follow this one: a new draft is to be made
};

class Lifecycle {
public:
    /// @param pauses base and longest pause between two tries of a step
    Lifecycle(std::map<std::string, std::shared_ptr<TicketSink>> sinks, LifecycleStore store, LifecycleConfig rules,
              net::RetryPolicy pauses, const Clock& clock, Metrics& metrics);

    /// Looks at the dossier's ticket if that is wanted, plans what it is to be told, and does what is planned and due.
    /// Call again at `again_at`. An error is the store's.
    auto follow(FollowOrder order, Deadline deadline) -> Task<Result<FollowProgress>>;

private:
    struct Case;
    struct Step;

    auto look(Case& work) -> Task<Result<void>>;
    auto plan(Case& work, const FollowOrder& order) -> Task<Result<void>>;
    [[nodiscard]] static auto is_past_due(const Case& work, const FollowOrder& order, Timestamp now) -> bool;
    void plan_due(Case& work, const FollowOrder& order, std::vector<store::Intent>& planned,
                  std::vector<store::AuditEntry>& audit);
    void tell_breach(const Case& work);
    auto carry_out(Case& work, bool may_write, Duration pause) -> Task<Result<void>>;
    auto attempt(Case& work, store::Intent intent) -> Task<Result<bool>>;
    auto call(Case& work, Step step, store::Intent intent) -> Task<Result<void>>;
    auto settle_refused(Case& work, store::Intent intent, const Step& step, Error error) -> Task<Result<void>>;
    auto save(Case& work, std::vector<store::Intent> planned, std::vector<store::AuditEntry> audit)
        -> Task<Result<void>>;

    std::map<std::string, std::shared_ptr<TicketSink>> sinks_;
    LifecycleStore store_;
    LifecycleConfig rules_;
    net::RetryPolicy pauses_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
