#pragma once
// Sections `identity`, `cmdb` and `context`.

#include "dossier/base/config.hpp"

#include <string>
#include <vector>

namespace dossier::context {

/// One entry of `identity` or `cmdb`. Which keys a kind needs and takes stands in the table of config.cpp.
struct ProviderConfig {
    std::string
        kind; ///< file | scim | okta | msgraph | aws_iam | aws_identity_center; file | servicenow | http | backstage
    std::string name; ///< for messages and metrics; default "<kind>"
    std::string path; ///< file: YAML
    std::string url;
    Secret token;
    std::string user;
    Secret password;
    std::string auth_url; ///< OAuth token endpoint
    std::string client_id;
    Secret client_secret;
    std::string scope;
    std::string tenant_id; ///< msgraph
    Secret private_key;    ///< okta: PEM of a service app (private_key_jwt)
    std::string key_id;    ///< okta
    std::string region;    ///< aws
    std::string identity_store_id;
    Secret access_key_id; ///< aws; "" = AWS_ACCESS_KEY_ID and its companions, then the web identity of the pod
    Secret secret_access_key;
    Secret session_token;
    std::string role_arn;     ///< aws: assumed on top; `{account}` in it = the account of the resource
    std::string analyzer_arn; ///< aws_iam: Access Analyzer
    std::vector<std::pair<std::string, std::string>> endpoints; ///< aws: service → base URL, for other partitions
    std::string table;                                          ///< servicenow: "cmdb_ci"
    std::vector<std::pair<std::string, std::string>> headers;   ///< http
    std::vector<std::pair<std::string, std::string>> map;       ///< http: field → JSON pointer
    std::vector<std::string> annotations;                       ///< backstage: which hold the provider's id
    std::vector<std::string> calls; ///< aws_iam: tags | analyzer | bucket | organization | account | trail |
                                    ///< simulate; none = all but simulate
    Rate rate;                      ///< calls a second: the budget of this upstream; 0 = no limit of ours
    std::size_t max_in_flight = 0;  ///< 0 = context.max_in_flight
    Duration cache_ttl{0};          ///< 0 = context.cache_ttl
};

struct ContextConfig {
    Duration timeout{2'000};        ///< for one source and one finding
    Duration graph_timeout{20'000}; ///< for a blast radius, which takes several calls one after the other
    Duration cache_ttl{600'000};
    Duration cache_negative_ttl{60'000}; ///< for "not known there"
    Duration cache_stale{3'600'000};     ///< how long after its end an answer stands in for a source that is down
    std::size_t max_in_flight = 64;
    std::size_t cache_entries = 50'000; ///< most answers kept, over all sources
    std::vector<std::string> policies;  ///< directories, files or URLs of the organisation's policy documents
    std::vector<ProviderConfig> identity;
    std::vector<ProviderConfig> cmdb;
};

/// @param root the whole configuration: reads `identity`, `cmdb`, `context`
[[nodiscard]] auto read_context(config::Section& root) -> ContextConfig;

} // namespace dossier::context
