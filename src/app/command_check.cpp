#include "dossier/app/commands.hpp"

#include "connect_table.hpp"
#include "dossier/app/config.hpp"
#include "dossier/context/file_sources.hpp"
#include "dossier/explain/prompt_catalogue.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

namespace dossier::app {

namespace {

auto mistakes_in_files(const context::ContextConfig& context) -> std::vector<std::string> {
    std::vector<std::string> mistakes;
    for (const auto& provider : context.identity)
        if (provider.kind == "file")
            std::ranges::move(context::check_identity_file(provider.path), std::back_inserter(mistakes));
    for (const auto& provider : context.cmdb)
        if (provider.kind == "file")
            std::ranges::move(context::check_cmdb_file(provider.path), std::back_inserter(mistakes));
    return mistakes;
}

/// Prompts that can't be read are an error; one that doesn't say what changed in it is worth a word.
auto check_prompts(const explain::LlmConfig& llm, std::ostream& out) -> bool {
    const auto prompts = explain::PromptCatalogue::load(llm.prompts);
    if (!prompts) {
        out << "error: llm.prompts: " << prompts.error().message << '\n';
        return false;
    }
    const auto& all = prompts->all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool has_older = std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(),
                                           [&](const auto& other) { return other.ref.id == all[i].ref.id; });
        if (has_older && all[i].changes.empty())
            out << "warning: llm.prompts: prompt " << all[i].ref.id << ' ' << all[i].ref.version
                << " does not say what changed in it (`changes` in its front matter)\n";
    }
    return true;
}

} // namespace

auto check(const std::string& config_path, bool connect, std::ostream& out) -> int {
    const auto loaded = load_config(config_path);
    for (const auto& problem : loaded.problems)
        out << (problem.is_warning ? "" : "error: ") << problem.describe() << '\n'; // a warning says so itself
    const auto mistakes = mistakes_in_files(loaded.config.context);
    for (const auto& mistake : mistakes) out << "error: " << mistake << '\n';
    if (loaded.has_errors() || !mistakes.empty()) return exit_usage;
    if (!check_prompts(loaded.config.llm, out)) return exit_usage;
    out << config_path << ": good (" << loaded.config.sources.size() << " sources, "
        << loaded.config.pipeline.routes.size() << " routes, " << loaded.config.tickets.sinks.size()
        << " ticket sinks)\n";
    if (!connect) return exit_done;
    const auto checks = try_connections(loaded.config);
    if (!checks) {
        out << "error: " << checks.error().describe() << '\n';
        return exit_usage;
    }
    print_connections(*checks, out);
    return std::ranges::all_of(*checks, is_fine) ? exit_done : exit_failed;
}

} // namespace dossier::app
