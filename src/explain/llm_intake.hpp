#pragma once
// A streamed answer on its way in: bytes as they come off the wire, cut into events by the vendor's framing, read by
// its reader, shown piece by piece. What is no stream after all (a server that doesn't know how to) is kept as a whole.

#include "dossier/net/aws_event_stream.hpp"
#include "llm_wire.hpp"

#include <optional>
#include <variant>

namespace dossier::explain {

class LlmIntake {
public:
    LlmIntake(Framing framing, std::unique_ptr<LlmStreamReader> reader, std::function<void(std::string_view)> on_text);

    /// Never throws: it is called from inside the client.
    void feed(std::string_view piece) noexcept;
    /// The answer, once the body has ended. Errors: those of the framing, of the reader and of `LlmWire::whole`.
    auto finish(const LlmWire& wire) -> Result<LlmAnswer>;

private:
    auto feed_stream(std::string_view piece) -> Result<void>;
    void take(const net::ServerEvent& event);
    void take_frame(const net::AwsEvent& event);

    std::unique_ptr<LlmStreamReader> reader_;
    std::function<void(std::string_view)> on_text_;
    std::variant<net::EventStream, net::AwsEventStream> frames_;
    std::string whole_;
    std::optional<Error> failure_;
    bool is_stream_ = false;
};

[[nodiscard]] auto intake_of(const LlmWire& wire, std::function<void(std::string_view)> on_text)
    -> std::shared_ptr<LlmIntake>;

} // namespace dossier::explain
