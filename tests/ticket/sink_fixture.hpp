#pragma once
// A sink with a real HTTP client on a lane of its own, and a draft that fills every column.

#include "support/run_task.hpp"

#include "dossier/base/runtime.hpp"
#include "dossier/net/http_client.hpp"
#include "dossier/ticket/ticket_sink.hpp"
#include "local_server.hpp"

#include <boost/asio/io_context.hpp>

namespace dossier::ticket::test {

class SinkFixture {
public:
    SinkFixture(SinkConfig config, LocalServer::Handler handler) : server(std::move(handler)) {
        runtime.start();
        config.url = server.url();
        client = std::make_unique<net::HttpClient>(runtime, 1);
        sink = make_sink(config, *client, metrics);
    }
    ~SinkFixture() {
        sink.reset();
        client.reset();
        runtime.stop();
    }
    SinkFixture(const SinkFixture&) = delete;
    auto operator=(const SinkFixture&) -> SinkFixture& = delete;

    template <class T>
    auto run(Task<T> task) -> T {
        return dossier::test::start_task(runtime.lane(0), std::move(task)).get();
    }

    LocalServer server;
    Metrics metrics;
    Runtime runtime{1};
    std::unique_ptr<net::HttpClient> client;
    std::unique_ptr<TicketSink> sink;
};

inline auto full_draft() -> Draft {
    Draft draft;
    draft.id = "drf_1";
    draft.dossier_id = "dos_1";
    draft.severity = Severity::critical;
    draft.title = "[critical] Public S3 bucket\nacme-payments " + std::string(300, 'x');
    draft.body = "## What is exposed\n\nA bucket with [code]<b>html</b>[/code].\n\n| Id | Statement |\n| --- | --- |\n";
    for (int row = 0; row < 400; ++row) draft.body += "| E" + std::to_string(row) + " | a statement of ours |\n";
    draft.body += "\n**AI-Generated Guidance** by the template\n";
    draft.labels = {"data exposure", "pii"};
    draft.assignee = "alice@acme.example";
    return draft;
}

} // namespace dossier::ticket::test
