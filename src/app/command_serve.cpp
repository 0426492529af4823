#include "dossier/app/commands.hpp"

#include "dossier/app/service.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/memory.hpp"

#include <chrono>
#include <iostream>

namespace dossier::app {

namespace {

void print(std::ostream& out, const std::vector<config::Problem>& problems) {
    for (const auto& problem : problems)
        out << (problem.is_warning ? "" : "error: ") << problem.describe() << '\n'; // a warning says so itself
}

} // namespace

auto serve(const std::string& config_path) -> int {
    keep_freed_memory_for(std::chrono::milliseconds{0}); // the start frees most of what it takes
    auto loaded = load_config(config_path);
    print(std::cerr, loaded.problems);
    if (loaded.has_errors()) return exit_usage;
    log::configure(loaded.config.log.level, loaded.config.log.format);
    Service service(std::move(loaded.config), config_path);
    if (auto started = service.start(); !started) {
        log::error("service.start_failed", {{"error", started.error().describe()}});
        return exit_failed;
    }
    service.run_until_stopped();
    return exit_done;
}

} // namespace dossier::app
