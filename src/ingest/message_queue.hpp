#pragma once
// A queue of somebody else's that gives out messages on loan: a message that isn't completed in its time comes again,
// to us or to another replica. Amazon SQS and Azure Service Bus behind one face, for QueuePoller.

#include "dossier/base/error.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/http_client.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace dossier::ingest {

struct QueueMessage {
    std::string id;     ///< the queue's, for logs
    std::string handle; ///< what completes or returns it
    std::string body;
};

class MessageQueue {
public:
    virtual ~MessageQueue() = default;
    /// Waits for messages as long as the queue lets one wait; none is an answer, too.
    virtual auto receive() -> Task<Result<std::vector<QueueMessage>>> = 0;
    /// Takes messages off the queue. @return how many it confirmed; those whose loan has run out come again
    virtual auto complete(std::vector<QueueMessage> messages, Deadline deadline) -> Task<Result<std::size_t>> = 0;
    /// Gives messages back before their time, where that helps; else they return by themselves.
    virtual auto give_back(std::vector<QueueMessage> messages, Deadline deadline) -> Task<void> = 0;
    /// Most that one receive() brings.
    [[nodiscard]] virtual auto batch() const -> std::size_t = 0;
    /// Tries address and credentials without taking a message.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck> = 0;
};

[[nodiscard]] auto make_sqs_queue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<MessageQueue>;
[[nodiscard]] auto make_service_bus_queue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<MessageQueue>;

} // namespace dossier::ingest
