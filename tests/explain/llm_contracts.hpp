#pragma once
// What each vendor refuses, as functions of a request: the contracts of the stand-ins, by the vendors' own types.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "llm_stand_in.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dossier::explain::testing {

/// Why a schema is outside what Anthropic and Bedrock enforce.
inline auto schema_violation(const Json& schema) -> std::optional<std::string> {
    for (const auto* keyword : {"minLength", "maxLength", "minimum", "maximum", "maxItems", "pattern"}) {
        if (schema.is_object() && schema.contains(keyword) && !schema[keyword].is_structured())
            return std::string("schema keyword ") + keyword;
    }
    if (!schema.is_structured()) return std::nullopt;
    for (const auto& part : schema)
        if (auto bad = schema_violation(part)) return bad;
    return std::nullopt;
}

inline auto unknown_member(const Json& body, const std::set<std::string>& known) -> std::optional<std::string> {
    if (!body.is_object()) return "no object";
    for (const auto& [key, value] : body.items())
        if (!known.contains(key)) return "unknown member " + key;
    return std::nullopt;
}

inline auto azure_violation(const std::string& head, const Json& body) -> std::optional<std::string> {
    if (!icontains(head, "\napi-key:")) return "no api-key";
    return openai_violation(head, body);
}

inline auto anthropic_violation(const std::string& head, const Json& body) -> std::optional<std::string> {
    if (!icontains(head, "\nanthropic-version: 20") || !icontains(head, "\nx-api-key:")) return "headers";
    if (auto bad = unknown_member(
            body, {"model", "max_tokens", "system", "messages", "output_config", "tools", "tool_choice", "stream"}))
        return bad;
    if (text_at(body, "model").empty()) return "model";
    if (!body.contains("max_tokens") || !body["max_tokens"].is_number_unsigned()) return "max_tokens";
    if (!body.contains("messages") || !body["messages"].is_array() || body["messages"].empty()) return "messages";
    std::string expected = "user";
    for (const auto& message : body["messages"]) {
        if (text_at(message, "role") != expected || text_at(message, "content").empty()) return "messages";
        expected = expected == "user" ? "assistant" : "user";
    }
    if (body.contains("output_config") == body.contains("tools")) return "one means to bind the answer";
    if (body.contains("tools")) {
        const auto& tool = body["tools"][0];
        if (text_at(tool, "name") != text_at(body["tool_choice"], "name")) return "tool_choice";
        return schema_violation(tool["input_schema"]);
    }
    const auto& format = body["output_config"]["format"];
    if (text_at(format, "type") != "json_schema" || !format.contains("schema")) return "output_config";
    return schema_violation(format["schema"]);
}

inline auto bedrock_violation(const std::string& head, const Json& body) -> std::optional<std::string> {
    const auto path = head.substr(0, head.find(" HTTP"));
    if (!path.starts_with("POST /model/") || path.find(':') != std::string::npos) return "path";
    const bool is_signed = icontains(head, "/bedrock/aws4_request") && icontains(head, "AWS4-HMAC-SHA256 Credential=");
    if (!is_signed && !icontains(head, "\nauthorization: Bearer ")) return "no signature";
    if (auto bad = unknown_member(body, {"system", "messages", "inferenceConfig", "outputConfig", "toolConfig"}))
        return bad;
    if (!body.contains("messages") || !body["messages"].is_array()) return "messages";
    for (const auto& message : body["messages"]) {
        if (!message["content"].is_array() || text_at(message["content"][0], "text").empty()) return "content";
    }
    if (body.contains("outputConfig") == body.contains("toolConfig")) return "one means to bind the answer";
    if (body.contains("toolConfig")) {
        const auto& config = body["toolConfig"];
        const auto& spec = config["tools"][0]["toolSpec"];
        if (text_at(spec, "name") != text_at(config["toolChoice"]["tool"], "name")) return "toolChoice";
        return schema_violation(spec["inputSchema"]["json"]);
    }
    const auto& named = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    const auto schema = parse_json(text_at(named, "schema"));
    if (!schema || text_at(named, "name").empty()) return "the schema is no JSON in a string";
    return schema_violation(*schema);
}

} // namespace dossier::explain::testing
