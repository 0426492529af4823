#include "event_feed.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <utility>

namespace dossier::api {

namespace {

constexpr std::size_t room = 256U << 10U; ///< bytes that may wait for a slow reader before what is optional is left out

/// How well a media type fits: weight first, then exactness.
using Fit = std::pair<double, int>;

auto weight_of(std::string_view parameters) -> double {
    for (const auto part : split(parameters, ';')) {
        const auto parameter = trim(part);
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
        double weight = 0;
        const auto digits = parameter.substr(2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
        const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
        return is_number && weight >= 0 && weight <= 1 ? weight : 0;
    }
    return 1;
}

/// The most exact range decides on a type's weight, not the heaviest.
auto fit_of(std::string_view accept, std::string_view type) -> Fit {
    Fit fit{0, 0};
    for (const auto part : split(accept, ',')) {
        const auto range = lower(trim(part.substr(0, part.find(';'))));
        int exactness = 0;
        if (range == type)
            exactness = 3;
        else if (range == std::string(type.substr(0, type.find('/'))) + "/*")
            exactness = 2;
        else if (range == "*/*")
            exactness = 1;
        if (exactness == 0 || exactness < fit.second) continue;
        const auto semicolon = part.find(';');
        fit = {semicolon == std::string_view::npos ? 1 : weight_of(part.substr(semicolon + 1)), exactness};
    }
    return fit;
}

auto run_producer(EventProducer produce, EventFeed& feed) -> Task<void> {
    std::string failure;
    try {
        co_await produce(feed);
        co_return;
    } catch (const std::exception& e) {
        failure = e.what();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return; // nobody is left to be told
    log::error("api.stream_failed", {{"error", shorten(failure, 200)}});
    const auto answer = problem(500, "the server failed on this request", "");
    if (auto body = parse_json(answer.body)) feed.send("error", *body);
}

} // namespace

auto prefers_events(std::string_view accept) -> bool {
    const auto events = fit_of(accept, "text/event-stream");
    return events.first > 0 && events > fit_of(accept, "application/json");
}

void EventFeed::append(std::string_view event, const Json& data) {
    waiting_ += "event: ";
    waiting_ += event;
    waiting_ += "\ndata: ";
    waiting_ += dump_json(data); // one line: JSON text has no line breaks of its own
    waiting_ += "\n\n";
    wake_.cancel();
}

void EventFeed::send(std::string_view event, const Json& data) { append(event, data); }

void EventFeed::send_if_room(std::string_view event, const Json& data) {
    if (waiting_.size() < room) append(event, data);
}

/// Writes until the feed is closed and empty, or the client is gone.
auto pump_events(EventFeed& feed, net::BodyWriter& out, Duration heartbeat) -> Task<void> {
    for (;;) {
        if (feed.waiting_.empty()) {
            if (feed.is_closed_) co_return;
            feed.wake_.expires_after(heartbeat);
            boost::system::error_code woken;
            co_await feed.wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
            if (feed.waiting_.empty() && !feed.is_closed_ && !woken) feed.waiting_ = ": still at work\n\n";
        }
        const auto written = co_await out.write(std::exchange(feed.waiting_, {}));
        if (!written) co_return;
    }
}

auto event_answer(EventProducer produce, Duration heartbeat) -> net::HttpResponse {
    net::HttpResponse response;
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Accel-Buffering", "no"); // nginx would keep the events to itself until the end
    response.stream = [produce = std::move(produce), heartbeat](net::BodyWriter& out) -> Task<void> {
        // Copies into the coroutine's frame: the closure may not outlive its first suspension.
        const auto make = produce;
        const auto silence = heartbeat;
        auto& body = out;
        const auto executor = co_await asio::this_coro::executor;
        EventFeed feed(executor);
        // The producer ends by closing the feed, and waits to be cancelled: the pump's end is the end of both.
        const auto produce_all = [](EventProducer producer, EventFeed& into) -> Task<void> {
            co_await run_producer(std::move(producer), into);
            into.is_closed_ = true;
            into.wake_.cancel();
            asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::steady_clock::time_point::max());
            boost::system::error_code ended;
            co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        };
        const auto [order, pump_failure, produce_failure] =
            co_await asio::experimental::make_parallel_group(
                asio::co_spawn(executor, pump_events(feed, body, silence), asio::deferred),
                asio::co_spawn(executor, produce_all(make, feed), asio::deferred))
                .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        if (order[0] == 0 && pump_failure) std::rethrow_exception(pump_failure);
        if (order[0] == 1 && produce_failure) std::rethrow_exception(produce_failure);
    };
    return response;
}

} // namespace dossier::api
