#include "llm_wire.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/llm_gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

/// Keywords that some strict mode refuses (Anthropic's and Bedrock's know none of them).
constexpr std::array unenforced = {"minLength",        "maxLength",        "minimum",       "maximum",
                                   "exclusiveMinimum", "exclusiveMaximum", "multipleOf",    "maxItems",
                                   "uniqueItems",      "pattern",          "minProperties", "maxProperties"};

void simplify(Json& schema, int depth) { // NOLINT(misc-no-recursion): schemas are ours, and parsed with a depth limit
    if (schema.is_array()) {
        for (auto& part : schema) simplify(part, depth + 1);
        return;
    }
    if (!schema.is_object()) return;
    std::vector<std::string> bounds;
    const auto move_out = [&](const char* keyword) {
        const auto found = schema.find(keyword);
        if (found == schema.end() || found->is_structured()) return; // a property of that name
        bounds.push_back(fmt::format("{} {}", keyword, dump_json(*found)));
        schema.erase(found);
    };
    for (const auto* keyword : unenforced) move_out(keyword);
    if (const auto least = schema.find("minItems"); least != schema.end() && least->is_number() && *least > 1)
        move_out("minItems");
    if (!bounds.empty()) {
        auto words = text_at(schema, "description");
        if (!words.empty()) words += ' ';
        schema["description"] = words + "(" + join(bounds, ", ") + ")";
    }
    for (auto& [key, part] : schema.items())
        if (part.is_structured() && key != "enum" && key != "const") simplify(part, depth + 1);
}

constexpr std::array cut_words = {"length", "max_tokens", "model_context_window_exceeded"};
constexpr std::array filter_words = {"content_filter", "content_filtered", "guardrail_intervened", "refusal"};

template <std::size_t N>
auto is_in_list(const std::string& word, const std::array<const char*, N>& words) -> bool {
    return std::ranges::any_of(words, [&](const char* one) { return word == one; });
}

} // namespace

auto conversation_of(const LlmRequest& request, Structure structure) -> Conversation {
    Conversation conversation;
    for (const auto& message : request.messages) {
        if (message.role == "system") {
            if (!conversation.system.empty()) conversation.system += "\n\n";
            conversation.system += message.content.view();
        } else if (!conversation.turns.empty() && conversation.turns.back().role == message.role) {
            conversation.turns.back().content =
                fmt::format("{}\n\n{}", conversation.turns.back().content.view(), message.content.view());
        } else {
            conversation.turns.push_back(message);
        }
    }
    if (structure == Structure::object || structure == Structure::none)
        conversation.system +=
            fmt::format("\n\nAnswer with one JSON object that follows this JSON Schema, and with nothing else:\n{}",
                        request.schema.view());
    return conversation;
}

auto common_schema(Json schema) -> Json {
    simplify(schema, 0);
    return schema;
}

auto schema_name_of(const LlmRequest& request) -> std::string {
    auto name = request.schema_name.substr(0, 64);
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_' && c != '-'; }, '_');
    return name.empty() ? "answer" : name;
}

auto count_at(const Json& object, const char* key) -> std::int64_t {
    if (!object.is_object()) return 0;
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return 0;
    const auto value = found->get<double>();
    return value >= 0 && value < 1e12 ? static_cast<std::int64_t>(value) : 0;
}

auto without_fence(std::string text) -> std::string {
    auto inner = trim(text);
    if (!inner.starts_with("```") || !inner.ends_with("```") || inner.size() < 6) return text;
    inner.remove_suffix(3);
    const auto line_end = inner.find('\n');
    if (line_end == std::string_view::npos) return text;
    return std::string(trim(inner.substr(line_end + 1)));
}

auto first_dialect(const LlmProviderConfig& config) -> LlmDialect {
    LlmDialect dialect;
    dialect.structure = structure_of(config.structured).value_or(Structure::schema);
    dialect.has_tools = config.kind == "anthropic" || config.kind == "bedrock";
    // Newer Claude models refuse it, and the vendor's own SDK has it no longer.
    dialect.takes_temperature = config.kind != "anthropic" && !config.model.contains("anthropic.claude");
    dialect.max_tokens_field = config.max_tokens_field;
    return dialect;
}

void estimate_usage(LlmAnswer& answer, const LlmRequest& request) {
    if (answer.prompt_tokens > 0 || answer.completion_tokens > 0) return;
    std::size_t prompt = estimate_tokens(request.schema);
    for (const auto& message : request.messages) prompt += estimate_tokens(message.content);
    answer.prompt_tokens = static_cast<std::int64_t>(prompt);
    answer.completion_tokens = static_cast<std::int64_t>(estimate_tokens(answer.text));
}

auto finished(LlmAnswer answer) -> Result<LlmAnswer> {
    if (is_in_list(answer.finish_reason, filter_words))
        return fail(Errc::rejected, fmt::format("the LLM refused the answer ({})", answer.finish_reason));
    if (is_in_list(answer.finish_reason, cut_words))
        return fail(Errc::malformed,
                    fmt::format("the LLM's answer was cut at its token limit ({})", answer.finish_reason));
    answer.text = without_fence(std::move(answer.text));
    if (trim(answer.text).empty()) return fail(Errc::malformed, "the LLM's answer is empty");
    return answer;
}

} // namespace dossier::explain
