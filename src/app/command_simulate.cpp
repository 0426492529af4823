#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/audit/chain.hpp"
#include "dossier/base/log.hpp"
#include "dossier/pipeline/simulation.hpp"
#include "scratch_store.hpp"
#include "simulation_text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <optional>

namespace dossier::app {

namespace {

auto complain_of_simulation(const Error& error) -> int {
    std::cerr << "dossier simulate: " << error.describe() << '\n';
    return exit_failed;
}

/// The configuration, or nothing once its mistakes have been said.
auto load_or_complain(const std::string& path) -> std::optional<AppConfig> {
    auto loaded = load_config(path, lenient_environment); // no secret is needed to ask nobody
    for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
    if (loaded.has_errors()) return std::nullopt;
    return std::move(loaded.config);
}

auto begin_of(const std::string& since, Timestamp now) -> std::optional<Timestamp> {
    if (const auto ago = parse_duration(since)) return now - *ago;
    if (const auto time = parse_time(since)) return time;
    return parse_time(since + "T00:00:00Z");
}

auto tried(const AppConfig& config, const AppConfig& current) -> pipeline::TriedConfig {
    return {.pipeline = config.pipeline,
            .context = config.context,
            .llm = config.llm,
            .tickets = config.tickets,
            .approval = config.approval,
            .approval_before = current.approval};
}

/// What a simulation works with, besides the stores.
struct Knowledge {
    std::unique_ptr<explain::Assessor> assessor;
    std::shared_ptr<const redact::Redactor> redactor;
    std::shared_ptr<const explain::PromptCatalogue> prompts;
};

auto load_knowledge(const AppConfig& config) -> Result<Knowledge> {
    auto assessor = explain::Assessor::load("");
    if (!assessor) return fail(std::move(assessor.error()));
    auto redactor = redact::Redactor::make(config.redaction);
    if (!redactor) return fail(std::move(redactor.error()));
    auto prompts = explain::PromptCatalogue::load(config.llm.prompts);
    if (!prompts) return fail(std::move(prompts.error()));
    if (auto rolled = prompts->roll_out(config.llm.rollout); !rolled) return fail(std::move(rolled.error()));
    return Knowledge{.assessor = std::move(*assessor),
                     .redactor = std::move(*redactor),
                     .prompts = std::make_shared<explain::PromptCatalogue>(std::move(*prompts))};
}

} // namespace

auto simulate(const SimulateOptions& options, std::ostream& out) -> int {
    const auto config = load_or_complain(options.config_path);
    const auto current = options.current_path.empty() ? config : load_or_complain(options.current_path);
    if (!config || !current) return exit_usage;
    log::configure(log::Level::error, log::Format::text);
    const auto now = SystemClock().now();
    const auto since = begin_of(options.since, now);
    if (!since) {
        std::cerr << "dossier simulate: --since takes 30d, 12h, a day as 2026-11-01 or an RFC 3339 time, not '"
                  << options.since << "'\n";
        return exit_usage;
    }
    auto knowledge = load_knowledge(*config);
    if (!knowledge) return complain_of_simulation(knowledge.error());
    asio::io_context context; // outlives the stores, whose threads end their calls on it
    auto history = store::open_store_to_read(current->store, audit::seal);
    if (!history) return complain_of_simulation(history.error());
    const ScratchStore place("simulate");
    auto scratch = store::open_store({.url = "sqlite:" + place.file("simulate.db")}, audit::seal);
    if (!scratch) return complain_of_simulation(scratch.error());

    Metrics metrics;
    auto pending = asio::co_spawn(context,
                                  pipeline::simulate(tried(*config, *current),
                                                     {.history = **history,
                                                      .scratch = **scratch,
                                                      .assessor = *knowledge->assessor,
                                                      .prompts = knowledge->prompts,
                                                      .redactor = knowledge->redactor,
                                                      .metrics = metrics},
                                                     *since, now),
                                  asio::use_future);
    context.run();
    auto simulation = pending.get();
    (*scratch)->close();
    (*history)->close();
    if (!simulation) return complain_of_simulation(simulation.error());
    if (options.format == "json")
        write_json(*simulation, options.limit, out);
    else
        write_text(*simulation, options.limit, out);
    return options.exit_code && !simulation->changes.empty() ? exit_differs : exit_done;
}

} // namespace dossier::app
