#include "answer_schema.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/recent_texts.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/grounding.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace dossier::explain {
namespace {

constexpr std::size_t answer_limit = 256U << 10U;
constexpr std::size_t sentences_limit = 40;
constexpr std::size_t sentence_limit = 1'200;
constexpr std::size_t summary_limit = 1'500;
constexpr std::size_t violations_limit = 10;

/// The JSON in an answer: all of it, or the one fenced block in it.
auto json_part(std::string_view text) -> std::string_view {
    text = trim(text);
    if (text.starts_with('{')) return text;
    const auto fence = text.find("```");
    if (fence == std::string_view::npos) return text;
    const auto begin = text.find('\n', fence);
    if (begin == std::string_view::npos) return text;
    const auto end = text.find("```", begin);
    return trim(text.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1));
}

auto texts(const Json& array) -> std::vector<std::string> {
    std::vector<std::string> list;
    for (const auto& item : array) list.push_back(item.get<std::string>());
    return list;
}

/// Bounds that strict modes don't enforce everywhere.
auto bound_violations(const DraftedNarrative& draft) -> std::vector<std::string> {
    std::vector<std::string> violations;
    if (trim(draft.summary).empty()) violations.emplace_back("/summary is empty");
    if (draft.summary.size() > summary_limit)
        violations.push_back(fmt::format("/summary is longer than {} bytes", summary_limit));
    if (draft.sentences.empty()) violations.emplace_back("/sentences is empty");
    if (draft.sentences.size() > sentences_limit)
        violations.push_back(fmt::format("/sentences has more than {} elements", sentences_limit));
    for (std::size_t i = 0; i < draft.sentences.size() && violations.size() < violations_limit; ++i) {
        const auto& text = draft.sentences[i].text;
        if (trim(text).empty()) violations.push_back(fmt::format("/sentences/{}/text is empty", i));
        if (text.size() > sentence_limit)
            violations.push_back(fmt::format("/sentences/{}/text is longer than {} bytes", i, sentence_limit));
    }
    return violations;
}

auto malformed(const std::vector<std::string>& violations) -> std::unexpected<Error> {
    return fail(Errc::malformed, "the answer doesn't follow the schema: " + join(violations, "; "));
}

/// What a schema says, without words for people.
auto without_annotations(Json schema) -> Json {
    if (!schema.is_object()) return schema;
    for (const auto* words : {"$schema", "$id", "$comment", "title", "description"}) schema.erase(words);
    if (const auto items = schema.find("items"); items != schema.end()) *items = without_annotations(std::move(*items));
    if (const auto properties = schema.find("properties"); properties != schema.end() && properties->is_object())
        for (auto& property : *properties) property = without_annotations(std::move(property));
    return schema;
}

/// Whether a schema asks for exactly what `read_narrative` takes, as those of our own prompts do.
auto is_of_narrative(const Json& schema) -> bool {
    static const Json text = {{"type", "string"}};
    static const Json ids = {{"type", "array"}, {"items", text}};
    static const auto object = [](Json required, Json properties) -> Json {
        return {{"type", "object"},
                {"additionalProperties", false},
                {"required", std::move(required)},
                {"properties", std::move(properties)}};
    };
    static const Json sentence = object({"text", "evidence"}, {{"text", text}, {"evidence", ids}});
    static const Json narrative =
        object({"summary", "summary_evidence", "sentences"},
               {{"summary", text}, {"summary_evidence", ids}, {"sentences", {{"type", "array"}, {"items", sentence}}}});
    return without_annotations(schema) == narrative;
}

struct CompiledSchema {
    std::string flaw; ///< why it can't be used, "" where it can
    bool is_of_narrative = false;
    valijson::Schema schema;
};

auto compiled_schema(const std::string& text) -> std::shared_ptr<const CompiledSchema> {
    auto made = std::make_shared<CompiledSchema>();
    const auto document = parse_json(text);
    if (!document) {
        made->flaw = "the schema is no JSON: " + document.error().message;
        return made;
    }
    try {
        valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(*document), made->schema);
    } catch (const std::exception& e) {
        made->flaw = fmt::format("the schema can't be used: {}", e.what());
    }
    made->is_of_narrative = is_of_narrative(*document);
    return made;
}

/// There are a few prompts, each with a schema; compiling one costs more than an answer.
auto known_schema(std::string_view schema) -> std::shared_ptr<const CompiledSchema> {
    thread_local RecentTexts<std::shared_ptr<const CompiledSchema>> schemas(64 << 10, 4 << 10);
    return schemas.of(schema, compiled_schema);
}

auto read_text(JsonView value, std::string& into) -> bool {
    const auto text = value.string();
    if (text) into = *text;
    return text.has_value();
}

auto read_texts(JsonView value, std::vector<std::string>& into) -> bool {
    if (!value.is_array()) return false;
    for (const auto element : value.elements())
        if (!read_text(element, into.emplace_back())) return false;
    return true;
}

/// An object of so many members, each of a name of its own: read by name, none is left out and none comes twice.
auto has_members(JsonView value, std::size_t count) -> bool { return value.is_object() && value.size() == count; }

auto read_sentence(JsonView value, Sentence& into) -> bool {
    return has_members(value, 2) && read_text(value["text"], into.text) && read_texts(value["evidence"], into.evidence);
}

/// An answer of the narrative's form, read and checked in one walk without trees of it; nullopt for any other, of which
/// the schema's validator says what is wrong.
auto read_narrative(std::string_view json) -> std::optional<DraftedNarrative> {
    const auto document = JsonDocument::parse(json);
    if (!document) return std::nullopt;
    const auto root = document->root();
    DraftedNarrative draft;
    if (!has_members(root, 3) || !read_text(root["summary"], draft.summary) ||
        !read_texts(root["summary_evidence"], draft.summary_evidence) || !root["sentences"].is_array())
        return std::nullopt;
    for (const auto sentence : root["sentences"].elements())
        if (!read_sentence(sentence, draft.sentences.emplace_back())) return std::nullopt;
    return draft;
}

auto violations_of(const Json& value, std::string_view schema) -> std::vector<std::string> {
    const auto parsed = known_schema(schema);
    if (!parsed->flaw.empty()) return {parsed->flaw};
    std::vector<std::string> violations;
    try {
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (validator.validate(parsed->schema, valijson::adapters::NlohmannJsonAdapter(value), &results)) return {};
        valijson::ValidationResults::Error error;
        while (results.popError(error) && violations.size() < violations_limit)
            violations.push_back(fmt::format("{}: {}", join(error.context, ""), error.description));
        if (violations.empty()) violations.emplace_back("it doesn't follow the schema");
    } catch (const std::exception& e) {
        violations.push_back(fmt::format("the schema can't be used: {}", e.what()));
    }
    return violations;
}

} // namespace

auto schema_violations(const std::string& answer, std::string_view schema) -> std::vector<std::string> {
    const auto value = parse_json(answer);
    if (!value) return {"it is no JSON: " + value.error().message};
    return violations_of(*value, schema);
}

auto parse_answer(std::string_view text, std::string_view schema) -> Result<DraftedNarrative> {
    if (text.size() > answer_limit) return malformed({fmt::format("it is longer than {} bytes", answer_limit)});
    const auto part = json_part(text);
    if (known_schema(schema)->is_of_narrative) {
        if (auto draft = read_narrative(part)) {
            if (const auto violations = bound_violations(*draft); !violations.empty()) return malformed(violations);
            return *std::move(draft);
        }
    }
    const auto json = parse_json(part);
    if (!json) return malformed({"it is no JSON: " + json.error().message});
    if (const auto violations = violations_of(*json, schema); !violations.empty()) return malformed(violations);
    DraftedNarrative draft;
    try { // a prompt directory may hold a schema of another shape than the narrator reads
        draft.summary = json->at("summary").get<std::string>();
        draft.summary_evidence = texts(json->at("summary_evidence"));
        for (const auto& sentence : json->at("sentences"))
            draft.sentences.push_back(
                {.text = sentence.at("text").get<std::string>(), .evidence = texts(sentence.at("evidence"))});
    } catch (const nlohmann::json::exception& e) {
        return malformed({e.what()});
    }
    if (const auto violations = bound_violations(draft); !violations.empty()) return malformed(violations);
    return draft;
}

} // namespace dossier::explain
