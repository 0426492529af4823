#include "dossier/pipeline/config.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

template <class E>
auto words_of(std::initializer_list<E> values) -> std::vector<std::string_view> {
    std::vector<std::string_view> words;
    for (const auto value : values) words.push_back(to_string(value));
    return words;
}

constexpr auto severities = {Severity::informational, Severity::low, Severity::medium, Severity::high,
                             Severity::critical};
constexpr auto exposures = {Exposure::public_, Exposure::cross_account, Exposure::internal, Exposure::none,
                            Exposure::unknown};
constexpr auto finding_types = {FindingType::sensitive_data,
                                FindingType::unclassified_data,
                                FindingType::misconfiguration,
                                FindingType::vulnerability,
                                FindingType::threat,
                                FindingType::identity,
                                FindingType::other};
constexpr auto environments = {Environment::prod, Environment::staging, Environment::test, Environment::dev,
                               Environment::unknown};

void read_confidence(config::Section& section, double& out) {
    section.read("min_confidence", out);
    if (out < 0 || out > 1) section.problem("min_confidence", "must be from 0 to 1");
}

auto read_queue(config::Section section) -> QueueConfig {
    QueueConfig queue;
    section.read("capacity", queue.capacity, 1);
    section.read("workers", queue.workers);
    section.read("in_flight", queue.in_flight, 1);
    section.read("lease", queue.lease);
    section.read("max_attempts", queue.max_attempts, 1, 1'000);
    auto backoff = section.child("backoff");
    backoff.read("base", queue.backoff_base);
    backoff.read("max", queue.backoff_max);
    if (queue.workers > 1'024) section.problem("workers", "must be at most 1024");
    if (queue.in_flight > 100'000) section.problem("in_flight", "must be at most 100000");
    if (queue.lease < Duration{1'000}) section.problem("lease", "must be at least 1s");
    if (queue.backoff_base.count() <= 0) backoff.problem("base", "must be longer than nothing");
    if (queue.backoff_max < queue.backoff_base) backoff.problem("max", "must not be less than `base`");
    return queue;
}

auto read_when(config::Section section) -> RouteConfig::When {
    RouteConfig::When when;
    section.read_words("severity", when.severity, words_of(severities));
    section.read_words("exposure", when.exposure, words_of(exposures));
    section.read_words("finding_type", when.finding_type, words_of(finding_types));
    section.read_words("environment", when.environment, words_of(environments));
    section.read("source", when.source);
    section.read("data", when.data);
    section.read("account", when.account);
    return when;
}

auto read_narrative(config::Section& section) -> NarrativeRule {
    using Who = NarrativeRule::Who;
    NarrativeRule rule;
    std::string shape;
    section.read_json("narrative", shape);
    if (!shape.starts_with('{')) {
        std::string word;
        section.read_word("narrative", word, {"always", "never"});
        if (word == "never") rule.who = Who::nobody;
        return rule;
    }
    auto top = section.child("narrative");
    top.require("top_percent");
    top.read("top_percent", rule.top_percent);
    top.read("window", rule.window);
    rule.who = Who::top;
    if (!(rule.top_percent > 0 && rule.top_percent <= 100))
        top.problem("top_percent", "must be over 0 and at most 100");
    if (rule.window < Duration{60'000} || rule.window > Duration{31LL * 24 * 3'600'000})
        top.problem("window", "must be from 1m to 31d");
    return rule;
}

auto read_route_due(config::Section& section) -> std::optional<ticket::DueDays> {
    if (!section.has("due")) return std::nullopt;
    std::string shape;
    section.read_json("due", shape);
    if (!shape.starts_with('{')) {
        std::string word;
        section.read_word("due", word, {"none"});
        return ticket::DueDays{};
    }
    auto due = section.child("due");
    return ticket::read_due_days(due);
}

auto read_route(config::Section& section, std::vector<std::string>& names, Mode mode) -> RouteConfig {
    RouteConfig route;
    section.read_name("name", route.name, names);
    route.when = read_when(section.child("when"));
    section.read_word("do", route.action, {"ticket", "classify", "digest"});
    section.read("sink", route.sink);
    section.read_word("approval", route.approval, {"none", "before_create", "before_assign"});
    read_confidence(section, route.min_confidence);
    section.read("policy_drafts", route.policy_drafts);
    section.read("policy_sink", route.policy_sink);
    if (!route.policy_sink.empty() && !route.policy_drafts)
        section.problem("policy_sink", "needs `policy_drafts: true`");
    route.narrative = read_narrative(section);
    route.due = read_route_due(section);
    section.read("scan", route.scan);
    if (route.approval == "none" && mode != Mode::automate)
        section.warning("approval", "`none` holds in `mode: automate` only: a person is asked");
    return route;
}

} // namespace

auto read_pipeline(config::Section& root) -> PipelineConfig {
    PipelineConfig pipeline;
    root.read_enum("mode", pipeline.mode,
                   {{"observe", Mode::observe}, {"assist", Mode::assist}, {"automate", Mode::automate}});
    pipeline.queue = read_queue(root.child("queue"));
    std::vector<std::string> names;
    for (auto& route : root.items("routes")) pipeline.routes.push_back(read_route(route, names, pipeline.mode));
    auto automate = root.child("automate");
    std::string severity;
    automate.read_word("max_severity", severity, words_of(severities));
    if (const auto parsed = parse_word<Severity>(severity)) pipeline.automate.max_severity = *parsed;
    read_confidence(automate, pipeline.automate.min_confidence);
    automate.read("max_actions_per_hour", pipeline.automate.max_actions_per_hour);
    return pipeline;
}

} // namespace dossier::pipeline
