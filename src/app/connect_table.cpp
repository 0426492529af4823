#include "connect_table.hpp"

#include "dossier/approve/chat.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/enricher.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/ingest/queue_poller.hpp"
#include "dossier/store/check.hpp"
#include "dossier/ticket/action_config.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <ostream>

namespace dossier::app {

namespace {

using namespace std::chrono_literals;
using Checks = std::vector<net::ConnectCheck>;

constexpr auto patience = 30s; ///< for everything together, since all are tried at once

/// Names what a check is about; who makes it doesn't know under which key it is configured.
auto named(std::string what, std::function<Task<net::ConnectCheck>(Deadline)> ask, Deadline deadline) -> Task<Checks> {
    auto check = co_await ask(deadline);
    check.what = std::move(what);
    co_return Checks{std::move(check)};
}

/// Everything that was set up for the tries, in the order in which it may go.
struct Outside {
    Runtime runtime{2};
    Metrics metrics;
    SystemClock clock;
    std::unique_ptr<net::HttpClient> client = std::make_unique<net::HttpClient>(runtime);
    std::vector<std::pair<std::string, std::shared_ptr<ingest::PlatformApi>>> platforms;
    std::vector<std::pair<std::string, ingest::QueueCheck>> queues;
    std::unique_ptr<context::Enricher> enricher;
    std::vector<std::pair<std::string, std::unique_ptr<explain::LlmProvider>>> providers;
    std::vector<std::pair<std::string, std::unique_ptr<ticket::TicketSink>>> sinks;
    std::vector<std::pair<std::string, std::shared_ptr<ticket::ActionTarget>>> scanners;
    ticket::Actions::Targets targets;
    std::optional<approve::SlackConfig> slack;

    Outside() = default;
    Outside(const Outside&) = delete;
    auto operator=(const Outside&) -> Outside& = delete;
    ~Outside() {
        scanners.clear();
        targets.clear();
        sinks.clear();
        providers.clear();
        enricher.reset();
        queues.clear();
        platforms.clear();
        client.reset();
        runtime.stop(1s);
    }

    auto set_up(const AppConfig& config) -> Result<void> {
        context::SourceMakings makings{.client = *client, .metrics = metrics, .platforms = {}, .graph_limits = {}};
        for (const auto& source : config.sources) {
            auto api = ingest::make_platform_api(source, *client, metrics);
            if (!api) continue;
            makings.platforms.push_back(api);
            makings.graph_limits.push_back({.max_hops = source.api->max_hops, .max_nodes = source.api->max_nodes});
            platforms.emplace_back(fmt::format("sources[{}].api", source.name), std::move(api));
        }
        queues = ingest::make_queue_checks(config.sources, *client, metrics);
        auto made = context::make_enricher(config.context, std::move(makings));
        if (!made) return fail(std::move(made.error()));
        enricher = std::move(*made);
        for (const auto& provider : config.llm.providers)
            if (provider.kind != "template")
                providers.emplace_back(fmt::format("llm.providers[{}]", provider.name),
                                       explain::make_llm_provider(provider, *client, metrics));
        for (const auto& sink : config.tickets.sinks)
            sinks.emplace_back(fmt::format("tickets.sinks[{}]", sink.name), ticket::make_sink(sink, *client, metrics));
        for (const auto& scanner : config.scanners)
            scanners.emplace_back(fmt::format("scanners[{}]", scanner.name),
                                  ticket::make_purview_target(scanner, *client, metrics));
        targets = ticket::make_targets(config.actions, *client, clock, metrics);
        if (config.chat.slack.enabled()) slack = config.chat.slack;
        return {};
    }

    auto tries(Deadline deadline) -> std::vector<Task<Checks>> {
        std::vector<Task<Checks>> tasks;
        const auto add = [&](const std::string& what, auto* one) {
            tasks.push_back(named(what, [one](Deadline until) { return one->check(until); }, deadline));
        };
        for (auto& [what, platform] : platforms) add(what, platform.get());
        for (auto& [name, check] : queues) tasks.push_back(named(fmt::format("sources[{}]", name), check, deadline));
        tasks.push_back(enricher->check(deadline));
        for (auto& [what, provider] : providers) add(what, provider.get());
        for (auto& [what, sink] : sinks) add(what, sink.get());
        for (auto& [what, scanner] : scanners) add(what, scanner.get());
        for (auto& [name, target] : targets) add(fmt::format("actions.policies[{}]", name), target.get());
        if (slack)
            tasks.push_back(named(
                "chat.slack", [this](Deadline until) { return approve::check_slack(*slack, *client, metrics, until); },
                deadline));
        return tasks;
    }
};

auto try_store(const store::StoreConfig& config) -> net::ConnectCheck {
    net::ConnectCheck check{.what = "store", .url = store::describe_store(config), .missing = {}, .detail = {}};
    if (!store::is_remote(config)) {
        check.verdict = net::ConnectCheck::Verdict::skipped;
        return check;
    }
    auto found = store::check_store(config);
    if (!found) return net::failed_check(check.what, check.url, found.error());
    check.missing = std::move(found->missing);
    check.detail = std::move(found->detail);
    if (!check.missing.empty()) check.verdict = net::ConnectCheck::Verdict::permission;
    return check;
}

auto printable(std::string_view text, std::size_t most) -> std::string {
    auto clean = to_valid_utf8(text);
    std::ranges::replace_if(clean, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return shorten(clean, most);
}

} // namespace

auto try_connections(const AppConfig& config) -> Result<Checks> {
    Outside outside;
    if (auto done = outside.set_up(config); !done) return fail(std::move(done.error()));
    outside.runtime.start();
    // The database's library waits for its server: on a thread of its own, not on a lane.
    auto store = std::async(std::launch::async, try_store, std::cref(config.store));
    std::vector<std::future<Checks>> answers;
    for (auto& task : outside.tries(deadline_in(patience)))
        answers.push_back(asio::co_spawn(outside.runtime.next_lane(), std::move(task), asio::use_future));
    Checks checks{store.get()};
    for (auto& answer : answers)
        for (auto& check : answer.get()) checks.push_back(std::move(check));
    return checks;
}

auto is_fine(const net::ConnectCheck& check) -> bool {
    using Verdict = net::ConnectCheck::Verdict;
    return check.verdict == Verdict::ok || check.verdict == Verdict::skipped;
}

void print_connections(const Checks& checks, std::ostream& out) {
    constexpr std::size_t most = 300; // a table has to stay one
    using Row = std::array<std::string, 4>;
    std::vector<Row> rows{{"WHAT", "RESULT", "ADDRESS", "DETAIL"}};
    for (const auto& check : checks) {
        auto detail = check.missing.empty() ? check.detail : "missing: " + join(check.missing, ", ");
        if (!check.missing.empty() && !check.detail.empty()) detail += " (" + check.detail + ")";
        rows.push_back({printable(check.what, 80), std::string(to_string(check.verdict)), printable(check.url, 120),
                        printable(detail, most)});
    }
    std::array<std::size_t, 3> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], code_points(row[i]));
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line += row[i] + std::string(widths[i] - code_points(row[i]) + 2, ' ');
        line += row[3];
        while (line.ends_with(' ')) line.pop_back();
        out << line << '\n';
    }
}

} // namespace dossier::app
