#include "dossier/app/service.hpp"

#include "dossier/api/problem.hpp"
#include "dossier/app/wiring.hpp"
#include "dossier/base/fault_point.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/memory.hpp"
#include "dossier/net/http_server.hpp"
#include "dossier/pipeline/worker_pool.hpp"
#include "dossier/redact/redactor.hpp"
#include "open_files.hpp"
#include "presence.hpp"
#include "resident.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

namespace dossier::app {

namespace {

using namespace std::chrono_literals;

constexpr Duration head_interval = 1s;
constexpr Duration longest_sweep = 60s;
constexpr Duration memory_look = 1s;
constexpr Duration freed_memory_kept = 50ms; ///< what a connection or finding frees, the next one takes within less
constexpr std::size_t memory_worth_it = 4U << 20U; ///< bytes that have come to be resident since memory was given back
constexpr Duration sweep_lease = 90s;              ///< longer than a sweep: what a dead replica held is waited for

/// Keeps the wiring alive for as long as the request runs, and for as long as its answer streams.
auto answer(std::shared_ptr<Wiring> wiring, bool admin, net::HttpRequest request) -> Task<net::HttpResponse> {
    const auto& routes = admin ? wiring->admin_routes() : wiring->routes();
    auto response = co_await routes.handle(std::move(request));
    if (response.stream)
        response.stream = [wiring, stream = std::move(response.stream)](net::BodyWriter& out) { return stream(out); };
    co_return response;
}

auto advance(std::shared_ptr<Wiring> wiring, store::Claim claim) -> Task<store::Release> {
    co_return co_await wiring->builder().advance(std::move(claim));
}

auto poll(std::shared_ptr<Wiring> wiring, std::shared_ptr<ingest::Poller> poller) -> Task<void> {
    co_await poller->run();
}

auto talk(std::shared_ptr<Wiring> wiring) -> Task<void> { co_await wiring->chat()->run(); }

auto server_problem(int status, std::string_view detail, const std::string& request_id) -> net::HttpResponse {
    return api::problem(status, detail, request_id);
}

} // namespace

struct Service::Impl {
    Impl(AppConfig config_, std::string path)
        : config(std::move(config_)), config_path(std::move(path)), runtime(config.pipeline.queue.workers) {}

    AppConfig config; ///< of the start
    std::string config_path;
    bool has_tokens = !config.tokens.empty(); ///< in the configuration in force
    bool has_sources = !config.sources.empty();
    asio::io_context control{1}; // run by the thread that called run_until_stopped
    /// Heard as long as any thread of ours lives: unheard, a SIGHUP ends the process, also one that drains.
    asio::signal_set hangups{control, SIGHUP};
    SystemClock clock;
    Metrics metrics;
    Runtime runtime;                     // declared before what runs on it; stopped by hand before any of that dies
    std::string replica = new_id("rpl"); ///< this process, in the names of what it holds
    std::optional<Presence> presence;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<audit::HeadKeeper> heads;
    std::unique_ptr<net::HttpClient> client;
    std::mutex wiring_mutex;
    std::shared_ptr<Wiring> wiring;
    std::unique_ptr<pipeline::WorkerPool> workers;
    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<net::HttpServer> admin_server;
    TaskScope background;
    TaskScope after_answers;                  // what call-backs of chats began; each task holds its wiring
    std::unique_ptr<TaskScope> polling;       // of the wiring in force
    std::atomic<Duration> preparation_took{}; // of the processor's time, once it is over
    std::jthread preparation;                 // beside the first requests, not before them

    auto current() -> std::shared_ptr<Wiring> {
        const std::lock_guard lock(wiring_mutex);
        return wiring;
    }

    auto make_wiring(const AppConfig& from) -> Result<std::shared_ptr<Wiring>> {
        return Wiring::make(from, Foundation{.runtime = runtime,
                                             .client = *client,
                                             .store = *store,
                                             .heads = *heads,
                                             .clock = clock,
                                             .metrics = metrics,
                                             .replica = replica,
                                             .after_answers = &after_answers});
    }

    auto make_server(net::ServerConfig server_config, bool admin) -> std::unique_ptr<net::HttpServer> {
        return std::make_unique<net::HttpServer>(
            runtime, std::move(server_config), metrics,
            [this, admin](const net::HttpRequest& head) {
                const auto held = current();
                return (admin ? held->admin_routes() : held->routes()).gate(head);
            },
            [this, admin](net::HttpRequest request) { return answer(current(), admin, std::move(request)); },
            server_problem);
    }

    /// Out of descriptors nothing works any more, so connections are refused before that.
    void fit_connections() {
        const auto open_files = raise_open_files();
        const auto most = most_connections(config.server.max_connections, open_files);
        if (most < config.server.max_connections)
            log::warn("server.few_open_files", {{"open_files", open_files}, {"connections", most}});
        config.server.max_connections = most;
    }

    auto start() -> Result<void> {
        fit_connections();
        auto opened = store::open_store(config.store, audit::seal);
        if (!opened) return fail(std::move(opened.error()));
        store = std::move(*opened);
        if (const auto file = embedded_store_file(config.store.url)) presence.emplace(*file);
        auto keeper = audit::HeadKeeper::open(config.audit);
        if (!keeper) return fail(std::move(keeper.error()));
        heads = std::move(*keeper);
        client = std::make_unique<net::HttpClient>(runtime);
        auto made = make_wiring(config);
        if (!made) return fail(std::move(made.error()));
        wiring = std::move(*made);
        auto queue = config.pipeline.queue;
        queue.in_flight = queue.under_work();
        workers = std::make_unique<pipeline::WorkerPool>(
            runtime, *store, [this](store::Claim claim) { return advance(current(), std::move(claim)); },
            std::move(queue), clock, metrics);

        runtime.start();
        if (presence && presence->began_alone()) on_control(take_over());
        server = make_server(config.server, false);
        if (auto listening = server->start(); !listening) return listening;
        if (!config.server.admin_listen.empty()) {
            auto admin_config = config.server;
            admin_config.listen = config.server.admin_listen;
            admin_server = make_server(std::move(admin_config), true);
            if (auto listening = admin_server->start(); !listening) return listening;
        }
        workers->start();
        background.spawn(runtime.next_lane().get_executor(), "audit_head",
                         [this]() -> Task<void> { return heads->run(*store, clock, head_interval); });
        background.spawn(runtime.next_lane().get_executor(), "ticket_sweep",
                         [this]() -> Task<void> { return sweep(); });
        background.spawn(runtime.next_lane().get_executor(), "draft_expiry",
                         [this]() -> Task<void> { return expire_drafts(); });
        background.spawn(runtime.next_lane().get_executor(), "memory",
                         [this]() -> Task<void> { return give_back_after_floods(); });
        start_pollers();
        preparation = std::jthread([this] {
            redact::Redactor::prepare();
            give_back_free_memory();
            give_back_code();
            keep_freed_memory_for(freed_memory_kept);
            preparation_took = own_processor_time();
        });
        // This thread has read configuration and knowledge, and has little to do from now on.
        give_back_free_memory();
        log::info("service.started", {{"listen", config.server.listen},
                                      {"port", server->port()},
                                      {"backlog", store->backlog()},
                                      {"sources", config.sources.size()}});
        return {};
    }

    void start_pollers() {
        const auto held = current();
        polling = std::make_unique<TaskScope>();
        for (const auto& poller : held->pollers())
            polling->spawn(runtime.next_lane().get_executor(), "poller " + poller->name(),
                           [held, poller]() -> Task<void> { return poll(held, poller); });
        if (held->chat() != nullptr)
            polling->spawn(runtime.next_lane().get_executor(), "chat", [held]() -> Task<void> { return talk(held); });
    }

    /// Waits until the last has ended: two pollers of one source never run at the same time.
    auto stop_pollers() -> Task<void> {
        if (polling) co_await polling->close(std::chrono::steady_clock::now());
        polling.reset();
    }

    /// What a process that died was working on, at once and not when its leases run out.
    auto take_over() -> Task<void> {
        if (auto freed = co_await store->abandon_leases(""); !freed)
            log::warn("queue.abandon_failed", {{"error", freed.error().describe()}});
        if (auto freed = co_await store->release_singletons(""); !freed)
            log::warn("poll.release_failed", {{"error", freed.error().describe()}});
    }

    /// Memory that a flood has left free lies in the heaps of the threads that it ran on: each gives back its own, once
    /// they have little to do. Findings that wait for somebody outside are no reason to keep it.
    auto give_back_after_floods() -> Task<void> {
        std::size_t least = 0; // resident after it was last given back
        bool was_given_back = false;
        auto used = processor_time();
        while (co_await sleep_for(memory_look)) {
            const auto resident = resident_bytes();
            if (std::exchange(was_given_back, false)) least = resident;
            const auto now = processor_time();
            const auto spent = now - std::exchange(used, now) - preparation_took.exchange(Duration{});
            if (spent > memory_look / 20 || resident < least + memory_worth_it) continue;
            for (std::size_t i = 0; i < runtime.size(); ++i) asio::post(runtime.lane(i), give_back_free_memory);
            give_back_code();
            was_given_back = true;
        }
    }

    /// Looks for doubles behind lagging search indexes, some time after each ticket whose creation was uncertain. Among
    /// all replicas one looks at a time.
    auto sweep() -> Task<void> {
        const auto pause = std::clamp<Duration>(config.tickets.settle / 4, 250ms, 30s);
        while (co_await sleep_for(pause)) {
            if (auto swept = co_await sweep_in_turn(); !swept)
                log::warn("ticket.sweep_failed", {{"error", swept.error().describe()}});
        }
    }

    auto sweep_in_turn() -> Task<Result<void>> {
        auto turn = co_await store->acquire_singleton("ticket_sweep", replica, clock.now(), sweep_lease);
        if (!turn) co_return fail(std::move(turn.error()));
        if (!*turn) co_return Result<void>{};
        const auto held = current();
        auto swept = co_await held->delivery().sweep(deadline_in(longest_sweep));
        if (!swept) co_return fail(std::move(swept.error()));
        co_return co_await store->renew_singleton(std::move(**turn), clock.now()); // it ends now
    }

    /// Ends drafts that nobody decides on. Each replica looks; who is second finds them decided.
    auto expire_drafts() -> Task<void> {
        for (;;) {
            const auto after = current()->reviews().rules().expire_after();
            const auto pause = after.count() > 0 ? std::clamp<Duration>(after / 8, 250ms, 30s) : Duration{5s};
            if (!co_await sleep_for(pause)) co_return;
            const auto held = current();
            if (auto expired = co_await held->reviews().expire_due(); !expired)
                log::warn("draft.expiry_failed", {{"error", expired.error().describe()}});
        }
    }

    /// A file that is being written reads as less of itself. What would open the API to everybody on this machine, or
    /// turn every platform away, is not done in passing. @return "" where nothing is gone
    [[nodiscard]] auto lacking_section(const AppConfig& next) const -> std::string_view {
        if (has_tokens && next.tokens.empty()) return "auth.tokens";
        if (has_sources && next.sources.empty()) return "sources";
        return {};
    }

    auto reload() -> Task<void> {
        auto loaded = load_config(config_path);
        for (const auto& problem : loaded.problems) log::warn("config.problem", {{"problem", problem.describe()}});
        if (loaded.has_errors()) {
            log::error("config.reload_refused", {{"file", config_path}});
            co_return;
        }
        const auto lacks = lacking_section(loaded.config);
        if (!lacks.empty()) {
            log::error("config.reload_refused",
                       {{"file", config_path},
                        {"error", "without `" + std::string(lacks) +
                                      "`, as a file that is still being written; a restart takes it if it is meant"}});
            co_return;
        }
        auto made = make_wiring(loaded.config);
        if (!made) {
            log::error("config.reload_refused", {{"error", made.error().describe()}});
            co_return;
        }
        co_await stop_pollers();
        {
            const std::lock_guard lock(wiring_mutex);
            wiring = std::move(*made);
        }
        start_pollers();
        has_tokens = !loaded.config.tokens.empty();
        has_sources = !loaded.config.sources.empty();
        log::configure(loaded.config.log.level, loaded.config.log.format);
        if (config.server.tls.enabled()) {
            if (auto renewed = server->reload_tls(); !renewed)
                log::error("tls.reload_failed", {{"error", renewed.error().describe()}});
        }
        log::info("config.reloaded", {{"file", config_path}});
    }

    /// Ends when the process is asked to. However many reloads wait in line, that comes first.
    auto wait_for_signals() -> Task<void> {
        asio::signal_set endings(control, SIGTERM, SIGINT); // gone once one came: who asks twice means at once
        int ending = 0;
        endings.async_wait([&ending, this](boost::system::error_code error, int signal) {
            if (error) return;
            ending = signal;
            hangups.cancel();
        });
        while (ending == 0) {
            const auto [error, signal] = co_await hangups.async_wait(asio::as_tuple(asio::use_awaitable));
            if (!error && ending == 0) co_await reload();
        }
        log::info("service.stopping", {{"signal", ending}});
    }

    auto shut_down() -> Task<void> {
        const auto deadline = deadline_in(config.server.drain_timeout);
        fault_point("drain.begun");
        if (server) co_await server->stop(deadline);
        if (admin_server) co_await admin_server->stop(deadline);
        co_await stop_pollers();
        co_await after_answers.close(deadline);
        if (store) {
            if (auto freed = co_await store->release_singletons(replica); !freed)
                log::warn("poll.release_failed", {{"error", freed.error().describe()}});
        }
        fault_point("drain.answered");
        if (workers) co_await workers->stop(deadline);
        fault_point("drain.worked");
        co_await background.close(std::chrono::steady_clock::now());
        if (store && heads) {
            if (auto saved = co_await heads->save(*store, clock.now()); !saved)
                log::error("audit.head_failed", {{"error", saved.error().describe()}});
        }
    }

    void on_control(Task<void> task) {
        asio::co_spawn(control, std::move(task), [](const std::exception_ptr& failure) {
            if (failure) std::rethrow_exception(failure);
        });
        control.restart();
        control.run();
    }

    void end() {
        on_control(shut_down());
        if (store) store->close();
        fault_point("drain.closed");
        client.reset();
        runtime.stop(1s);
        // From here on a SIGHUP has no meaning left but its own, which would take the place of our exit code.
        sigset_t hangup;
        sigemptyset(&hangup);
        sigaddset(&hangup, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &hangup, nullptr);
        log::info("service.stopped");
    }
};

Service::Service(AppConfig config, std::string config_path)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(config_path))) {}

Service::~Service() = default;

auto Service::start() -> Result<void> {
    auto started = impl_->start();
    if (!started) impl_->end();
    return started;
}

void Service::run_until_stopped() {
    impl_->on_control(impl_->wait_for_signals());
    impl_->end();
}

} // namespace dossier::app
