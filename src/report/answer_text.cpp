#include "answer_text.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::report {
namespace {

constexpr std::size_t title_limit = 140;
constexpr std::size_t most_cited = 10; ///< by the sentence that counts

auto plural(std::size_t count, std::string_view one, std::string_view many) -> std::string {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// A title is somebody else's text: one line, quoted, cut.
auto in_quotes(std::string_view text) -> std::string {
    std::string line;
    for (const char c : shorten(to_valid_utf8(text), title_limit)) {
        const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        line += is_control ? ' ' : c == '"' ? '\'' : c;
    }
    return "\"" + line + "\"";
}

auto either(const std::vector<std::string>& words) -> std::string { return join(words, " or "); }

/// The conditions in words, so that a reader sees what was understood.
auto conditions_in_words(const FindingQuery& query) -> std::string {
    std::vector<std::string> parts;
    const auto list = [&](std::string_view name, const std::vector<std::string>& words) {
        if (!words.empty()) parts.push_back(fmt::format("{} {}", name, either(words)));
    };
    const auto one = [&](std::string_view name, const std::string& word) {
        if (!word.empty()) parts.push_back(fmt::format("{} {}", name, word));
    };
    list("severity", query.severities);
    list("status", query.statuses);
    list("stage", query.stages);
    list("exposure", query.exposures);
    list("environment", query.environments);
    list("type", query.finding_types);
    list("data", query.data_classes);
    if (query.has_data) parts.emplace_back("data of a known class");
    list("regulation", query.frameworks);
    one("source", query.source);
    one("owner", query.owner);
    one("account", query.account);
    one("region", query.region);
    one("resource type", query.resource_type);
    one("rule", query.rule);
    list("named", query.words);
    one("received", query.period);
    return parts.empty() ? std::string("no condition") : join(parts, ", ");
}

auto order_in_words(const FindingQuery& query) -> std::string {
    if (query.order_by == "regulatory_impact") return "the number of regulations touched, then risk";
    if (query.order_by == "oldest") return "age, the oldest first";
    if (query.order_by == "newest") return "age, the newest first";
    return query.order_by == "severity" ? "severity" : "risk";
}

auto row_in_words(const store::FindingFacts& row, std::size_t place) -> std::string {
    std::vector<std::string> facts{std::string(to_string(row.severity)), std::string(to_string(row.status))};
    if (!row.environment.empty() && row.environment != "unknown") facts.push_back(row.environment);
    if (!row.exposure.empty() && row.exposure != "unknown") facts.push_back("exposure " + row.exposure);
    if (!row.data_classes.empty()) facts.push_back("data " + join(row.data_classes, ", "));
    facts.push_back(row.owner.empty() ? "no owner known" : "owner " + row.owner);
    if (row.risk > 0) facts.push_back(fmt::format("risk {:.0f}", row.risk));
    if (!row.frameworks.empty()) facts.push_back("touches " + join(row.frameworks, ", "));
    const auto& resource = row.resource_name.empty() ? row.resource_id : row.resource_name;
    const auto where = resource.empty() ? std::string() : " on " + in_quotes(resource);
    return fmt::format("{}. {}{} ({}): {}.", place, in_quotes(row.title), where, row.id, join(facts, "; "));
}

} // namespace

void write_sentences(QuestionAnswer& answer) {
    const auto& query = answer.query;
    const auto conditions = conditions_in_words(query);
    if (answer.matched == 0) {
        answer.sentences.push_back(
            {.text = fmt::format("No stored finding matches ({}).", conditions), .findings = {}});
        return;
    }
    std::vector<std::string> cited;
    const auto cite = [&](const std::string& id) {
        if (cited.size() < most_cited && std::ranges::find(cited, id) == cited.end()) cited.push_back(id);
    };
    for (const auto& row : answer.rows) cite(row.id);
    for (const auto& group : answer.groups)
        for (const auto& id : group.findings) cite(id);
    answer.sentences.push_back(
        {.text = fmt::format("{}{} ({}).", answer.is_truncated ? "At least " : "",
                             plural(answer.matched, "stored finding matches", "stored findings match"), conditions),
         .findings = cited});
    for (const auto& group : answer.groups)
        answer.sentences.push_back({.text = fmt::format("{} {}: {}.", query.group_by, in_quotes(group.key),
                                                        plural(group.count, "finding", "findings")),
                                    .findings = group.findings});
    if (query.count_only || !query.group_by.empty()) return;
    if (answer.rows.size() > 1)
        answer.sentences.push_back(
            {.text = fmt::format("The first {} by {}:", answer.rows.size(), order_in_words(query)), .findings = cited});
    for (std::size_t i = 0; i < answer.rows.size(); ++i)
        answer.sentences.push_back({.text = row_in_words(answer.rows[i], i + 1), .findings = {answer.rows[i].id}});
}

void write_refusal(QuestionAnswer& answer) {
    answer.sentences.push_back({.text = "This can't be answered from the stored findings.", .findings = {}});
    answer.sentences.push_back(
        {.text = "What can be asked: which, how many or the top findings by severity, status, owner, environment, "
                 "exposure, data class, regulation, source, account, region, resource, rule and time; for example "
                 "\"top 5 data risks by regulatory impact this quarter\", \"which public buckets hold PII in prod\" or "
                 "\"how many critical findings are open by owner\".",
         .findings = {}});
}

} // namespace dossier::report
