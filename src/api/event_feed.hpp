#pragma once
// Server-sent events (WHATWG HTML §9.2) as an answer: a producer puts events into a feed, a pump writes them to the
// client as fast as it reads and keeps the connection alive with comments. When the client goes, the producer is
// cancelled. Everything runs on the connection's lane.

#include "dossier/api/problem.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/units.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace dossier::api {

/// text/event-stream where the Accept field of a request likes it better than JSON (RFC 9110 §12.5.1: weights, then
/// how exactly a range names the type); JSON where it likes both the same, or says nothing.
[[nodiscard]] auto prefers_events(std::string_view accept) -> bool;

/// What is to be written, in order.
class EventFeed {
public:
    explicit EventFeed(const asio::any_io_executor& executor) : wake_(executor) {}
    void send(std::string_view event, const Json& data);
    /// The same, left out while much is waiting for a slow reader: for what a later event says again.
    void send_if_room(std::string_view event, const Json& data);

private:
    friend auto event_answer(std::function<Task<void>(EventFeed& feed)> produce, Duration heartbeat)
        -> net::HttpResponse;
    friend auto pump_events(EventFeed& feed, net::BodyWriter& out, Duration heartbeat) -> Task<void>;
    void append(std::string_view event, const Json& data);

    std::string waiting_;
    bool is_closed_ = false;
    asio::steady_timer wake_;
};

using EventProducer = std::function<Task<void>(EventFeed& feed)>;

/// @param produce its return ends the stream; an exception becomes an `error` event
/// @param heartbeat the longest silence
[[nodiscard]] auto event_answer(EventProducer produce, Duration heartbeat = Duration{15'000}) -> net::HttpResponse;

} // namespace dossier::api
