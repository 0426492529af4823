#pragma once
// Lanes, a client and a scripted server for sources that ask over HTTP.

#include "dossier/base/strings.hpp"
#include "dossier/context/enricher.hpp"
#include "net/net_client_fixture.hpp"
#include "net/scripted_server.hpp"

namespace dossier::context {

class RemoteSourceTest : public net::test::NetClientTest {
protected:
    auto makings() -> SourceMakings {
        return {.client = *client, .metrics = metrics, .platforms = {}, .graph_limits = {}};
    }
    static auto config() -> ContextConfig {
        ContextConfig config;
        config.timeout = std::chrono::seconds(2);
        return config;
    }
    /// Decoded request targets that the server saw: "GET /path?query".
    static auto targets(const net::test::ScriptedServer& server) -> std::vector<std::string> {
        std::vector<std::string> seen;
        for (const auto& head : server.heads()) {
            const auto line = head.substr(0, head.find(" HTTP/"));
            seen.push_back(percent_decode(line).value_or(line));
        }
        return seen;
    }

    Metrics metrics;
};

} // namespace dossier::context
