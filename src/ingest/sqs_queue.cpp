// Amazon SQS by its JSON 1.0 protocol (UPSTREAM §6): long polls of up to 20 s and 10 messages, no `Messages` member
// when nothing came, deletes by batch with an outcome for each.

#include "dossier/base/json.hpp"
#include "dossier/net/aws_client.hpp"
#include "dossier/net/url.hpp"

#include "message_queue.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr Duration answer_budget{10'000};          ///< for an answer, beyond the wait of a long poll
constexpr std::size_t largest_answer = 32U << 20U; ///< ten messages of 1 MiB, escaped
constexpr std::size_t most_messages = 10;          ///< SQS' own bound, whatever an answer says

auto settings_for(const SourceConfig& config) -> net::AwsSettings {
    const auto& sqs = config.events.sqs;
    net::AwsSettings settings;
    settings.name = "source:" + config.name;
    settings.region = sqs.region;
    settings.keys = {.access_key_id = sqs.access_key_id,
                     .secret_access_key = sqs.secret_access_key,
                     .session_token = sqs.session_token};
    settings.role_arn = sqs.role_arn;
    settings.timeout = sqs.wait + answer_budget;
    settings.retry.attempts = 2; // the poller waits, too
    return settings;
}

class SqsQueue final : public MessageQueue {
public:
    SqsQueue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config.events.sqs), aws_(client, metrics, settings_for(config)) {
        url_ = net::origin_of(config_.endpoint.empty() ? config_.queue_url : config_.endpoint) + "/";
    }

    auto receive() -> Task<Result<std::vector<QueueMessage>>> override {
        const Json body{{"QueueUrl", config_.queue_url},
                        {"MaxNumberOfMessages", config_.batch},
                        {"WaitTimeSeconds", config_.wait.count() / 1'000},
                        {"VisibilityTimeout", config_.visibility.count() / 1'000},
                        {"MessageSystemAttributeNames", Json::array({"ApproximateReceiveCount"})}};
        const auto deadline = deadline_in(config_.wait + answer_budget);
        // A lost answer costs nothing but a visibility timeout.
        auto answer = co_await aws_.json(request("ReceiveMessage", body), deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        std::vector<QueueMessage> messages;
        for (const auto& message : answer->root()["Messages"].elements()) {
            const auto handle = message["ReceiptHandle"].string().value_or("");
            if (handle.empty() || messages.size() == most_messages) continue; // it comes again
            messages.push_back({.id = std::string(message["MessageId"].string().value_or("")),
                                .handle = std::string(handle),
                                .body = std::string(message["Body"].string().value_or(""))});
        }
        if (messages.empty() && config_.wait < Duration{1'000}) co_await sleep_for(std::chrono::milliseconds{500});
        co_return messages;
    }

    auto complete(std::vector<QueueMessage> messages, Deadline deadline) -> Task<Result<std::size_t>> override {
        Json entries = Json::array();
        for (std::size_t i = 0; i < messages.size(); ++i)
            entries.push_back({{"Id", std::to_string(i)}, {"ReceiptHandle", messages[i].handle}});
        const Json body{{"QueueUrl", config_.queue_url}, {"Entries", std::move(entries)}};
        auto answer = co_await aws_.json(request("DeleteMessageBatch", body), deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        co_return answer->root()["Successful"].size();
    }

    auto give_back(std::vector<QueueMessage>, Deadline) -> Task<void> override {
        co_return; // its visibility timeout is the pause that a full or broken store needs
    }

    auto batch() const -> std::size_t override { return static_cast<std::size_t>(config_.batch); }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        const Json body{{"QueueUrl", config_.queue_url},
                        {"AttributeNames", Json::array({"ApproximateNumberOfMessages"})}};
        auto answer = co_await aws_.json(request("GetQueueAttributes", body), deadline);
        if (!answer) {
            auto failed = net::failed_check({}, config_.queue_url, answer.error());
            if (const auto action = net::missing_action(answer.error()); !action.empty())
                failed.missing.push_back(action);
            co_return failed;
        }
        const auto waiting = answer->root()["Attributes"]["ApproximateNumberOfMessages"].text_or("?");
        co_return net::ConnectCheck{.what = {},
                                    .url = config_.queue_url,
                                    .missing = {},
                                    .detail =
                                        "about " + waiting + " messages wait; the right to receive shows with them"};
    }

private:
    [[nodiscard]] auto request(const std::string& action, const Json& body) const -> net::AwsRequest {
        auto made = net::aws_json("sqs", "AmazonSQS." + action, dump_json(body), "1.0");
        made.url = url_;
        made.max_response = largest_answer;
        return made;
    }

    SqsConfig config_;
    net::AwsClient aws_;
    std::string url_;
};

} // namespace

auto make_sqs_queue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<MessageQueue> {
    return std::make_unique<SqsQueue>(config, client, metrics);
}

} // namespace dossier::ingest
