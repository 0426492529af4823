#pragma once
// One LLM endpoint. It gets redacted text and a schema, and gives back text; it has no tools and no say in anything.

#include "dossier/base/fixed_text.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/explain/config.hpp"
#include "dossier/explain/resting_text.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/upstream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dossier::explain {

struct LlmMessage {
    std::string role; ///< system | user | assistant
    RestingText content;
};

struct LlmRequest {
    std::vector<LlmMessage> messages;
    std::string schema_name;
    FixedText schema; ///< JSON Schema as text
    double temperature = 0;
    std::size_t max_tokens = 0; ///< 0 = provider's default
    std::string traceparent;
    Flow flow{}; ///< whose turn it takes at the provider's limit
    /// Called with each piece of text as it comes, where the provider streams; "" pieces don't come. A call that
    /// failed after the first piece is not repeated by the provider.
    std::function<void(std::string_view delta)> on_text;
};

struct LlmAnswer {
    std::string text;
    std::string model;      ///< as the provider names it
    std::string session_id; ///< the provider's id of this completion
    std::string finish_reason;
    std::int64_t prompt_tokens = 0; ///< by our own estimate where the server told none, as the completion's
    std::int64_t cached_tokens = 0; ///< of the prompt's, those that the provider read from its own cache
    std::int64_t completion_tokens = 0;
};

class LlmProvider {
public:
    virtual ~LlmProvider() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    [[nodiscard]] virtual auto model() const -> const std::string& = 0;
    /// Tokens of prompt and answer together; 0 = not known.
    [[nodiscard]] virtual auto context_window() const -> std::size_t { return 0; }
    [[nodiscard]] virtual auto price() const -> LlmPrice { return {}; }
    /// Errors: those of net::Upstream; `rejected` for a refusal, a content filter or a request the server won't take;
    /// `too_large` for more than its context window holds; `quota_exhausted`; `malformed` for an answer that is no
    /// completion or was cut (finish_reason length).
    virtual auto complete(LlmRequest request, Deadline deadline) -> Task<Result<LlmAnswer>> = 0;
    /// Tries address, credentials and model without asking for a token of text. Here: nothing to try.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;
};

/// The provider of `config.kind`, which is not `template`:
/// - `openai`: POST {url}/chat/completions, of any compatible server;
/// - `azure_openai`: the same by deployment, with a key or an Entra token;
/// - `anthropic`: POST {url}/messages;
/// - `bedrock`: POST /model/{model}/converse or /converse-stream, signed (SigV4) or with a Bedrock API key.
/// Each asks for the answer's schema by its own means, and falls back to a weaker one that its server does know.
[[nodiscard]] auto make_llm_provider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<LlmProvider>;

} // namespace dossier::explain
