// Server-sent events cut anywhere: whatever the cut, the same events come out, and nothing breaks.

#include "fuzz.hpp"

#include "dossier/net/event_stream.hpp"

#include <string>
#include <vector>

namespace {

auto events_of(std::string_view bytes, std::size_t size) -> std::vector<std::string> {
    std::vector<std::string> events;
    dossier::net::EventStream stream(
        [&](const dossier::net::ServerEvent& event) { events.push_back(event.name + '\0' + event.data); }, 64);
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        if (!stream.feed(bytes.substr(at, size))) break;
    }
    return events;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    if (size == 0) return 0;
    const auto bytes = dossier::fuzz::text_of(data, size);
    dossier::fuzz::require(events_of(bytes, 1) == events_of(bytes, 1 + data[0] % 7U), "the cut makes no difference");
    return 0;
}
