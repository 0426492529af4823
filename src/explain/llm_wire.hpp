#pragma once
// How one vendor's API is spoken: questions out, answers in, whole or as a stream. A wire sends nothing and knows no
// credentials; http_provider.cpp does that for all of them.

#include "dossier/base/json_fwd.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/net/event_stream.hpp"
#include "llm_dialect.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// How a vendor cuts its stream into events: server-sent events, or AWS' binary frames.
enum class Framing { server_events, aws_frames };

/// One answer as its stream tells it, event by event.
class LlmStreamReader {
public:
    virtual ~LlmStreamReader() = default;
    /// @param event of AWS' frames: their `:event-type` and payload
    /// @return text that this event adds, "" for none. Errors: those that a server sends inside a 200
    virtual auto take(const net::ServerEvent& event) -> Result<std::string> = 0;
    /// The whole answer at the end of the stream; `outcome_unknown` where it broke off before its own end.
    virtual auto finish() -> Result<LlmAnswer> = 0;
};

class LlmWire {
public:
    virtual ~LlmWire() = default;
    /// POST, with the body and the headers that are no credentials. Errors: `invalid_argument` for a schema that is
    /// none.
    [[nodiscard]] virtual auto request(const LlmRequest& request, const LlmDialect& dialect, bool streams) const
        -> Result<net::ClientRequest> = 0;
    /// Errors: `malformed` for what is no answer or was cut, `rejected` for a refusal or a filter.
    [[nodiscard]] virtual auto whole(const std::string& body) const -> Result<LlmAnswer> = 0;
    [[nodiscard]] virtual auto reader() const -> std::unique_ptr<LlmStreamReader> = 0;
    [[nodiscard]] virtual auto framing() const -> Framing { return Framing::server_events; }
    /// A GET that tries address, credentials and model.
    [[nodiscard]] virtual auto check_request() const -> net::ClientRequest = 0;
    [[nodiscard]] virtual auto judge_check(const std::string& body) const -> net::ConnectCheck = 0;
};

[[nodiscard]] auto make_openai_wire(const LlmProviderConfig& config) -> std::unique_ptr<LlmWire>; ///< also azure_openai
[[nodiscard]] auto make_anthropic_wire(const LlmProviderConfig& config) -> std::unique_ptr<LlmWire>;
/// @param runtime, control base URLs of bedrock-runtime and of bedrock
[[nodiscard]] auto make_bedrock_wire(const LlmProviderConfig& config, std::string runtime, std::string control)
    -> std::unique_ptr<LlmWire>;

[[nodiscard]] auto make_http_provider(const LlmProviderConfig& config, std::unique_ptr<LlmWire> wire,
                                      net::HttpClient& client, Metrics& metrics) -> std::unique_ptr<LlmProvider>;
[[nodiscard]] auto make_bedrock_provider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<LlmProvider>;

/// What Bedrock's own words mean for us: who is full or too slow is left for the next provider.
[[nodiscard]] auto bedrock_error(Error error) -> Error;

// What the wires share.

/// The system's words in one text, and turns that alternate between user and assistant.
struct Conversation {
    std::string system;
    std::vector<LlmMessage> turns;
};
/// @param structure where it doesn't carry the schema, the system's words do
[[nodiscard]] auto conversation_of(const LlmRequest& request, Structure structure) -> Conversation;
/// The schema as the strict modes of all vendors take it: bounds of lengths, counts and numbers, which not all of them
/// know, become words of the description. Whoever reads the answer checks it against the schema itself.
[[nodiscard]] auto common_schema(Json schema) -> Json;
/// A name that every vendor takes for a schema or a tool: [A-Za-z0-9_-]{1,64}.
[[nodiscard]] auto schema_name_of(const LlmRequest& request) -> std::string;
/// A count of tokens; 0 where absent or nonsense.
[[nodiscard]] auto count_at(const Json& object, const char* key) -> std::int64_t;
/// Without the fence (```json … ```) that models put around JSON where no schema holds them.
[[nodiscard]] auto without_fence(std::string text) -> std::string;
[[nodiscard]] auto first_dialect(const LlmProviderConfig& config) -> LlmDialect;
/// Tokens by our own estimate where the server told none.
void estimate_usage(LlmAnswer& answer, const LlmRequest& request);
/// An answer's text and the reason why it ended, judged: `malformed` where it is empty or was cut.
[[nodiscard]] auto finished(LlmAnswer answer) -> Result<LlmAnswer>;

} // namespace dossier::explain
