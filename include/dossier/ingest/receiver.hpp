#pragma once
// From delivery to commit: authenticates, splits, normalises far enough to recognise each item, quarantines what can't
// be read, and commits the whole delivery in one transaction. A returned result means: durable. Findings inside
// envelopes (envelope.hpp) are items of their own and may belong to another source (`as`).

#include "dossier/base/metrics.hpp"
#include "dossier/ingest/adapter.hpp"
#include "dossier/ingest/handshake.hpp"
#include "dossier/net/http_message.hpp"
#include "dossier/net/rate_limiter.hpp"
#include "dossier/store/store.hpp"

#include <map>
#include <memory>
#include <optional>

namespace dossier::ingest {

/// How a body came that no webhook brought.
struct Arrival {
    store::Via via = store::Via::event;
    std::string request_id;
    std::optional<store::CursorMove> cursor; ///< moved in the same transaction
};

/// What became of a request to a source.
struct Delivered {
    std::vector<store::IntakeResult> results;
    std::optional<net::HttpResponse> answer; ///< a handshake's, instead of results
};

class Admission;
enum class Patience;

class Receiver {
public:
    /// @param capacity of acknowledged, unfinished findings (`queue.capacity`)
    /// @param handshakes of the sources that have one; without its own, a source of kind `sns` takes nothing
    Receiver(std::vector<SourceConfig> sources, store::IntakeStore& store, const Clock& clock, Metrics& metrics,
             std::size_t capacity, Handshakes handshakes = {});
    ~Receiver();

    /// What the head alone can refuse: `not_found` (no such source), `unauthenticated`, `rate_limited`, `overloaded`.
    [[nodiscard]] auto admit(const std::string& source, const net::HttpRequest& head) -> Result<void>;
    /// `WWW-Authenticate` for a sender without credentials: SNS sends a password only after it was asked for one.
    [[nodiscard]] auto challenge(const std::string& source) const -> std::string;
    /// True for a media type besides JSON that the source's sender uses: SNS posts its JSON as text/plain.
    [[nodiscard]] auto takes_type(const std::string& source, std::string_view media_type) const -> bool;
    /// The answer to a sender that asks by OPTIONS whether it may send (answer_preflight); `not_found` for sources that
    /// are not asked.
    [[nodiscard]] auto preflight(const std::string& source, const net::HttpRequest& request) const
        -> Result<net::HttpResponse>;
    /// The whole delivery. Errors: as above (hmac), `malformed` (not JSON), `overloaded` (capacity), `storage`, and
    /// those of the source's handshake.
    auto receive(std::string source, net::HttpRequest request) -> Task<Result<Delivered>>;
    /// The same for what came another way: a message of a queue, what a poller found. No authentication, no rate.
    auto take(std::string source, std::string body, Arrival arrival) -> Task<Result<std::vector<store::IntakeResult>>>;
    /// Several messages of a queue in one commit. What is no JSON is quarantined: a queue has nobody to refuse it to.
    auto take_messages(std::string source, std::vector<std::string> bodies, Arrival arrival)
        -> Task<Result<std::vector<store::IntakeResult>>>;
    /// One object of the source's API as an item: a finding, or why it is none.
    /// @param updated_at the platform's date of it, where the object itself has none that we read
    [[nodiscard]] auto read_found(const std::string& source, std::string raw, std::optional<Timestamp> updated_at) const
        -> store::IntakeItem;
    /// What a poller found. Takes no more than half of the queue, so that deliveries go first: `overloaded` then.
    /// `conflict` when `arrival.cursor` is stale. No items still move the cursor.
    auto take_found(std::string source, std::vector<store::IntakeItem> items, Arrival arrival)
        -> Task<Result<std::vector<store::IntakeResult>>>;
    /// How many items a poller hands in at once.
    [[nodiscard]] auto piece() const -> std::size_t;
    /// True while so many items of the source would be taken. A queue has no more than half of the room, as pollers.
    [[nodiscard]] auto has_room(const std::string& source, std::size_t items) const -> bool;
    /// Tries a quarantined item again with the adapter as it is now.
    auto retry_quarantined(std::string id, std::vector<store::AuditEntry> audit) -> Task<Result<store::IntakeResult>>;
    /// The canonical finding of a stored payload (the `normalise` stage).
    [[nodiscard]] auto normalise(const store::FindingRow& stored) const -> Result<Finding>;
    /// The canonical finding of a payload.
    [[nodiscard]] auto normalise(const std::string& source, std::string_view raw) const -> Result<Finding>;
    /// All findings of a body that is not stored; what is none is an error in its place.
    [[nodiscard]] auto normalise_all(const std::string& source, std::string_view body) const
        -> Result<std::vector<Result<Finding>>>;
    [[nodiscard]] auto source_names() const -> std::vector<std::string>;

private:
    struct Source;
    auto commit(const Source& source, std::vector<store::IntakeItem> items, Arrival arrival)
        -> Task<Result<std::vector<store::IntakeResult>>>;
    [[nodiscard]] static auto patience_of(const Source& source, store::Via via) -> Patience;
    void count_refusal(std::string_view source, std::string_view reason);
    void count(std::string_view source, std::string_view outcome, store::Via via = store::Via::webhook);
    void count_late(std::string_view source, const std::vector<store::IntakeResult>& results);
    std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
    store::IntakeStore& store_;
    const Clock& clock_;
    Metrics& metrics_;
    std::unique_ptr<Admission> admission_;
};

} // namespace dossier::ingest
