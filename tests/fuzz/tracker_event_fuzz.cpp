// Call-backs of trackers and what their users write: read or refused with a reason, and what is taken from one is a
// plain key that can stand in an address.

#include "fuzz.hpp"

#include "dossier/ticket/callbacks.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;

auto is_harmless(const std::string& key) -> bool {
    return std::ranges::all_of(key, [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == ':';
    });
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    auto rest = fuzz::text_of(data, size);
    net::HttpRequest request;
    request.headers.set("X-Atlassian-Webhook-Identifier", std::string(fuzz::take_line(rest)));
    request.body = rest;
    const auto event = ticket::read_tracker_event(request);
    if (!event) {
        require(event.error().code == Errc::malformed && !event.error().message.empty(), "a refusal has a reason");
        return 0;
    }
    const auto& seen = event->sighting;
    require(is_harmless(seen.key) && is_harmless(seen.remote_id), "a key is nothing but a key");
    require(!event->concerns_standing || !seen.key.empty() || !seen.remote_id.empty(), "an event names its ticket");
    require(seen.event_id.size() <= 200, "an event's name has a limit");
    return 0;
}
