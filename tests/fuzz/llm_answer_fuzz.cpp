// Whatever answers in a model's name, whole or as a stream cut anywhere: it is an answer with text and honest counts,
// or an error with a reason, and the cut makes no difference. The first byte chooses the vendor.

#include "fuzz.hpp"

#include "llm_wire.hpp"

#include "dossier/base/json.hpp"

#include <array>
#include <memory>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;

auto wires() -> const std::array<std::unique_ptr<explain::LlmWire>, 3>& {
    static const auto made = [] {
        explain::LlmProviderConfig config;
        config.name = "fuzz";
        config.kind = "openai";
        config.url = "https://llm.acme.example/v1";
        config.model = "model";
        return std::array{
            explain::make_openai_wire(config), explain::make_anthropic_wire(config),
            explain::make_bedrock_wire(config, "https://bedrock-runtime.acme.example", "https://bedrock.acme.example")};
    }();
    return made;
}

auto told(const Result<explain::LlmAnswer>& answer) -> std::string {
    if (!answer) {
        require(!answer.error().message.empty(), "an error has a reason");
        return "error: " + answer.error().message;
    }
    require(!answer->text.empty(), "an answer says something");
    require(answer->prompt_tokens >= 0 && answer->completion_tokens >= 0 && answer->cached_tokens >= 0,
            "counts are not negative");
    return answer->text;
}

auto streamed(const explain::LlmWire& wire, std::string_view bytes, std::size_t piece) -> std::string {
    const auto reader = wire.reader();
    std::string shown;
    std::string failure;
    net::EventStream events([&](const net::ServerEvent& event) {
        if (!failure.empty()) return;
        if (auto delta = reader->take(event))
            shown += *delta;
        else
            failure = "error: " + delta.error().message;
    });
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        if (!events.feed(bytes.substr(at, piece))) break;
    return shown + "\n" + (failure.empty() ? told(reader->finish()) : failure);
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    if (size < 2) return 0;
    const auto& wire = *wires()[data[0] % 3U];
    const auto bytes = fuzz::text_of(data + 1, size - 1);
    static_cast<void>(told(wire.whole(std::string(bytes))));
    static_cast<void>(wire.judge_check(std::string(bytes)));
    require(streamed(wire, bytes, bytes.size()) == streamed(wire, bytes, 1 + data[0] % 11U),
            "the cut makes no difference");
    return 0;
}
