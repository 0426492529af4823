#pragma once
// Section `sources`: one entry a webhook or a queue.

#include "dossier/base/config.hpp"
#include "dossier/base/crypto.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::ingest {

struct SourceAuthConfig {
    enum class Type { none, bearer, basic, header, hmac, mtls } type = Type::none;
    Secret token;       ///< bearer, header
    std::string header; ///< header, hmac: the field that carries it
    std::string user;   ///< basic
    Secret password;
    Secret secret; ///< hmac key
    HashAlgorithm algorithm = HashAlgorithm::sha256;
    std::string prefix;           ///< hmac: text before the hex digest ("sha256=")
    std::string timestamp_header; ///< hmac: set = the signature covers "<timestamp>.<body>"
    Duration tolerance{300'000};
    std::string subject; ///< mtls: glob over the certificate's subject
};

/// How classifications are written to assets where the platform has a call for it: any JSON-over-HTTP endpoint.
struct TagEndpointConfig {
    std::string url; ///< template: {resource.id}, {resource.name}, {finding.id} are percent-encoded; "" = none
    std::string method = "POST";
    std::string form = "flat";                                ///< flat | list (classification_payload.hpp)
    std::vector<std::pair<std::string, std::string>> headers; ///< fixed ones; the API's own token is added
};

/// What is written back, once a person (or the route) has approved the draft. Never in mode `observe`.
struct WriteBackConfig {
    bool comment = true;     ///< summary and ticket link on the finding
    bool ticket_link = true; ///< where the platform keeps ticket links of its own
    bool status = true;      ///< `in_progress` once the ticket is assigned
    bool tags = true;        ///< classification of the asset
    TagEndpointConfig tag_endpoint;
};

/// `sources[].api`: the platform's own API. Present = reconciliation, blast radius, backlog and write-back are on.
struct ApiConfig {
    std::string url;       ///< wiz: GraphQL endpoint; prisma, orca: base
    std::string auth_url;  ///< wiz: token endpoint, "" = Wiz's own; prisma: base of /login where it differs
    std::string client_id; ///< prisma: access key id
    Secret client_secret;  ///< prisma: secret key
    std::string audience;  ///< wiz; "" = by the host of auth_url
    Secret token;          ///< orca
    std::string project;   ///< wiz: project id that everything is limited to, "" = all; prisma: the tenant where a key
                           ///< has several
    Rate rate{10};         ///< calls a second; 0 = no limit of ours
    std::size_t max_in_flight = 8;
    Duration timeout{15'000}; ///< for one try
    bool reconcile = true;
    Duration poll{60'000};            ///< between two looks for changes
    Duration lookback{86'400'000};    ///< how far the first look goes back
    Duration delivery_grace{900'000}; ///< how long after a look a delivery may come and be merely late
    bool blast_radius = true;
    int max_hops = 3;
    std::size_t max_nodes = 200;
    bool backlog = true;
    Duration backlog_every{3'600'000};
    WriteBackConfig write_back;
};
/// @param kind of the source: decides which keys are needed
[[nodiscard]] auto read_api(config::Section section, const std::string& kind) -> ApiConfig;

/// Kind `sns`: an HTTP(S) subscription of topics.
struct SnsConfig {
    /// ARNs; messages of others are refused, their subscriptions never confirmed. None (with `auth` only): messages of
    /// any topic are taken, no subscription is confirmed.
    std::vector<std::string> topics;
    std::string signing_certificate; ///< PEM file that all messages are checked with; "" = fetched from AWS by its URL
};

/// Kind `sqs`. Without keys: what the environment, the pod or the container gives.
struct SqsConfig {
    std::string queue_url;
    std::string region; ///< "" = as the queue's URL says
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;
    std::string role_arn; ///< assumed for it; "" = none
    std::string endpoint; ///< private endpoint of the service; "" = the queue's host
    Duration wait{20'000};
    Duration visibility{60'000}; ///< how long a message that is not deleted stays away
    int batch = 10;
};

/// Kind `service_bus`: a queue, or a subscription of a topic, by REST peek-lock.
struct ServiceBusConfig {
    std::string url;      ///< https://<namespace>.servicebus.windows.net
    std::string entity;   ///< "findings", "topic/subscriptions/dossier"
    std::string key_name; ///< shared access policy
    Secret key;
    std::string tenant_id; ///< or an app registration of Entra ID
    std::string client_id;
    Secret client_secret;
    std::string authority = "https://login.microsoftonline.com";
    Duration wait{55'000};
};

/// What the kinds that bring events have beyond other sources.
struct EventConfig {
    std::vector<std::string> origins; ///< event_grid, cloudevents: senders that may subscribe us (globs); none = any
    SnsConfig sns;
    SqsConfig sqs;
    ServiceBusConfig service_bus;
};

/// eventbridge | sns | sqs | event_grid | service_bus | cloudevents: findings of any platform, inside envelopes.
[[nodiscard]] auto is_event_kind(std::string_view kind) -> bool;
/// sqs | service_bus: we ask for the messages, nobody posts them.
[[nodiscard]] auto is_pulled(std::string_view kind) -> bool;
/// @param section of the source
[[nodiscard]] auto read_events(config::Section& section, const std::string& kind) -> EventConfig;

struct SourceConfig {
    std::string name;
    std::string kind; ///< wiz | prisma | orca | aws | defender | scc | generic, or an event kind
    std::string as;   ///< event kinds: the source that the findings inside belong to; "" = this one
    SourceAuthConfig auth;
    Rate rate;
    std::string console_url; ///< base of the platform's console, where links are built; "" = the vendor's default
    std::optional<ApiConfig> api;
    EventConfig events;
    std::vector<std::pair<std::string, std::string>> map; ///< generic: canonical name → JSON pointer
};

[[nodiscard]] auto read_sources(std::vector<config::Section> sections) -> std::vector<SourceConfig>;

} // namespace dossier::ingest
