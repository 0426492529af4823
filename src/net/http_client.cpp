#include "dossier/net/http_client.hpp"

#include "curl_shard.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <functional>
#include <limits>
#include <stdexcept>

namespace dossier::net {
namespace {

/// libcurl 7.88 walks a host's connections on every request: past about 512 that walk is what a call costs.
constexpr std::size_t shard_capacity = 512;

void initialise_libcurl() {
    static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (result != CURLE_OK) throw std::runtime_error("libcurl can't be initialised");
}

auto ca_file_from_environment() -> std::string {
    const char* path = std::getenv("SSL_CERT_FILE"); // NOLINT(concurrency-mt-unsafe): read once, nothing here sets it
    return path == nullptr ? std::string{} : std::string{path};
}

/// The continuation of one `send`: back on the caller's executor, never inline on the shard's lane.
template <class Handler>
auto resume_on_callers_executor(Handler handler) -> Transfer::Done {
    auto executor = asio::get_associated_executor(handler);
    auto work = asio::make_work_guard(executor);
    return [handler = std::move(handler), executor, work = std::move(work)](Result<HttpResponse> result) mutable {
        asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
            if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
            std::move(handler)(std::move(result));
        });
        work.reset();
    };
}

/// Pieces take the same way as the end of the transfer does, so each comes before it and none beside the caller.
template <class Executor>
void hand_pieces_to(ClientRequest& request, Executor executor) {
    auto receiver = std::make_shared<std::function<void(std::string_view)>>(std::move(request.on_data));
    request.on_data = [receiver = std::move(receiver), executor = std::move(executor)](std::string_view piece) {
        asio::post(executor, [receiver, piece = std::string(piece)] { (*receiver)(piece); });
    };
}

auto failed(Error error) -> Task<Result<HttpResponse>> { co_return fail(std::move(error)); }

} // namespace

auto ClientRequest::for_one_try() -> ClientRequest {
    if (make_body && body.empty()) body = make_body(); // an earlier try has taken it along
    auto one = *this;
    if (make_body) body = {};
    return one;
}

struct HttpClient::Impl {
    Impl(Runtime& lanes, std::size_t shards, Duration kept_idle)
        : runtime(lanes), per_lane(std::max<std::size_t>(1, shards)) {
        const auto ca_file = ca_file_from_environment();
        for (std::size_t i = 0; i < runtime.size() * per_lane; ++i) {
            this->shards.push_back(std::make_shared<CurlShard>(runtime.lane(i / per_lane), ca_file, kept_idle));
        }
    }

    /// The caller's own lane where it is one (no hop between threads), else the one the host hashes to.
    [[nodiscard]] auto lane_for(const asio::any_io_executor& executor, std::size_t hash) -> std::size_t {
        const auto& context = asio::query(executor, asio::execution::context_as<asio::execution_context&>);
        for (std::size_t i = 0; i < runtime.size(); ++i) {
            if (&context == &static_cast<asio::execution_context&>(runtime.lane(i))) return i;
        }
        return hash % runtime.size();
    }

    /// A host's requests fill one shard before they begin on the next, so that few calls share few warm connections.
    [[nodiscard]] auto pick(const Target& target, const asio::any_io_executor& executor) -> std::shared_ptr<CurlShard> {
        const auto hash = std::hash<std::string>{}(target.origin);
        const auto lane = lane_for(executor, hash);
        for (std::size_t i = 0; i < shards.size(); ++i) {
            // First round: this lane, from the host's shard on; then the lanes after it.
            const auto on_lane = (lane + i / per_lane) % runtime.size();
            const auto& shard = shards[on_lane * per_lane + (hash / 7 + i) % per_lane];
            if (shard->reserve(shard_capacity)) return shard;
        }
        const auto least = std::ranges::min_element(shards, {}, [](const auto& shard) { return shard->load(); });
        (*least)->reserve(std::numeric_limits<std::size_t>::max());
        return *least;
    }

    /// Begins a transfer, whose end resumes the handler. What a wait keeps in its frame is what this is called with.
    struct Perform {
        Impl* client;

        template <class Handler>
        void operator()(Handler handler, std::shared_ptr<Transfer> transfer) const {
            const asio::any_io_executor executor = asio::get_associated_executor(handler);
            if (transfer->request().on_data) hand_pieces_to(transfer->request(), executor);
            auto shard = client->pick(transfer->target(), executor);
            auto slot = asio::get_associated_cancellation_slot(handler);
            transfer->on_done(resume_on_callers_executor(std::move(handler)));
            if (slot.is_connected()) {
                slot.assign([shard, weak = std::weak_ptr(transfer)](asio::cancellation_type type) {
                    if (type != asio::cancellation_type::none) shard->cancel(weak);
                });
            }
            shard->start(std::move(transfer));
        }
    };

    Runtime& runtime;
    std::size_t per_lane;
    std::vector<std::shared_ptr<CurlShard>> shards;
};

HttpClient::HttpClient(Runtime& runtime, std::size_t shards_per_lane, Duration kept_idle) {
    initialise_libcurl();
    impl_ = std::make_unique<Impl>(runtime, shards_per_lane, kept_idle);
}

HttpClient::~HttpClient() {
    for (const auto& shard : impl_->shards) shard->close();
}

/// No coroutine of its own: while an answer is waited for, the transfer alone holds the request.
auto HttpClient::send(ClientRequest request, Deadline deadline) -> Task<Result<HttpResponse>> {
    auto target = check_request(request);
    if (!target) return failed(std::move(target).error());
    if (deadline <= std::chrono::steady_clock::now()) {
        return failed(Error{.code = Errc::timeout,
                            .message = "no time left to send",
                            .context = {{"host", target->host}},
                            .retry_after = {}});
    }
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<HttpResponse>)>(
        Impl::Perform{impl_.get()}, asio::use_awaitable,
        std::make_shared<Transfer>(std::move(request), std::move(*target), deadline));
}

} // namespace dossier::net
