#include "query_reading.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::report {
namespace {

constexpr std::size_t answer_limit = 16U << 10U;

/// JSON that a model put between code fences, or with words around it.
auto object_in(std::string_view text) -> std::string_view {
    const auto begin = text.find('{');
    const auto end = text.rfind('}');
    return begin == std::string_view::npos || end == std::string_view::npos || end < begin
               ? text
               : text.substr(begin, end - begin + 1);
}

auto stands_in(std::string_view question, std::string_view word) -> bool {
    return word.empty() || icontains(question, word);
}

/// Lists of closed words: the rules' where the model has none of them.
void hold_list(std::string_view name, std::vector<std::string>& model, const std::vector<std::string>& rules,
               std::vector<std::string>& notes) {
    if (rules.empty()) return;
    const bool agrees = std::ranges::any_of(
        model, [&](const std::string& word) { return std::ranges::find(rules, word) != rules.end(); });
    if (agrees) return;
    notes.push_back(fmt::format("the model's query missed {} {}, which the question names", name, join(rules, ", ")));
    model = rules;
}

void hold_word(std::string_view name, std::string& model, const std::string& rules, std::vector<std::string>& notes) {
    if (rules.empty() || iequals(model, rules)) return;
    notes.push_back(fmt::format("the model's query missed {} {}, which the question names", name, rules));
    model = rules;
}

} // namespace

auto read_model_answer(std::string_view text, std::string_view question) -> Result<ModelReading> {
    if (text.size() > answer_limit) return fail(Errc::malformed, "the answer is too long");
    const auto json = parse_json(object_in(text));
    if (!json || !json->is_object()) return fail(Errc::malformed, "the answer is no JSON object");
    const auto answerable = json->find("answerable");
    if (answerable == json->end() || !answerable->is_boolean())
        return fail(Errc::malformed, "answerable must be true or false");
    ModelReading reading{.is_answerable = answerable->get<bool>(), .query = {}};
    if (!reading.is_answerable) return reading;
    const auto query = json->find("query");
    if (query == json->end()) return fail(Errc::malformed, "query is missing");
    auto read = read_query(*query);
    if (!read) return fail(std::move(read.error()));
    reading.query = std::move(*read);
    const auto& q = reading.query;
    for (const auto* word : {&q.source, &q.account, &q.region, &q.resource_type, &q.rule})
        if (!stands_in(question, *word)) return fail(Errc::malformed, "'" + *word + "' doesn't stand in the question");
    if (!iequals(q.owner, "none") && !stands_in(question, q.owner))
        return fail(Errc::malformed, "the owner '" + q.owner + "' doesn't stand in the question");
    for (const auto& word : q.words)
        if (!stands_in(question, word)) return fail(Errc::malformed, "'" + word + "' doesn't stand in the question");
    return reading;
}

auto held_to_rules(FindingQuery model, const FindingQuery& rules, std::vector<std::string>& notes) -> FindingQuery {
    hold_list("severity", model.severities, rules.severities, notes);
    hold_list("status", model.statuses, rules.statuses, notes);
    hold_list("exposure", model.exposures, rules.exposures, notes);
    hold_list("environment", model.environments, rules.environments, notes);
    hold_list("data", model.data_classes, rules.data_classes, notes);
    hold_list("regulation", model.frameworks, rules.frameworks, notes);
    hold_word("source", model.source, rules.source, notes);
    hold_word("owner", model.owner, rules.owner, notes);
    hold_word("account", model.account, rules.account, notes);
    hold_word("region", model.region, rules.region, notes);
    hold_word("period", model.period, rules.period, notes);
    if (model.resource_type.empty()) model.resource_type = rules.resource_type;
    if (rules.limit != FindingQuery{}.limit) model.limit = rules.limit;
    if (rules.order_by == "regulatory_impact") model.order_by = rules.order_by;
    if (model.group_by.empty() && rules.order_by != "regulatory_impact") model.group_by = rules.group_by;
    model.has_data = model.has_data || rules.has_data;
    return model;
}

void restore(FindingQuery& query, const redact::Redaction& redaction) {
    for (auto* word : {&query.source, &query.owner, &query.account, &query.region, &query.resource_type, &query.rule})
        *word = redaction.restore(std::move(*word));
    for (auto& word : query.words) word = redaction.restore(std::move(word));
}

} // namespace dossier::report
