#include "jira_sink.hpp"
#include "outbox_sink.hpp"
#include "servicenow_sink.hpp"

#include <stdexcept>

namespace dossier::ticket {

auto make_sink(const SinkConfig& config, net::HttpClient& client, Metrics& metrics) -> std::unique_ptr<TicketSink> {
    if (config.kind == "jira") return std::make_unique<JiraSink>(config, client, metrics);
    if (config.kind == "servicenow") {
        // The name becomes part of a path.
        if (!is_plain_key(config.table)) throw std::invalid_argument("'" + config.table + "' is no table name");
        return std::make_unique<ServiceNowSink>(config, client, metrics);
    }
    if (config.kind == "outbox") return std::make_unique<OutboxSink>(config.name);
    throw std::invalid_argument("'" + config.kind + "' is no kind of ticket sink");
}

} // namespace dossier::ticket
