#pragma once
// What one server understands. Compatible servers and older models differ in a few optional members; which they don't
// know is learned from their own 400 (nothing is bought by one) and kept for all calls after it.

#include "llm_errors.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::explain {

/// By what means an answer is bound to the schema, the strongest first. `object` and `none` write it into the prompt.
enum class Structure { schema, tool, object, none };
[[nodiscard]] auto structure_of(std::string_view word) -> std::optional<Structure>; ///< as `structured` names it

struct LlmDialect {
    Structure structure = Structure::schema;
    bool has_tools = false;        ///< a vendor for whom a tool is the second-best means, and no JSON mode is known
    bool takes_temperature = true; ///< reasoning models don't
    bool takes_store = true;
    bool takes_usage_option = true;     ///< stream_options.include_usage
    bool streams = true;                ///< some models answer whole only, and on Bedrock it takes a right of its own
    std::string max_tokens_field;       ///< where a vendor has more than one name for it
    bool max_tokens_is_settled = false; ///< the other name was refused
    friend auto operator==(const LlmDialect&, const LlmDialect&) -> bool = default;
};

/// The dialect without what `said` refuses; nullopt where it refuses something else.
[[nodiscard]] auto adapted(LlmDialect dialect, const ServerError& said) -> std::optional<LlmDialect>;
/// The next weaker means; nullopt below `none`.
[[nodiscard]] auto weaker(const LlmDialect& dialect) -> std::optional<Structure>;

/// What Bedrock asks of whoever wants a stream; InvokeModel is for whole answers only.
inline constexpr std::string_view streaming_right = "bedrock:InvokeModelWithResponseStream";

/// The dialect of one provider, shared by its calls. Thread-safe.
class LearnedDialect {
public:
    /// @param provider for the log
    LearnedDialect(std::string provider, LlmDialect first)
        : provider_(std::move(provider)), dialect_(std::move(first)) {}
    [[nodiscard]] auto now() const -> LlmDialect;
    /// True: what was refused is left out from now on, and the same question may be put again.
    auto learn(const LlmDialect& used, const ServerError& said) -> bool;
    void take(LlmDialect better);

private:
    std::string provider_;
    mutable std::mutex mutex_;
    LlmDialect dialect_;
};

} // namespace dossier::explain
