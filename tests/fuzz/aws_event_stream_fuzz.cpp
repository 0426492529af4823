// AWS' binary frames cut anywhere: whatever the cut, the same events come out, and nothing breaks. Checksums that hold
// are beyond a fuzzer's luck, so that the input is also put into a frame whose checksums are right.

#include "fuzz.hpp"

#include "dossier/net/aws_event_stream.hpp"
#include "support/aws_frames.hpp"

#include <string>
#include <vector>

namespace {

auto frames_of(std::string_view bytes, std::size_t size) -> std::vector<std::string> {
    std::vector<std::string> events;
    dossier::net::AwsEventStream stream(
        [&](const dossier::net::AwsEvent& event) { events.push_back(event.name + '\0' + event.payload); }, 1024);
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        if (!stream.feed(bytes.substr(at, size))) break;
    }
    return events;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    if (size == 0) return 0;
    const auto bytes = dossier::fuzz::text_of(data, size);
    const auto headers = bytes.substr(1).substr(0, data[0]);
    const auto framed = dossier::testing::raw_frame(headers, bytes.substr(1 + headers.size())) + std::string(bytes);
    for (const auto& stream : {std::string(bytes), framed})
        dossier::fuzz::require(frames_of(stream, 1) == frames_of(stream, 1 + data[0] % 7U),
                               "the cut makes no difference");
    return 0;
}
