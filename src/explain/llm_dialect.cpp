#include "llm_dialect.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

auto names(const ServerError& said, std::string_view member) -> bool {
    return said.param == member || said.param.starts_with(std::string(member) + ".") || icontains(said.message, member);
}

/// The words in which servers say that they don't know something, as opposed to "the value is wrong".
auto sounds_unknown(const ServerError& said) -> bool {
    static constexpr std::array<std::string_view, 15> words = {
        "not support", "n't support",   "unsupported", "unrecognized", "unknown",
        "unavailable", "not permitted", "not allowed", "unexpected",   "invalid value",
        "deprecated",  "not available", "extra input", "extra field",  "not enabled"};
    return said.code.starts_with("unsupported") || said.code == "unknown_parameter" ||
           std::ranges::any_of(words, [&](std::string_view word) { return icontains(said.message, word); });
}

auto is_about_structure(const ServerError& said) -> bool {
    static constexpr std::array<std::string_view, 8> members = {"response_format",   "json_schema",  "json_object",
                                                                "output_config",     "outputConfig", "output format",
                                                                "structured output", "tool_choice"};
    // A schema that it can't take is our mistake, and says nothing about what the server knows.
    if (icontains(said.message, "invalid schema")) return false;
    return std::ranges::any_of(members, [&](std::string_view member) { return names(said, member); });
}

/// "The model is unsupported for streaming", or a caller who may ask for whole answers only.
auto refuses_streams(const ServerError& said) -> bool {
    if (said.status == 403) return said.message.contains(streaming_right);
    return said.param == "stream" || icontains(said.message, "streaming");
}

auto word_of(Structure structure) -> std::string_view {
    switch (structure) {
    case Structure::schema:
        return "json_schema";
    case Structure::tool:
        return "tool";
    case Structure::object:
        return "json_object";
    case Structure::none:
        return "none";
    }
    return "none";
}

auto swap_token_limit(LlmDialect& dialect, const ServerError& said) -> bool {
    const bool is_named = !dialect.max_tokens_field.empty() && names(said, dialect.max_tokens_field);
    if (!is_named || dialect.max_tokens_is_settled) return false;
    const bool is_old = dialect.max_tokens_field == "max_tokens";
    // "max_tokens" stands in "max_completion_tokens" and its like; the parameter itself is what counts.
    dialect.max_tokens_field = is_old ? "max_completion_tokens" : "max_tokens";
    dialect.max_tokens_is_settled = true;
    return true;
}

} // namespace

auto structure_of(std::string_view word) -> std::optional<Structure> {
    for (const auto one : {Structure::schema, Structure::tool, Structure::object, Structure::none})
        if (word == word_of(one)) return one;
    return std::nullopt;
}

auto weaker(const LlmDialect& dialect) -> std::optional<Structure> {
    switch (dialect.structure) {
    case Structure::schema:
        return dialect.has_tools ? Structure::tool : Structure::object;
    case Structure::tool:
    case Structure::object:
        return Structure::none;
    case Structure::none:
        return std::nullopt;
    }
    return std::nullopt;
}

auto adapted(LlmDialect dialect, const ServerError& said) -> std::optional<LlmDialect> {
    if (said.status == 403 && dialect.streams && refuses_streams(said)) {
        dialect.streams = false;
        return dialect;
    }
    const bool can_be_learned_from = (said.status == 400 || said.status == 422) && !is_quota(said) &&
                                     !is_content_filter(said) && !is_too_long(said) && sounds_unknown(said);
    if (!can_be_learned_from) return std::nullopt;
    if (is_about_structure(said)) {
        const auto next = weaker(dialect);
        if (!next) return std::nullopt;
        dialect.structure = *next;
        return dialect;
    }
    if (dialect.takes_temperature && names(said, "temperature")) {
        dialect.takes_temperature = false;
        return dialect;
    }
    if (swap_token_limit(dialect, said)) return dialect;
    if (dialect.takes_usage_option && names(said, "stream_options")) {
        dialect.takes_usage_option = false;
        return dialect;
    }
    if (dialect.takes_store && names(said, "store")) {
        dialect.takes_store = false;
        return dialect;
    }
    if (dialect.streams && refuses_streams(said)) {
        dialect.streams = false;
        return dialect;
    }
    return std::nullopt;
}

auto LearnedDialect::now() const -> LlmDialect {
    const std::scoped_lock lock(mutex_);
    return dialect_;
}

auto LearnedDialect::learn(const LlmDialect& used, const ServerError& said) -> bool {
    auto next = adapted(used, said);
    if (!next) return false;
    take(std::move(*next));
    return true;
}

void LearnedDialect::take(LlmDialect better) {
    {
        const std::scoped_lock lock(mutex_);
        if (dialect_ == better) return; // another call was faster
        dialect_ = better;
    }
    log::info("llm.dialect_learned", {{"provider", provider_},
                                      {"structured", word_of(better.structure)},
                                      {"temperature", better.takes_temperature},
                                      {"store", better.takes_store},
                                      {"streams", better.streams},
                                      {"limit", better.max_tokens_field}});
}

} // namespace dossier::explain
