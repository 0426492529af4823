#pragma once
// A SCIM 2.0 server (RFC 7643, 7644, 9865) as we may use it: reading only, by its own endpoints, with the filters and
// the paging that it takes. What it takes is learned: from its discovery documents, asked once and not required, and
// from refusals, each of which is remembered. AWS IAM Identity Center takes `eq` on few attributes, no `startIndex`,
// and a cursor instead; others take no filter at all.

#include "directory_client.hpp"

#include "dossier/base/single_flight.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

enum class ScimKind { users, groups };

/// Resources of one question; the views live as long as this.
struct ScimList {
    std::vector<JsonDocument> pages;
    std::vector<JsonView> resources;
    bool is_refused = false; ///< the server does not take this filter
    bool is_cut = false;     ///< there is more than was read
};

class ScimServer {
public:
    ScimServer(DirectoryClient::Manner manner, const ProviderConfig& provider, const ContextConfig& config,
               const SourceMakings& makings);

    /// Discovery, once; afterwards at once. Fails where the server can't be asked at all.
    auto discover(Deadline deadline) -> Task<Result<void>>;
    /// `attribute eq "value"`, all pages up to a bound. Refused filters are no errors and are not sent again.
    auto find(ScimKind kind, std::string attribute, std::string value, Deadline deadline) -> Task<Result<ScimList>>;
    /// One resource by its id; none where there is no such.
    auto read(ScimKind kind, std::string id, Deadline deadline) -> Task<Result<std::optional<JsonDocument>>>;

    [[nodiscard]] auto takes_filters() const -> bool;
    [[nodiscard]] auto takes(ScimKind kind, std::string_view attribute) const -> bool; ///< as far as is known
    /// Whether the schema of a user has `groups`, so that a user without them is in none.
    [[nodiscard]] auto shows_groups_of_users() const -> bool;
    [[nodiscard]] auto client() const -> const DirectoryClient& { return client_; }

    /// `attribute eq "value"` with the value as a JSON string, as RFC 7644 §3.4.2.2 wants it.
    [[nodiscard]] static auto filter(std::string_view attribute, std::string_view value) -> std::string;

private:
    enum class Paging { unknown, index, cursor, none };
    struct Known {
        bool is_discovered = false;
        bool filters = true;
        bool user_groups = false;
        std::map<ScimKind, std::string> endpoints{{ScimKind::users, "/Users"}, {ScimKind::groups, "/Groups"}};
        std::set<std::string, std::less<>> refused;  ///< "Users.emails.value"
        std::set<std::string, std::less<>> accepted; ///< never taken for refused again
        Paging paging = Paging::unknown;
    };

    auto learn(Deadline deadline) -> Task<Result<bool>>;
    auto document(std::string path, Deadline deadline) -> Task<Result<std::optional<JsonDocument>>>;
    void learn_config(JsonView config);
    void learn_types(JsonView list);
    void learn_schemas(JsonView list);
    auto further_pages(std::string question, ScimList list, Deadline deadline) -> Task<Result<ScimList>>;
    [[nodiscard]] auto known() const -> Known;
    template <class Change>
    void note(Change change);

    DirectoryClient client_;
    mutable std::mutex mutex_;
    Known known_;
    SingleFlight<bool> discovery_;
};

} // namespace dossier::context
