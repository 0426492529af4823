#include "dossier/ingest/queue_poller.hpp"

#include "dossier/base/log.hpp"
#include "dossier/net/upstream.hpp"

#include "message_queue.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;

constexpr net::RetryPolicy pause_policy{.attempts = 0, .base = 500ms, .max = 30s};
constexpr Duration settle_budget = 15s;
constexpr Duration look_for_room = 200ms;
constexpr int most_growth = 16; ///< of the pause: it has reached its bound long before

class QueuePoller final : public Poller {
public:
    QueuePoller(const SourceConfig& config, std::unique_ptr<MessageQueue> queue, Receiver& receiver, Metrics& metrics)
        : source_(config.name), kind_(config.kind), queue_(std::move(queue)), receiver_(receiver), metrics_(metrics) {}

    auto name() const -> std::string override { return kind_ + ":" + source_; }

    auto run() -> Task<void> override {
        for (;;) {
            if (!receiver_.has_room(source_, queue_->batch())) {
                if (!co_await sleep_for(look_for_room)) co_return;
                continue;
            }
            auto messages = co_await queue_->receive();
            if (!messages) {
                if (messages.error().code == Errc::cancelled) co_return;
                metrics_.count("dossier_queue_receive_failures_total", {{"source", source_}});
                note_failure("queue.receive_failed", messages.error());
                if (!co_await sleep_for(pause_after(messages.error()))) co_return;
                continue;
            }
            if (messages->empty()) {
                failures_ = 0;
                continue;
            }
            count("received", messages->size());
            // A commit and the delete that follows from it belong together: a stop waits for both.
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            auto settled = co_await settle(std::move(*messages));
            co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
            if (settled) {
                failures_ = 0;
                continue;
            }
            note_failure("queue.commit_failed", settled.error());
            if (!co_await sleep_for(pause_after(settled.error()))) co_return;
        }
    }

private:
    /// Commits first; whatever fails after that only means that a message comes again and is a duplicate.
    auto settle(std::vector<QueueMessage> messages) -> Task<Result<void>> {
        std::vector<std::string> bodies;
        for (auto& message : messages) bodies.push_back(std::move(message.body));
        auto taken = co_await receiver_.take_messages(
            source_, std::move(bodies),
            {.via = store::Via::event, .request_id = name() + ":" + messages.front().id, .cursor = std::nullopt});
        const auto deadline = deadline_in(settle_budget);
        const auto number = messages.size();
        if (!taken) {
            co_await queue_->give_back(std::move(messages), deadline);
            count("returned", number);
            co_return fail(std::move(taken.error()));
        }
        auto completed = co_await queue_->complete(std::move(messages), deadline);
        if (!completed)
            log::warn("queue.delete_failed", {{"source", source_}, {"error", completed.error().describe()}});
        const auto deleted = std::min(completed.value_or(0), number);
        count("deleted", deleted);
        count("delete_failed", number - deleted);
        co_return Result<void>{};
    }

    void count(std::string_view outcome, std::size_t number) {
        if (number == 0) return;
        metrics_.count("dossier_queue_messages_total", {{"source", source_}, {"outcome", outcome}},
                       static_cast<double>(number));
    }

    /// Once at the beginning of a bad time, not once a try.
    void note_failure(std::string_view event, const Error& error) {
        ++failures_;
        if (failures_ == 1 || failures_ % 20 == 0)
            log::warn(event, {{"source", source_}, {"tries", failures_}, {"error", error.describe()}});
    }

    [[nodiscard]] auto pause_after(const Error& error) const -> Duration {
        const auto jitter = net::full_jitter(pause_policy, std::min(failures_, most_growth));
        return std::min<Duration>(std::max<Duration>(error.retry_after.value_or(0ms), jitter), 60s);
    }

    std::string source_;
    std::string kind_;
    std::unique_ptr<MessageQueue> queue_;
    Receiver& receiver_;
    Metrics& metrics_;
    int failures_ = 0;
};

auto make_queue(const SourceConfig& source, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<MessageQueue> {
    return source.kind == "sqs" ? make_sqs_queue(source, client, metrics)
                                : make_service_bus_queue(source, client, metrics);
}

} // namespace

auto make_queue_pollers(const std::vector<SourceConfig>& sources, Receiver& receiver, net::HttpClient& client,
                        Metrics& metrics) -> std::vector<std::shared_ptr<Poller>> {
    std::vector<std::shared_ptr<Poller>> pollers;
    for (const auto& source : sources) {
        if (!is_pulled(source.kind)) continue;
        pollers.push_back(
            std::make_shared<QueuePoller>(source, make_queue(source, client, metrics), receiver, metrics));
    }
    return pollers;
}

auto make_queue_checks(const std::vector<SourceConfig>& sources, net::HttpClient& client, Metrics& metrics)
    -> std::vector<std::pair<std::string, QueueCheck>> {
    std::vector<std::pair<std::string, QueueCheck>> checks;
    for (const auto& source : sources) {
        if (!is_pulled(source.kind)) continue;
        std::shared_ptr<MessageQueue> queue = make_queue(source, client, metrics);
        checks.emplace_back(source.name, [queue](Deadline deadline) { return queue->check(deadline); });
    }
    return checks;
}

} // namespace dossier::ingest
