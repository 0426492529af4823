#pragma once
// The poller of a queue: it receives while there is room for what comes, commits all messages of a receive at once, and
// takes them off the queue only then. What is no finding is quarantined like a bad delivery and taken off, too: it
// would come again for ever. Errors are waited out with full jitter; a full service receives nothing. The queue itself
// shares its messages out among replicas, so every replica runs one.

#include "dossier/base/metrics.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/ingest/poller.hpp"
#include "dossier/ingest/receiver.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/http_client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dossier::ingest {

/// One for each source of kind `sqs` or `service_bus`. @param receiver outlives them, as does everything else
[[nodiscard]] auto make_queue_pollers(const std::vector<SourceConfig>& sources, Receiver& receiver,
                                      net::HttpClient& client, Metrics& metrics)
    -> std::vector<std::shared_ptr<Poller>>;

/// A way to try the queue of each such source, under the source's name, for `dossier check --connect`.
using QueueCheck = std::function<Task<net::ConnectCheck>(Deadline deadline)>;
[[nodiscard]] auto make_queue_checks(const std::vector<SourceConfig>& sources, net::HttpClient& client,
                                     Metrics& metrics) -> std::vector<std::pair<std::string, QueueCheck>>;

} // namespace dossier::ingest
