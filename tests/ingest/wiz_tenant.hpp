#pragma once
// A Wiz tenant in the test's own process: tokens, issues and a graph behind HTTP, evaluated as the client asks. What it
// answers can be overridden a root field at a time. The stand-in of the end-to-end tests is the strict one; this one is
// for faults that must hit an exact request.

#include "support/run_task.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/net/http_client.hpp"
#include "ticket/local_server.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace dossier::ingest::test {

using ticket::test::LocalServer;
using ticket::test::Reply;
using ticket::test::Seen;

class WizTenant {
public:
    WizTenant();
    ~WizTenant();

    template <class T>
    auto run(Task<T> task) -> T {
        return dossier::test::start_task(runtime_.lane(0), std::move(task)).get();
    }
    /// The API of a source whose configuration `change` may alter.
    auto api(const std::function<void(ApiConfig&)>& change = {}) -> std::shared_ptr<PlatformApi>;
    [[nodiscard]] auto soon() const -> Deadline { return deadline_in(std::chrono::seconds{20}); }

    void entity(const std::string& id, const std::string& type, Json properties = Json::object());
    void edge(const std::string& from, const std::string& relation, const std::string& to);
    auto issue(const std::string& id, const std::string& status_changed, Json more = Json::object()) -> Json&;
    /// Requests for that root field so far.
    [[nodiscard]] auto asked(const std::string& root) const -> int;
    [[nodiscard]] auto tokens() const -> int { return tokens_; }

    /// Asked before anything else: an answer of its own, or nullopt. @param number of the request for that root
    using Script = std::function<std::optional<Reply>(const std::string& root, const Json& variables, int number)>;
    Script script;
    /// A write is carried out, and its answer never comes.
    bool loses_answers = false;
    std::map<std::string, Json> issues;
    int page_size = 500;

private:
    auto answer(const Seen& request) -> std::optional<Reply>;
    auto graph_search(const Json& variables) -> Json;
    auto issues_v2(const Json& variables) -> Json;
    auto write(const std::string& root, const Json& input) -> Json;
    [[nodiscard]] auto page(const std::vector<Json>& rows, const Json& variables) const -> Json;

    std::map<std::string, Json> entities_;
    std::vector<std::tuple<std::string, std::string, std::string>> edges_;
    mutable std::mutex mutex_;
    std::map<std::string, int> asked_;
    std::set<std::string> good_tokens_;
    int tokens_ = 0;
    int made_ = 0;
    Metrics metrics_;
    Runtime runtime_{1};
    std::unique_ptr<net::HttpClient> client_;
    std::unique_ptr<LocalServer> server_;
};

/// `{"errors":[{message, extensions.code}], "data": data}` with HTTP 200.
auto graphql_error(const std::string& code, const std::string& message, Json data = nullptr) -> Reply;

} // namespace dossier::ingest::test
