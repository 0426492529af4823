#pragma once
// A platform's HTTP server whose answers a test writes by call: "POST /v2/alert" gives the first of its answers, the
// next time the second, and the last one stays. It keeps what was asked.

#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/platform_api.hpp"

#include "net/net_client_fixture.hpp"
#include "net/scripted_server.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dossier::ingest::test {

using net::test::answer;
using net::test::Answer;
using namespace std::chrono_literals;

struct Asked {
    std::string call; ///< "POST /v2/alert?detailed=true"
    std::string head;
    std::string body;

    /// Text at a JSON pointer of the body; "" where there is none.
    [[nodiscard]] auto at(std::string_view pointer) const -> std::string {
        const auto document = JsonDocument::parse(body);
        return document ? document->root().at(pointer).text_or("") : std::string();
    }
};

class FakePlatform {
public:
    using Routes = std::map<std::string, std::vector<Answer>, std::less<>>;

    explicit FakePlatform(Routes routes)
        : routes_(std::move(routes)),
          server_([this](const std::string& head, const std::string& body, int) { return reply(head, body); }) {}

    [[nodiscard]] auto url() const -> std::string { return server_.url(""); }
    void set(const std::string& call, std::vector<Answer> answers) {
        const std::scoped_lock lock(mutex_);
        routes_[call] = std::move(answers);
        counts_[call] = 0;
    }
    /// Calls that begin with `call`, in order.
    [[nodiscard]] auto asked(std::string_view call = "") const -> std::vector<Asked> {
        const std::scoped_lock lock(mutex_);
        std::vector<Asked> found;
        for (const auto& one : asked_)
            if (one.call.starts_with(call)) found.push_back(one);
        return found;
    }

private:
    auto reply(const std::string& head, const std::string& body) -> Answer {
        const auto words = split(split(head, '\r').front(), ' ');
        const auto call = words.size() > 1 ? std::string(words[0]) + " " + std::string(words[1]) : head;
        const std::scoped_lock lock(mutex_);
        asked_.push_back({.call = call, .head = head, .body = body});
        auto at = routes_.find(call);
        if (at == routes_.end()) at = routes_.find(call.substr(0, call.find('?')));
        if (at == routes_.end() || at->second.empty()) return answer(404, "{}");
        const auto count = counts_[at->first]++;
        return at->second[std::min(count, at->second.size() - 1)];
    }

    mutable std::mutex mutex_;
    Routes routes_;
    std::map<std::string, std::size_t, std::less<>> counts_;
    std::vector<Asked> asked_;
    net::test::ScriptedServer server_; ///< last: it ends before what it uses
};

/// "ok" or the code of the error.
template <class T>
auto code_of(const Result<T>& result) -> std::string {
    return result ? "ok" : std::string(name_of(result.error().code));
}

/// Edges as "from relation to" and nodes as "hops kind id", for exact comparison.
inline auto lines_of(const BlastRadius& radius) -> std::vector<std::string> {
    std::vector<std::string> lines;
    for (const auto& node : radius.nodes) lines.push_back(std::to_string(node.hops) + " " + node.kind + " " + node.id);
    for (const auto& edge : radius.edges) lines.push_back(edge.from + " " + edge.relation + " " + edge.to);
    return lines;
}

class PlatformApiTest : public net::test::NetClientTest {
protected:
    auto api_of(std::string_view kind, const std::string& url) -> std::shared_ptr<PlatformApi> {
        SourceConfig config;
        config.name = kind;
        config.kind = kind;
        config.api.emplace();
        config.api->url = url;
        config.api->client_id = "key";
        config.api->client_secret = Secret("secret");
        config.api->token = Secret("orca-token");
        config.api->rate = Rate{0};
        config.api->timeout = Duration{2'000};
        config.api->write_back.tag_endpoint = tag_endpoint;
        config.api->project = project;
        return make_platform_api(config, *client, metrics);
    }
    static auto soon() -> Deadline { return deadline_in(5s); }

    Metrics metrics;
    TagEndpointConfig tag_endpoint;
    std::string project;
};

} // namespace dossier::ingest::test
