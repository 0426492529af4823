#pragma once
// A platform's own API, as far as dossier uses it: the full finding, what changed since a cursor, the neighbours of a
// resource, stores whose sensitivity nobody knows, and writing back. One implementation a platform (Wiz GraphQL, Prisma
// Cloud REST, Orca REST); what a platform can't do is `Capability` not set, and the call then is `invalid_argument`.
// Tokens are fetched once, shared, renewed before expiry and on 401, and never logged. Paging, 429 with Retry-After,
// errors inside HTTP 200 and partial errors are this interface's business, so that callers see answers or one Error.
// Sources: the vendor notes named in each implementation. Callable from any lane.

#include "dossier/base/error.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/http_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ingest {

/// What a platform lets a client do.
struct Capabilities {
    bool fetch = false;
    bool changes = false;
    bool graph = false;
    bool backlog = false;
    bool access_log = false;
    bool policies = false;
    bool comment = false;
    bool tags = false; ///< by the platform's own means (a rule, a note); `api.tags.url` adds it to any
    bool status = false;
    bool ticket_link = false;
    bool remarks = false;
};

/// One item of the platform in a form that the source's adapter takes, as it is to be stored.
struct ApiItem {
    std::string raw;
    std::string source_id;
    std::optional<Timestamp> updated_at; ///< when the platform says that it changed last
    /// Why no webhook may have been sent for it, as far as the API shows it: "no alert rule notifies of resolved
    /// alerts"; "" = the platform doesn't say.
    std::string why_not_delivered;
};

struct ChangePage {
    std::vector<ApiItem> items;
    std::string next_cursor; ///< to be kept once `items` are committed; opaque to everyone else
    bool has_more = false;   ///< ask again at once
};

/// A store whose sensitivity is unknown. Samples are raw here and must be masked before they are kept anywhere.
struct UnclassifiedStore {
    std::string source_id;
    Resource resource;
    std::string store_kind; ///< s3 | azure_blob | gcs | rds | bigquery | snowflake | data_lake | other word
    std::vector<DataField> fields;
    std::vector<std::string> objects;
    std::vector<std::vector<std::pair<std::string, std::string>>> rows; ///< field → value; at most 100
    std::vector<std::string> current_tags; ///< classification that the platform has on it, if any
    std::optional<Timestamp> last_scanned;
    std::string url;
};

struct BacklogPage {
    std::vector<UnclassifiedStore> stores;
    std::string next_cursor;
    bool has_more = false;
};

struct GraphLimits {
    int max_hops = 3;
    std::size_t max_nodes = 200;
};

/// What the platform knows of a resource beyond its graph.
struct ResourceInsight {
    std::vector<std::string> exposure_path;
    std::vector<AccessEvent> access_log;
    std::vector<PolicyFact> policies; ///< kinds `attached` and `classification`
    std::vector<Principal> access;
};

/// What one write did. `remote_id` finds it again.
struct WriteReceipt {
    std::string remote_id;
    bool was_there = false; ///< an earlier attempt had done it
};

/// What somebody said about a finding inside the platform, or did to it.
struct Remark {
    std::string id;    ///< the same at each reading
    std::string email; ///< whose it is; "" where the platform doesn't say
    Timestamp at{};
    std::string text;   ///< of a comment
    std::string status; ///< set instead of `text`: what the finding was set to, the platform's word in lower case
};

/// A classification of an asset in the two forms that users know (see classification_payload.hpp).
struct Classification {
    std::string data_classification;                ///< "PII"
    std::string data_domain;                        ///< "Customer"
    std::vector<std::string> regulatory_frameworks; ///< "GDPR", "CCPA"
    std::optional<double> confidence;               ///< 0…1; absent = left out
    std::string classified_by = "dossier";
    std::string reasoning;
};

class PlatformApi {
public:
    virtual ~PlatformApi() = default;
    /// Configured name of the source.
    [[nodiscard]] virtual auto source() const -> const std::string& = 0;
    [[nodiscard]] virtual auto capabilities() const -> Capabilities = 0;

    /// The whole finding. `not_found` when the platform knows no such id.
    virtual auto fetch(std::string source_id, Deadline deadline) -> Task<Result<ApiItem>> = 0;
    /// Comments on the finding and changes of its status, in no order. What has neither time nor id is left out.
    virtual auto remarks(std::string source_id, Deadline deadline) -> Task<Result<std::vector<Remark>>> = 0;
    /// Findings created, changed or resolved since `cursor`, oldest change first. An item may come twice, none is left
    /// out: cursors overlap where the platform's clock or paging may skip.
    /// @param cursor "" = from `since` on
    virtual auto changes(std::string cursor, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>> = 0;
    /// The graph around the finding's resource; nullopt when the platform doesn't know it.
    virtual auto neighbours(Finding finding, GraphLimits limits, Deadline deadline)
        -> Task<Result<std::optional<BlastRadius>>> = 0;
    virtual auto insight(Finding finding, Deadline deadline) -> Task<Result<ResourceInsight>> = 0;
    virtual auto backlog(std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>> = 0;
    /// Classification policies and patterns that the platform has.
    virtual auto classification_policies(Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> = 0;

    /// Adds a comment once per `key`: an earlier one that carries the key is found where the platform lists comments.
    /// `outcome_unknown` when it may be there now.
    virtual auto comment(std::string source_id, std::string text, std::string key, Deadline deadline)
        -> Task<Result<WriteReceipt>> = 0;
    virtual auto link_ticket(std::string source_id, TicketRef ticket, Deadline deadline)
        -> Task<Result<WriteReceipt>> = 0;
    virtual auto set_status(std::string source_id, Status status, std::string note, Deadline deadline)
        -> Task<Result<WriteReceipt>> = 0;
    virtual auto tag(std::string source_id, Resource resource, Classification classification, std::string key,
                     Deadline deadline) -> Task<Result<WriteReceipt>> = 0;

    /// Tries endpoint, credentials and the rights that the configuration needs, by reading only.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck> = 0;
};

/// The API of a source, nullptr where none is configured or its kind has none.
[[nodiscard]] auto make_platform_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi>;

} // namespace dossier::ingest
