#pragma once
// AWS' binary event stream (`application/vnd.amazon.eventstream`): frames of a prelude (length of the frame, length of
// its headers, CRC-32 of both), typed headers, a payload and a CRC-32 of everything before it. A frame says in
// `:message-type` whether it is an event or the end of the story: a stream that failed half way has no status of its
// own any more. Frames come cut anywhere; each is held against its checksums and bounds before a byte of it is
// believed, as the other side is not trusted. Not thread-safe.

#include "dossier/base/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::net {

struct AwsEvent {
    enum class Kind { event, exception, error };
    Kind kind = Kind::event;
    /// `:event-type`, `:exception-type` or `:error-code`: "contentBlockDelta", "throttlingException".
    std::string name;
    std::string payload; ///< of an error, which has none: its `:error-message`
};

class AwsEventStream {
public:
    using Receive = std::function<void(const AwsEvent&)>;

    /// @param max_frame bytes of one frame, which is refused by its prelude before more of it is kept
    explicit AwsEventStream(Receive receive, std::size_t max_frame = 1U << 20U)
        : receive_(std::move(receive)), max_frame_(max_frame) {}

    /// Takes the next bytes and hands over the events that they complete. `malformed` for a wrong checksum, lengths
    /// that contradict each other and headers that are none, `too_large` for a frame past the bound; from then on the
    /// same for ever, since where the next frame begins is not known any more.
    auto feed(std::string_view piece) -> Result<void>;
    /// No frame was begun and not ended.
    [[nodiscard]] auto is_whole() const -> bool { return frame_.empty(); }

private:
    auto take_frame(std::string_view frame) -> Result<void>;

    Receive receive_;
    std::size_t max_frame_;
    std::string frame_;     ///< what came of the frame under way
    std::size_t total_ = 0; ///< its length, once its prelude was read
    std::optional<Error> failure_;
};

/// What an exception or an error inside a stream means, as the errors of AwsClient: with its `aws_code`.
/// @param action that was asked for, as policies call it
[[nodiscard]] auto to_error(const AwsEvent& event, const std::string& action) -> Error;

} // namespace dossier::net
