#pragma once
// Frames of AWS' binary event stream as a service writes them, and ways to spoil them.

#include <boost/crc.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::testing {

inline auto network_order(std::uint32_t number, int bytes = 4) -> std::string {
    std::string text;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xFFU);
    return text;
}

inline auto crc_of(std::string_view bytes) -> std::string {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return network_order(crc.checksum());
}

/// A header of type string.
inline auto frame_header(std::string_view name, std::string_view value) -> std::string {
    return network_order(static_cast<std::uint32_t>(name.size()), 1) + std::string(name) + '\7' +
           network_order(static_cast<std::uint32_t>(value.size()), 2) + std::string(value);
}

/// A frame whose checksums are right, whatever its headers are.
inline auto raw_frame(std::string_view headers, std::string_view payload) -> std::string {
    auto frame = network_order(static_cast<std::uint32_t>(16 + headers.size() + payload.size())) +
                 network_order(static_cast<std::uint32_t>(headers.size()));
    frame += crc_of(frame);
    frame += headers;
    frame += payload;
    return frame + crc_of(frame);
}

inline auto event_frame(std::string_view type, std::string_view payload) -> std::string {
    return raw_frame(frame_header(":message-type", "event") + frame_header(":event-type", type) +
                         frame_header(":content-type", "application/json"),
                     payload);
}

inline auto exception_frame(std::string_view type, std::string_view payload) -> std::string {
    return raw_frame(frame_header(":message-type", "exception") + frame_header(":exception-type", type), payload);
}

} // namespace dossier::testing
