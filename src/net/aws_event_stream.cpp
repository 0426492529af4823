#include "dossier/net/aws_event_stream.hpp"

#include "aws_errors.hpp"

#include <boost/crc.hpp>

#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

namespace dossier::net {
namespace {

constexpr std::size_t prelude_size = 12; ///< two lengths and their checksum
constexpr std::size_t checksum_size = 4;
constexpr std::size_t least_frame = prelude_size + checksum_size;
constexpr std::size_t most_headers = 128U << 10U; ///< AWS' own bound

auto crc32(std::string_view bytes) -> std::uint32_t {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

/// Network byte order. The caller has made sure that they are there.
auto number_at(std::string_view bytes, std::size_t at, std::size_t size = 4) -> std::uint32_t {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < size; ++i) number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

auto no_frame(const char* why) { return fail(Errc::malformed, std::string("the event stream is broken: ") + why); }

struct FrameHeader {
    std::string_view name;
    std::string_view text; ///< of a string or of bytes; "" for the other types
};

/// Takes one header off the front. Errors: a length past the end, a type that doesn't exist.
auto take_header(std::string_view& bytes) -> Result<FrameHeader> {
    const auto cut = [&bytes](std::size_t size) -> std::optional<std::string_view> {
        if (size > bytes.size()) return std::nullopt;
        const auto part = bytes.substr(0, size);
        bytes.remove_prefix(size);
        return part;
    };
    FrameHeader header;
    const auto name_size = cut(1);
    const auto name = name_size ? cut(number_at(*name_size, 0, 1)) : std::nullopt;
    const auto type = name ? cut(1) : std::nullopt;
    if (!type) return no_frame("a header is cut");
    header.name = *name;
    // bool true, bool false, byte, short, int, long; 6 and 7 say their size; timestamp, uuid
    static constexpr std::array<std::size_t, 10> sizes = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    const auto kind = number_at(*type, 0, 1);
    if (kind >= sizes.size()) return no_frame("a header has an unknown type");
    const bool says_its_size = kind == 6 || kind == 7;
    auto size = sizes.at(kind);
    if (says_its_size) {
        const auto said = cut(2);
        if (!said) return no_frame("a header is cut");
        size = number_at(*said, 0, 2);
    }
    const auto value = cut(size);
    if (!value) return no_frame("a header is cut");
    if (says_its_size) header.text = *value;
    return header;
}

auto event_of(std::string_view headers, std::string_view payload) -> Result<AwsEvent> {
    std::string_view type;
    std::string_view event_type;
    std::string_view exception_type;
    std::string_view error_code;
    std::string_view error_message;
    while (!headers.empty()) {
        const auto header = take_header(headers);
        if (!header) return fail(header.error());
        if (header->name == ":message-type") type = header->text;
        if (header->name == ":event-type") event_type = header->text;
        if (header->name == ":exception-type") exception_type = header->text;
        if (header->name == ":error-code") error_code = header->text;
        if (header->name == ":error-message") error_message = header->text;
    }
    if (type == "event") return AwsEvent{AwsEvent::Kind::event, std::string(event_type), std::string(payload)};
    if (type == "exception")
        return AwsEvent{AwsEvent::Kind::exception, std::string(exception_type), std::string(payload)};
    if (type == "error") return AwsEvent{AwsEvent::Kind::error, std::string(error_code), std::string(error_message)};
    return no_frame("a frame is neither event nor exception");
}

/// A stream's exceptions are those of its whole answers, where they come with a status, but for the first letter.
auto status_of(std::string_view code) -> int {
    if (code == "ThrottlingException") return 429;
    if (code == "AccessDeniedException") return 403;
    return code == "ValidationException" ? 400 : 500;
}

} // namespace

auto AwsEventStream::feed(std::string_view piece) -> Result<void> {
    while (!failure_ && !piece.empty()) {
        const auto wanted = (total_ == 0 ? prelude_size : total_) - frame_.size();
        const auto part = piece.substr(0, wanted);
        frame_ += part;
        piece.remove_prefix(part.size());
        if (part.size() < wanted) break;
        if (total_ == 0) {
            // Checked before it is believed: a length that was garbled would swallow everything that follows.
            const auto headers = number_at(frame_, 4);
            total_ = number_at(frame_, 0);
            if (crc32(std::string_view(frame_).substr(0, 8)) != number_at(frame_, 8)) {
                failure_ = no_frame("a prelude doesn't match its checksum").error();
            } else if (total_ < least_frame || headers > total_ - least_frame || headers > most_headers) {
                failure_ = no_frame("a frame's lengths contradict each other").error();
            } else if (total_ > max_frame_) {
                failure_ =
                    Error{.code = Errc::too_large, .message = "a frame of the event stream is longer than allowed"};
            }
            continue;
        }
        total_ = 0;
        if (auto taken = take_frame(std::exchange(frame_, {})); !taken) failure_ = std::move(taken.error());
    }
    if (failure_) return fail(*failure_);
    return {};
}

auto AwsEventStream::take_frame(std::string_view frame) -> Result<void> {
    const auto signed_size = frame.size() - checksum_size;
    if (crc32(frame.substr(0, signed_size)) != number_at(frame, signed_size))
        return no_frame("a frame doesn't match its checksum");
    const auto headers = number_at(frame, 4);
    auto event = event_of(frame.substr(prelude_size, headers),
                          frame.substr(prelude_size + headers, signed_size - prelude_size - headers));
    if (!event) return fail(std::move(event.error()));
    receive_(*event);
    return {};
}

auto to_error(const AwsEvent& event, const std::string& action) -> Error {
    auto code = event.name;
    if (!code.empty()) code.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(code.front())));
    HttpResponse response;
    response.status = status_of(code);
    response.body = event.payload;
    response.headers.set("x-amzn-errortype", code); // which also refuses what is no word
    auto error = to_error(response, fault_of(response), action);
    if (error.code == Errc::rejected && response.status == 500) error.code = Errc::unavailable;
    return error;
}

} // namespace dossier::net
