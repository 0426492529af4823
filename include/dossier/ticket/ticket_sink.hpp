#pragma once
// A tracker. Sinks speak one vendor's API and nothing else; once-only delivery is `Delivery`'s business, built on the
// promise that `create` says honestly when its outcome is unknown and that `find` looks a ticket up by its key.
// Everything but `create` may be repeated after any failure: it looks before it adds, or sets what is to be.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/ticket/config.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// Who reads a comment. ServiceNow keeps `staff` in work notes and shows `everyone` the comment; Jira shows both alike.
enum class Audience { staff, everyone };

enum class Standing { open, done };

/// A ticket as its tracker shows it now.
struct TicketState {
    std::string status; ///< the tracker's own word ("In Progress") or code ("6")
    Standing standing = Standing::open;
    std::string resolution;           ///< Jira: name of the resolution; ServiceNow: close_code; "" = none
    std::string assignee;             ///< e-mail where the tracker shows it, else its own id or name; "" = nobody
    std::optional<Timestamp> updated; ///< as the tracker says
};

/// Where a ticket shall go.
struct TicketTarget {
    Standing standing = Standing::done;
    std::string status;     ///< by the tracker's own name or code; "" = whatever is configured, else what leads there
    std::string resolution; ///< Jira: name of a resolution, ServiceNow: close_code; "" = whatever is configured
    std::string note;       ///< why, in plain words: ServiceNow's close notes
};

enum class LinkKind { relates, duplicates, child_of };

struct Attachment {
    std::string name; ///< file name; another content wants another name, for an attachment is never replaced
    std::string content_type;
    std::string bytes;
};

/// A ticket of ours that its tracker's search calls changed.
struct TicketChange {
    std::string key;
    std::string id;
    std::string mark; ///< differs after each change (its time, or a counter); "" = not told
};
struct TicketChanges {
    std::vector<TicketChange> tickets;
    std::string next; ///< of the next page; "" = this was the last
};

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
                         Audience audience, Deadline deadline) -> Task<Result<void>> = 0;
    /// Assigns to the person of an e-mail and marks the ticket as approved. Idempotent. An unknown person is
    /// `not_found`: the ticket then stays unassigned and says who should have it.
    virtual auto assign(const TicketRef& ticket, const std::string& email, Deadline deadline) -> Task<Result<void>> = 0;
    /// Hands an approved ticket over: `assign` to the draft's assignee, and whatever else the tracker files it under.
    virtual auto hand_over(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>>;
    /// Reads the ticket itself, not a search index. `not_found` = deleted, or hidden from us.
    virtual auto state(const TicketRef& ticket, Deadline deadline) -> Task<Result<TicketState>> = 0;
    /// Moves the ticket; one that is there already stays as it is. `conflict` when its workflow has no way there for
    /// us, or the way wants what we haven't got: repeating won't mend it, a person has to.
    virtual auto transition(const TicketRef& ticket, const TicketTarget& target, Deadline deadline)
        -> Task<Result<void>> = 0;
    /// Sets another due date, unless a person has set one that isn't `before`. Here: nothing, as also where the ticket
    /// has no such field for us.
    virtual auto move_due(const TicketRef& ticket, const DueDate& before, const DueDate& now, Deadline deadline)
        -> Task<Result<void>>;
    /// Links `ticket` to `other` of the same tracker, once: "ticket duplicates other", "ticket is a child of other".
    virtual auto link(const TicketRef& ticket, const TicketRef& other, LinkKind kind, Deadline deadline)
        -> Task<Result<void>> = 0;
    /// Adds a file, once per name. Here: nothing, as for all that follows where a tracker can't.
    /// @param may_be_there an earlier try may have added it: looked up first
    virtual auto attach(const TicketRef& ticket, const Attachment& file, bool may_be_there, Deadline deadline)
        -> Task<Result<void>>;
    /// Links to a page outside of the tracker, once per id.
    virtual auto refer(const TicketRef& ticket, const WebLink& link, Deadline deadline) -> Task<Result<void>>;
    /// True where the draft's text doesn't fit the tracker's field, so that the whole of it has to come as a file.
    [[nodiscard]] virtual auto is_shortened(const Draft& draft) const -> bool;
    /// True where tickets are to carry files.
    [[nodiscard]] virtual auto takes_files() const -> bool { return false; }
    /// A double found by the sweep: link to the original and close.
    virtual auto close_duplicate(const TicketRef& duplicate, const TicketRef& original, Deadline deadline)
        -> Task<Result<void>> = 0;
    /// Tickets of ours that changed within the last `back`, page by page: a hint of what to look at, for the search may
    /// lag and leave out. Here: none. @param page "" for the first, then what `next` said
    virtual auto changes(Duration back, std::string page, Deadline deadline) -> Task<Result<TicketChanges>>;
    /// Tries address, credentials and rights by reading only. Here: nothing to try.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;

    /// Takes a ticket that is done back up. `conflict` where the tracker doesn't allow it (ServiceNow: closed).
    auto reopen(TicketRef ticket, std::string note, Deadline deadline) -> Task<Result<void>>;
};

[[nodiscard]] auto make_sink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<TicketSink>;

/// The key a ticket carries: "dossier-" and 32 hex digits of the hash of instance and dossier id. Fits a Jira label
/// (255, no white space) and a ServiceNow correlation_id (100), and holds no finding text.
[[nodiscard]] auto ticket_key(const std::string& instance, const std::string& dossier_id) -> std::string;

} // namespace dossier::ticket
