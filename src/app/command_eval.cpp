#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/prompt_eval.hpp"
#include "dossier/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>

namespace dossier::app {

namespace {

using explain::EvalScore;
using explain::EvalSummary;
using explain::Prompt;

constexpr std::chrono::minutes answer_limit_of_eval{5};

auto complain_of_eval(const std::string& what) -> int {
    std::cerr << "dossier eval: " << what << '\n';
    return exit_usage;
}

/// The versions that were asked for, in that order; without a wish all of them, the oldest first.
auto versions_to_compare(const explain::PromptCatalogue& prompts, const EvalOptions& options)
    -> Result<std::vector<Prompt>> {
    std::vector<Prompt> chosen;
    for (const auto version : split(options.prompts, ',')) {
        if (trim(version).empty()) continue;
        auto found = prompts.find(options.prompt, trim(version));
        if (!found) return fail(std::move(found.error()));
        chosen.push_back(*std::move(found));
    }
    if (!chosen.empty()) return chosen;
    for (const auto& prompt : prompts.all())
        if (prompt.ref.id == options.prompt) chosen.insert(chosen.begin(), prompt);
    if (chosen.empty()) return fail(Errc::not_found, "there is no prompt " + options.prompt);
    return chosen;
}

/// The provider that is asked where there is no record.
class Asked {
public:
    Asked(const explain::LlmConfig& llm, const std::string& name) : runtime_(1), client_(runtime_) {
        const auto is_it = [&](const auto& one) {
            return one.kind != "template" && (name.empty() || one.name == name);
        };
        const auto found = std::ranges::find_if(llm.providers, is_it);
        if (found != llm.providers.end()) provider_ = explain::make_llm_provider(*found, client_, metrics_);
        runtime_.start();
    }
    ~Asked() { runtime_.stop(std::chrono::seconds{1}); }
    Asked(const Asked&) = delete;
    auto operator=(const Asked&) -> Asked& = delete;

    [[nodiscard]] auto is_there() const -> bool { return provider_ != nullptr; }
    auto ask(const redact::Redactor& redactor, const explain::EvalCase& one, const Prompt& prompt)
        -> Result<explain::RecordedAnswer> {
        return asio::co_spawn(
                   runtime_.lane(0),
                   explain::ask_for_case(*provider_, redactor, one, prompt, deadline_in(answer_limit_of_eval)),
                   asio::use_future)
            .get();
    }

private:
    Metrics metrics_;
    Runtime runtime_;
    net::HttpClient client_;
    std::unique_ptr<explain::LlmProvider> provider_;
};

/// From the records where there is one, else from the provider; `--record` asks in any case and keeps what came.
auto score_case(const EvalOptions& options, const explain::EvalCase& one, const Prompt& prompt,
                const redact::Redactor& redactor, Asked& asked) -> Result<EvalScore> {
    const auto missing = [&](std::string why) {
        return EvalScore{.case_name = one.name, .version = prompt.ref.version, .missing = std::move(why)};
    };
    if (!options.record) {
        auto known = explain::load_answer(options.cases, one, prompt);
        if (!known) return fail(std::move(known.error()));
        if (*known) return explain::score_answer(one, prompt, **std::move(known), redactor);
        if (!asked.is_there()) return missing("no answer is recorded, and no provider is configured to ask");
    }
    auto answer = asked.ask(redactor, one, prompt);
    if (!answer) return missing(answer.error().message);
    if (options.record) {
        if (auto saved = explain::save_answer(options.cases, one, prompt, *answer); !saved)
            return fail(std::move(saved.error()));
    }
    return explain::score_answer(one, prompt, *std::move(answer), redactor);
}

struct Measure {
    const char* name;
    double EvalSummary::* value;
    int digits;
};
constexpr std::array measures = {Measure{"schema", &EvalSummary::schema, 3},
                                 Measure{"grounding", &EvalSummary::grounding, 3},
                                 Measure{"citation", &EvalSummary::citation, 3},
                                 Measure{"coverage", &EvalSummary::coverage, 3},
                                 Measure{"length", &EvalSummary::length, 3},
                                 Measure{"flawless", &EvalSummary::flawless, 3},
                                 Measure{"words", &EvalSummary::words, 1},
                                 Measure{"prompt_tokens", &EvalSummary::prompt_tokens, 0},
                                 Measure{"completion_tokens", &EvalSummary::completion_tokens, 0},
                                 Measure{"usd", &EvalSummary::usd, 6},
                                 Measure{"seconds", &EvalSummary::seconds, 2}};

void print_text(const std::vector<EvalSummary>& summaries, const std::vector<EvalScore>& scores, std::ostream& out) {
    out << fmt::format("{:<18}", "");
    for (const auto& sum : summaries) out << fmt::format(" {:>12}", sum.version);
    out << fmt::format("\n{:<18}", "cases");
    for (const auto& sum : summaries) out << fmt::format(" {:>12}", sum.cases);
    for (const auto& measure : measures) {
        out << fmt::format("\n{:<18}", measure.name);
        for (const auto& sum : summaries) out << fmt::format(" {:>12.{}f}", sum.*measure.value, measure.digits);
    }
    out << "\n\n";
    for (const auto& score : scores) {
        if (!score.missing.empty())
            out << fmt::format("{} {}: not scored: {}\n", score.case_name, score.version, score.missing);
        if (score.is_stale)
            out << fmt::format("{} {}: the answer was recorded for another text of this version\n", score.case_name,
                               score.version);
        for (const auto& complaint : score.complaints)
            out << fmt::format("{} {}: {}\n", score.case_name, score.version, complaint);
    }
}

void print_json(const std::vector<EvalSummary>& summaries, const std::vector<EvalScore>& scores, std::ostream& out) {
    Json json{{"versions", Json::array()}, {"cases", Json::array()}};
    for (const auto& sum : summaries) {
        Json entry{{"version", sum.version}, {"cases", sum.cases}, {"missing", sum.missing}, {"stale", sum.stale}};
        for (const auto& measure : measures) entry[measure.name] = sum.*measure.value;
        json["versions"].push_back(std::move(entry));
    }
    for (const auto& score : scores)
        json["cases"].push_back({{"case", score.case_name},
                                 {"version", score.version},
                                 {"missing", score.missing.empty() ? Json(nullptr) : Json(score.missing)},
                                 {"stale", score.is_stale},
                                 {"provider", score.answer.provider},
                                 {"model", score.answer.model},
                                 {"schema", score.schema},
                                 {"grounding", score.grounding},
                                 {"citation", score.citation},
                                 {"coverage", score.coverage},
                                 {"length", score.length},
                                 {"words", score.words},
                                 {"usd", score.answer.usd},
                                 {"seconds", score.answer.seconds},
                                 {"complaints", score.complaints}});
    out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace

auto eval(const EvalOptions& options, std::ostream& out) -> int {
    auto loaded = load_config(options.config_path, lenient_environment);
    for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
    if (loaded.has_errors()) return exit_usage;
    log::configure(log::Level::warn, log::Format::text);
    const auto& llm = loaded.config.llm;
    const auto prompts = explain::PromptCatalogue::load(llm.prompts);
    if (!prompts) return complain_of_eval(prompts.error().message);
    const auto versions = versions_to_compare(*prompts, options);
    if (!versions) return complain_of_eval(versions.error().message);
    const auto cases = explain::load_cases(options.cases);
    if (!cases) return complain_of_eval(cases.error().message);
    const auto redactor = redact::Redactor::make(loaded.config.redaction);
    if (!redactor) return complain_of_eval(redactor.error().message);
    Asked asked(llm, options.provider);
    if (!asked.is_there() && (options.record || !options.provider.empty()))
        return complain_of_eval(options.provider.empty() ? "--record needs a provider in `llm.providers`"
                                                         : "there is no provider " + options.provider);

    std::vector<EvalScore> scores;
    for (const auto& one : *cases) {
        for (const auto& prompt : *versions) {
            auto score = score_case(options, one, prompt, **redactor, asked);
            if (!score) return complain_of_eval(score.error().message);
            scores.push_back(*std::move(score));
        }
    }
    std::vector<EvalSummary> summaries;
    for (const auto& prompt : *versions) summaries.push_back(explain::summarise(prompt.ref.version, scores));
    if (options.format == "json")
        print_json(summaries, scores, out);
    else
        print_text(summaries, scores, out);
    const bool is_good = std::ranges::all_of(summaries, [&](const EvalSummary& sum) {
        return sum.cases > 0 && sum.missing == 0 && sum.grounding >= options.min_grounding;
    });
    return is_good ? exit_done : exit_failed;
}

} // namespace dossier::app
