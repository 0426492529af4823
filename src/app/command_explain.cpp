#include "dossier/app/commands.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/app/wiring.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/ticket/markup.hpp"
#include "input.hpp"
#include "scratch_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

namespace dossier::app {

namespace {

void write(const ticket::DossierView& view, const std::string& format, std::ostream& out) {
    if (format == "json") {
        out << api::present_view(view).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
        return;
    }
    const auto draft = ticket::render_draft(view);
    const auto markdown = "# " + draft.title + "\n\n" + draft.body;
    if (format == "md")
        out << markdown << '\n';
    else if (format == "html")
        out << ticket::markdown_to_html(markdown) << '\n';
    else
        out << ticket::markdown_to_plain(markdown) << '\n';
}

constexpr std::string_view end_of_unverified = "\n-- end of what nobody had checked; the verified dossier follows --\n";

/// Shows on a terminal what is going on, and the model's text as it comes.
auto watch_on(std::ostream& terminal) -> pipeline::ExplainWatch {
    return {.on_stage = [&terminal](std::string_view stage) { terminal << "[" << stage << "]\n"
                                                                       << std::flush; },
            .on_assessed =
                [&terminal](const Assessment& assessment, const EvidenceList& evidence) {
                    terminal << "[risk level " << assessment.level << "; " << evidence.size()
                             << " pieces of evidence]\n-- " << ticket::guidance_notice << ", not verified yet --\n"
                             << std::flush;
                },
            .on_text = [&terminal](std::string_view text) { terminal << text << std::flush; },
            .on_restart = [&terminal] { terminal << "\n-- void; a new try begins --\n"
                                                 << std::flush; }};
}

} // namespace

auto explain(const ExplainOptions& options, std::ostream& out) -> int {
    auto loaded = load_config(options.config_path, lenient_environment);
    for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
    if (loaded.has_errors()) return exit_usage;
    log::configure(log::Level::warn, log::Format::text);
    const auto complain = [](const Error& error) {
        std::cerr << "dossier explain: " << error.describe() << '\n';
        return exit_failed;
    };
    auto source = options.source;
    if (source.empty() && loaded.config.sources.size() == 1) source = loaded.config.sources.front().name;
    if (source.empty()) {
        std::cerr << "dossier explain: several sources are configured; say which with --source\n";
        return exit_usage;
    }
    auto input = read_input(options.file);
    if (!input) return complain(input.error());

    const ScratchStore scratch("explain");
    auto store = store::open_store({.url = "sqlite:" + scratch.file("explain.db")}, audit::seal);
    if (!store) return complain(store.error());
    auto heads = audit::HeadKeeper::open({.key = scratch.file("audit.key")});
    if (!heads) return complain(heads.error());
    const SystemClock clock;
    Metrics metrics;
    Runtime runtime(1);
    net::HttpClient client(runtime);
    auto wiring = Wiring::make(loaded.config, Foundation{.runtime = runtime,
                                                         .client = client,
                                                         .store = **store,
                                                         .heads = **heads,
                                                         .clock = clock,
                                                         .metrics = metrics});
    if (!wiring) return complain(wiring.error());
    auto found = (*wiring)->receiver().normalise_all(source, *input);
    if (!found) return complain(found.error());

    runtime.start();
    int outcome = found->empty() ? exit_failed : exit_done;
    if (found->empty()) std::cerr << "dossier explain: the payload holds no finding\n";
    for (auto& finding : *found) {
        if (!finding) {
            outcome = complain(finding.error());
            continue;
        }
        std::vector<Finding> one;
        one.push_back(std::move(*finding));
        auto watch = options.stream ? watch_on(std::cerr) : pipeline::ExplainWatch{};
        const auto view =
            asio::co_spawn(runtime.lane(0), (*wiring)->builder().explain(std::move(one), std::move(watch)),
                           asio::use_future)
                .get();
        if (options.stream) std::cerr << end_of_unverified;
        write(view, options.format, out);
    }
    (*store)->close();
    runtime.stop(std::chrono::seconds{1});
    return outcome;
}

} // namespace dossier::app
