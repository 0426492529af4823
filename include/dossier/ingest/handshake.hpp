#pragma once
// What senders of events want besides an acknowledgement: SNS has its subscriptions confirmed and signs what it sends,
// Azure Event Grid asks whether the endpoint wants its events, and CloudEvents' webhook specification asks the same by
// OPTIONS. A handshake is met after the source's own authentication and before anything is taken.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/time.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/http_client.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ingest {

class Handshake {
public:
    virtual ~Handshake() = default;
    /// The answer that the sender waits for; nullopt = a delivery, and its sender is who it says it is. Errors:
    /// `unauthenticated` (no signature, or one that does not hold), `forbidden` (a topic that is not ours),
    /// `malformed`, and those of the calls that confirm.
    /// @param request stays where it is until the task has ended
    virtual auto meet(const net::HttpRequest& request) -> Task<Result<std::optional<net::HttpResponse>>> = 0;
};

/// By source name.
using Handshakes = std::map<std::string, std::shared_ptr<Handshake>, std::less<>>;

/// Those of the sources that have one. The error names a certificate file that can't be used.
[[nodiscard]] auto make_handshakes(const std::vector<SourceConfig>& sources, net::HttpClient& client, Metrics& metrics,
                                   const Clock& clock) -> Result<Handshakes>;

/// Fetches one URL; in tests something that answers without a network.
using FetchUrl = std::function<Task<Result<net::HttpResponse>>(std::string url, Deadline deadline)>;
/// @param signing_certificate PEM that stands for every certificate URL; "" = certificates are fetched
[[nodiscard]] auto make_sns_handshake(const SourceConfig& config, FetchUrl fetch, std::string signing_certificate,
                                      const Clock& clock) -> std::shared_ptr<Handshake>;
[[nodiscard]] auto make_event_grid_handshake(const SourceConfig& config) -> std::shared_ptr<Handshake>;

/// "CloudEvents 1.0 HTTP webhooks" §4: may `request`'s origin send to this source, and how often a minute? Errors:
/// `invalid_argument` (no origin named, or a source that is not asked), `forbidden`.
[[nodiscard]] auto answer_preflight(const SourceConfig& config, const net::HttpRequest& request)
    -> Result<net::HttpResponse>;

} // namespace dossier::ingest
