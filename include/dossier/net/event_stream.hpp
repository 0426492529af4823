#pragma once
// Server-sent events as they come over the wire (WHATWG HTML §9.2.6): pieces cut anywhere, lines that end with LF, CRLF
// or CR, comments, several data lines to an event, a byte order mark in front. What was begun and not ended by an empty
// line when the stream ends is no event. Lines and events are bounded, since the other side is not trusted. Not
// thread-safe.

#include "dossier/base/error.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace dossier::net {

struct ServerEvent {
    std::string name = "message"; ///< field `event`
    std::string data;             ///< data lines, joined by LF
};

class EventStream {
public:
    using Receive = std::function<void(const ServerEvent&)>;

    /// @param max_event bytes of one line, and of the data of one event
    explicit EventStream(Receive receive, std::size_t max_event = 1U << 20U)
        : receive_(std::move(receive)), max_event_(max_event) {}

    /// Takes the next bytes and hands over the events that they complete. `too_large` where a bound is passed, from
    /// then on for ever: nothing that comes after can be told from the rest of what was cut.
    auto feed(std::string_view piece) -> Result<void>;

private:
    void end_line();
    void end_event();
    void take_field(std::string_view name, std::string_view value);

    Receive receive_;
    std::size_t max_event_;
    std::string line_;
    ServerEvent event_;
    bool has_data_ = false;
    bool is_first_line_ = true;
    bool ended_by_cr_ = false; ///< an LF that comes next belongs to it
    bool is_broken_ = false;
};

} // namespace dossier::net
