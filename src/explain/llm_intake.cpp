#include "llm_intake.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace dossier::explain {

LlmIntake::LlmIntake(Framing framing, std::unique_ptr<LlmStreamReader> reader,
                     std::function<void(std::string_view)> on_text)
    : reader_(std::move(reader)),
      on_text_(std::move(on_text)),
      frames_(net::EventStream([this](const net::ServerEvent& event) { take(event); })) {
    if (framing == Framing::aws_frames)
        frames_.emplace<net::AwsEventStream>([this](const net::AwsEvent& event) { take_frame(event); });
}

void LlmIntake::feed(std::string_view piece) noexcept {
    try {
        if (failure_) return;
        const auto begin = piece.find_first_not_of(" \t\r\n");
        const bool begins_whole = !is_stream_ && begin != std::string_view::npos && piece[begin] == '{';
        if (!whole_.empty() || begins_whole) {
            whole_ += piece;
            return;
        }
        if (begin != std::string_view::npos) is_stream_ = true;
        if (auto fed = feed_stream(piece); !fed && !failure_) failure_ = std::move(fed.error());
    } catch (const std::exception& e) {
        failure_ = Error{.code = Errc::internal, .message = fmt::format("reading the stream failed: {}", e.what())};
    }
}

auto LlmIntake::finish(const LlmWire& wire) -> Result<LlmAnswer> {
    if (failure_) return fail(std::move(*failure_));
    if (whole_.empty()) return reader_->finish();
    auto answer = wire.whole(whole_);
    if (answer && on_text_) on_text_(answer->text);
    return answer;
}

auto LlmIntake::feed_stream(std::string_view piece) -> Result<void> {
    return std::visit([&](auto& frames) { return frames.feed(piece); }, frames_);
}

void LlmIntake::take(const net::ServerEvent& event) {
    if (failure_) return;
    auto text = reader_->take(event);
    if (!text) {
        failure_ = std::move(text.error());
    } else if (!text->empty() && on_text_) {
        on_text_(*text);
    }
}

void LlmIntake::take_frame(const net::AwsEvent& event) {
    if (failure_) return;
    if (event.kind == net::AwsEvent::Kind::event) return take({.name = event.name, .data = event.payload});
    failure_ = bedrock_error(net::to_error(event, std::string(streaming_right)));
}

auto intake_of(const LlmWire& wire, std::function<void(std::string_view)> on_text) -> std::shared_ptr<LlmIntake> {
    return std::make_shared<LlmIntake>(wire.framing(), wire.reader(), std::move(on_text));
}

} // namespace dossier::explain
