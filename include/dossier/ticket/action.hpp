#pragma once
// What an approved draft does outside of a tracker: a pull request, a file, a message to another system, a scan. One
// draft is one action of one target, and it happens once over retries, crashes, replicas and lost answers: the intent
// `action:<draft>` is committed before the first call, and every later try asks the target first whether it is there
// already. A target that is down delays an action and nothing else; what can't be done is kept with its reason. Either
// way the outcome is audited, shown with the draft, and said on the ticket of the dossier (ticket/lifecycle).
//
// A target speaks one vendor's API and decides nothing: who may approve, in which mode and how often is settled before.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/time.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/store/store.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// One approved effect, the same over every try.
struct Action {
    std::string key; ///< "dossier-" and 32 hex digits: of this action alone, among all installations
    Draft draft;     ///< as approved; its `sink` is the target
};

/// Where the effect can be looked at.
struct ActionReceipt {
    std::string id;     ///< as the other side calls it: "acme/policies#12", a path; at most 200 bytes
    std::string url;    ///< http(s), "" where there is none
    std::string detail; ///< what else a person should know, one sentence; "" = nothing
};

class ActionTarget {
public:
    virtual ~ActionTarget() = default;
    /// As configured; a draft's `sink`.
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// The kind of draft that it takes: "policy", …
    [[nodiscard]] virtual auto takes() const -> std::string_view = 0;
    /// What an earlier try has done *whole*; nullopt = nothing, or a part that `perform` will go on from, or it can't
    /// be looked up there (then the other side has to heed the key). Reads only.
    virtual auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> = 0;
    /// Does it. May be repeated after any failure: it looks before it adds, or sends the key along. Errors that
    /// `is_final_refusal` names end the action; any other is tried again later.
    virtual auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> = 0;
    /// How long after the decision it is worth trying: what the other side's longest outage may last, or its work.
    [[nodiscard]] virtual auto patience() const -> Duration { return std::chrono::hours{24}; }
    /// Tries address, credentials and rights by reading only.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck> = 0;
};

struct ActionProgress {
    std::optional<Timestamp> again_at;  ///< set = it is to be tried again then
    std::optional<TicketRef> done;      ///< set = it is there: sink, key and url of it
    std::optional<std::string> refused; ///< set = given up, and why
    bool settled_now = false;           ///< by this call, so that the ticket has yet to hear of it
};

/// What became of an approved draft, in the words of its ticket.
struct ActionNews {
    std::string draft_id;
    std::string comment; ///< Markdown
};

/// Intents of actions begin so.
inline constexpr std::string_view action_prefix = "action:";

class Actions {
public:
    using Targets = std::map<std::string, std::shared_ptr<ActionTarget>>;
    /// @param pauses base and longest pause between two tries
    /// @param instance `tickets.instance`: part of every key
    Actions(Targets targets, store::EffectStore& store, net::RetryPolicy pauses, std::string instance,
            const Clock& clock, Metrics& metrics);

    /// Whether drafts of this kind may go to `sink`.
    [[nodiscard]] auto serves(const std::string& sink, std::string_view kind) const -> bool;
    /// The next step of an approved draft's action. Call again at `again_at`. An error is the store's, or `rejected`
    /// where the draft is not what was approved.
    auto carry_out(Draft draft, Deadline deadline) -> Task<Result<ActionProgress>>;
    /// What is over of a dossier's actions, for its ticket, in the order of the drafts.
    auto news_of(const store::DossierRow& dossier) -> Task<Result<std::vector<ActionNews>>>;

private:
    auto attempt(std::shared_ptr<ActionTarget> target, store::Intent intent, Draft draft, Deadline deadline)
        -> Task<Result<ActionProgress>>;
    auto settle(store::Intent intent, Draft draft, std::string detail, bool was_there) -> Task<Result<ActionProgress>>;
    auto put_off(store::Intent intent, Error error) -> Task<Result<ActionProgress>>;

    Targets targets_;
    store::EffectStore& store_;
    net::RetryPolicy pauses_;
    std::string instance_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
