#include "dossier/net/event_stream.hpp"

#include <utility>

namespace dossier::net {

auto EventStream::feed(std::string_view piece) -> Result<void> {
    while (!piece.empty() && !is_broken_) {
        if (std::exchange(ended_by_cr_, false) && piece.front() == '\n') {
            piece.remove_prefix(1);
            continue;
        }
        const auto end = piece.find_first_of("\r\n");
        const auto part = piece.substr(0, end);
        if (line_.size() + part.size() > max_event_) {
            is_broken_ = true;
            break;
        }
        line_ += part;
        if (end == std::string_view::npos) break;
        ended_by_cr_ = piece[end] == '\r';
        piece.remove_prefix(end + 1);
        end_line();
    }
    if (is_broken_) return fail(Errc::too_large, "an event of the stream is longer than allowed");
    return {};
}

void EventStream::end_line() {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    auto text = std::exchange(line_, {});
    if (std::exchange(is_first_line_, false) && text.starts_with(byte_order_mark))
        text.erase(0, byte_order_mark.size());
    if (text.empty()) return end_event();
    const std::string_view line(text);
    const auto colon = line.find(':');
    if (colon == 0) return; // a comment, which keeps the connection awake
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
}

void EventStream::take_field(std::string_view name, std::string_view value) {
    if (name == "event") {
        event_.name = value;
    } else if (name == "data") {
        if (event_.data.size() + value.size() + 1 > max_event_) {
            is_broken_ = true;
            return;
        }
        if (has_data_) event_.data += '\n';
        event_.data += value;
        has_data_ = true;
    } // `id` and `retry` are for those who reconnect
}

void EventStream::end_event() {
    auto event = std::exchange(event_, {});
    if (!std::exchange(has_data_, false)) return;
    if (event.name.empty()) event.name = "message";
    receive_(event);
}

} // namespace dossier::net
