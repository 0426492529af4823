#include "dossier/app/wiring.hpp"

#include "dossier/api/chat_people.hpp"
#include "dossier/context/enricher.hpp"
#include "dossier/explain/assessor.hpp"
#include "dossier/explain/governance.hpp"
#include "dossier/explain/narrator.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/ingest/backlog.hpp"
#include "dossier/ingest/queue_poller.hpp"
#include "dossier/redact/sample_mask.hpp"
#include "dossier/ticket/tracker_poller.hpp"

#include <algorithm>

namespace dossier::app {

namespace {

/// The APIs of the sources that have one.
struct Platforms {
    std::vector<std::shared_ptr<ingest::PlatformApi>> apis;
    std::vector<ingest::GraphLimits> graph_limits; ///< in the same order
    std::vector<ticket::WriteBackPlatform> write_back;
};

auto make_platforms(const std::vector<ingest::SourceConfig>& sources, const Foundation& foundation) -> Platforms {
    Platforms platforms;
    for (const auto& source : sources) {
        auto api = ingest::make_platform_api(source, foundation.client, foundation.metrics);
        if (!api) continue;
        platforms.write_back.push_back({.api = api, .config = source.api->write_back});
        platforms.apis.push_back(std::move(api));
        platforms.graph_limits.push_back(
            {.max_hops = source.api->blast_radius ? source.api->max_hops : 0, .max_nodes = source.api->max_nodes});
    }
    return platforms;
}

} // namespace

struct Wiring::Parts {
    Parts(const AppConfig& config, const Foundation& foundation, ingest::Handshakes handshakes)
        : receiver(config.sources, foundation.store, foundation.clock, foundation.metrics,
                   config.pipeline.queue.capacity, std::move(handshakes)),
          platforms(make_platforms(config.sources, foundation)),
          authenticator(config.tokens),
          reviews(foundation.store, foundation.clock, foundation.metrics, config.approval),
          routes(authenticator),
          admin_routes(authenticator) {}

    ingest::Receiver receiver;
    Platforms platforms;
    std::unique_ptr<context::Enricher> enricher;
    std::unique_ptr<explain::Assessor> assessor;
    std::unique_ptr<explain::Governor> governor;
    std::shared_ptr<const redact::Redactor> redactor;
    std::unique_ptr<explain::LlmGateway> gateway;
    std::shared_ptr<const explain::PromptCatalogue> prompts;
    std::unique_ptr<explain::Classifier> classifier;
    std::unique_ptr<explain::LlmClassifier> llm_classifier;
    std::unique_ptr<explain::Narrator> narrator;
    std::unique_ptr<report::Questioner> questioner;
    std::unique_ptr<ticket::Delivery> delivery;
    std::unique_ptr<ticket::Lifecycle> lifecycle;
    std::unique_ptr<ticket::Callbacks> callbacks;
    std::unique_ptr<ticket::WriteBack> write_back;
    std::vector<ticket::PurviewConfig> scanners;
    std::unique_ptr<ticket::Actions> actions;
    std::unique_ptr<pipeline::DossierBuilder> builder;
    api::Authenticator authenticator;
    approve::ReviewQueue reviews;
    std::unique_ptr<approve::Chat> chat; ///< nullptr = neither Slack nor Teams
    std::unique_ptr<api::Services> services;
    api::Routes routes;
    api::Routes admin_routes;
    std::vector<std::shared_ptr<ingest::Poller>> pollers;

    void add_tracker_pollers(const AppConfig& config, const Foundation& foundation,
                             const std::map<std::string, std::shared_ptr<ticket::TicketSink>>& sinks);
    /// Reconciliation and backlog of each source that has an API for them.
    void add_platform_pollers(const AppConfig& config, const Foundation& foundation);
    /// @param self the wiring that holds these parts, once it is made: what runs after an answer keeps it alive
    void add_chat(const AppConfig& config, const Foundation& foundation, std::shared_ptr<std::weak_ptr<Wiring>> self);
};

void Wiring::Parts::add_chat(const AppConfig& config, const Foundation& foundation,
                             std::shared_ptr<std::weak_ptr<Wiring>> self) {
    if (!config.chat.enabled() && config.chat.teams.hmac_secret.empty()) return;
    approve::ChatHands hands{.store = foundation.store,
                             .reviews = reviews,
                             .client = foundation.client,
                             .clock = foundation.clock,
                             .metrics = foundation.metrics,
                             .people = api::chat_people(config.people, reviews.rules().names_owners()),
                             .sources = {},
                             .replica = foundation.replica};
    for (const auto& source : config.sources) hands.sources.push_back(source.name);
    hands.ask = [this, &foundation_store = foundation.store,
                 &clock = foundation.clock](std::string question, std::string who, Deadline deadline) {
        return api::answer_in_chat(*questioner, foundation_store, clock, std::move(question), std::move(who), deadline);
    };
    hands.later = [self = std::move(self), &runtime = foundation.runtime,
                   scope = foundation.after_answers](std::string_view what, std::function<Task<void>()> task) {
        auto held = self->lock();
        if (!held || scope == nullptr) return false;
        return scope->spawn(runtime.next_lane().get_executor(), what,
                            [held = std::move(held), task = std::move(task)]() -> Task<void> { return task(); });
    };
    chat = std::make_unique<approve::Chat>(config.chat, std::move(hands));
}

void Wiring::Parts::add_tracker_pollers(const AppConfig& config, const Foundation& foundation,
                                        const std::map<std::string, std::shared_ptr<ticket::TicketSink>>& sinks) {
    for (const auto& sink : config.tickets.sinks) {
        if (sink.poll.count() == 0) continue;
        const ticket::TrackerPollConfig poll{
            .every = sink.poll, .overlap = config.tickets.settle + Duration{60'000}, .replica = foundation.replica};
        pollers.push_back(std::make_shared<ticket::TrackerPoller>(
            sinks.at(sink.name), foundation.store, foundation.store, poll, foundation.clock, foundation.metrics));
    }
}

void Wiring::Parts::add_platform_pollers(const AppConfig& config, const Foundation& foundation) {
    for (const auto& api : platforms.apis) {
        const auto source = std::ranges::find(config.sources, api->source(), &ingest::SourceConfig::name);
        if (source == config.sources.end() || !source->api) continue;
        const ingest::PollStation station{.api = api,
                                          .config = *source->api,
                                          .receiver = receiver,
                                          .store = foundation.store,
                                          .clock = foundation.clock,
                                          .metrics = foundation.metrics,
                                          .replica = foundation.replica};
        const auto can = api->capabilities();
        if (source->api->reconcile && can.changes) pollers.push_back(std::make_shared<ingest::Reconciler>(station));
        if (source->api->backlog && can.backlog) {
            pollers.push_back(std::make_shared<ingest::BacklogPoller>(
                station, source->kind, [masks = redactor](std::string_view field, std::string_view value) {
                    return redact::mask_sample(*masks, field, value);
                }));
        }
    }
}

namespace {

auto make_providers(const explain::LlmConfig& config, const Foundation& foundation)
    -> std::vector<std::unique_ptr<explain::LlmProvider>> {
    std::vector<std::unique_ptr<explain::LlmProvider>> providers;
    for (const auto& provider : config.providers) {
        if (provider.kind == "template") break; // it ends the list: it never fails
        providers.push_back(explain::make_llm_provider(provider, foundation.client, foundation.metrics));
    }
    return providers;
}

auto make_sinks(const ticket::TicketConfig& config, const Foundation& foundation)
    -> std::map<std::string, std::shared_ptr<ticket::TicketSink>> {
    std::map<std::string, std::shared_ptr<ticket::TicketSink>> sinks;
    for (const auto& sink : config.sinks)
        sinks.emplace(sink.name, ticket::make_sink(sink, foundation.client, foundation.metrics));
    if (!sinks.contains("outbox")) {
        ticket::SinkConfig outbox;
        outbox.name = "outbox";
        outbox.kind = "outbox";
        sinks.emplace("outbox", ticket::make_sink(outbox, foundation.client, foundation.metrics));
    }
    return sinks;
}

} // namespace

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Wiring::~Wiring() = default;

auto Wiring::make(const AppConfig& config, const Foundation& foundation) -> Result<std::shared_ptr<Wiring>> {
    auto handshakes = ingest::make_handshakes(config.sources, foundation.client, foundation.metrics, foundation.clock);
    if (!handshakes) return fail(std::move(handshakes.error()));
    auto parts = std::make_unique<Parts>(config, foundation, std::move(*handshakes));
    auto enricher = context::make_enricher(config.context, {.client = foundation.client,
                                                            .metrics = foundation.metrics,
                                                            .platforms = parts->platforms.apis,
                                                            .graph_limits = parts->platforms.graph_limits});
    if (!enricher) return fail(std::move(enricher.error()));
    parts->enricher = std::move(*enricher);
    auto assessor = explain::Assessor::load("");
    if (!assessor) return fail(std::move(assessor.error()));
    parts->assessor = std::move(*assessor);
    auto governor = explain::Governor::load("");
    if (!governor) return fail(std::move(governor.error()));
    parts->governor = std::move(*governor);
    auto redactor = redact::Redactor::make(config.redaction);
    if (!redactor) return fail(std::move(redactor.error()));
    parts->redactor = std::move(*redactor);
    auto prompts = explain::PromptCatalogue::load(config.llm.prompts);
    if (!prompts) return fail(std::move(prompts.error()));
    if (auto rolled = prompts->roll_out(config.llm.rollout); !rolled) return fail(std::move(rolled.error()));

    parts->gateway =
        std::make_unique<explain::LlmGateway>(make_providers(config.llm, foundation), config.llm, &foundation.store,
                                              foundation.clock, foundation.metrics, &foundation.store);
    parts->prompts = std::make_shared<explain::PromptCatalogue>(std::move(*prompts));
    auto classifier = explain::Classifier::load("", config.classification.classifier);
    if (!classifier) return fail(std::move(classifier.error()));
    parts->classifier = std::move(*classifier);
    if (config.classification.use_llm)
        parts->llm_classifier = std::make_unique<explain::LlmClassifier>(*parts->gateway, *parts->classifier,
                                                                         parts->prompts, parts->redactor);
    parts->narrator = std::make_unique<explain::Narrator>(
        *parts->gateway, parts->prompts, parts->redactor, foundation.metrics,
        config.llm.share || (config.llm.cache && config.llm.share_storms_of > 0)
            ? std::optional(explain::Sharing{.store = foundation.store,
                                             .clock = foundation.clock,
                                             .from = config.llm.share ? 0U : config.llm.share_storms_of})
            : std::nullopt);
    std::vector<std::string> sources;
    for (const auto& source : config.sources) sources.push_back(source.name);
    parts->questioner = std::make_unique<report::Questioner>(*parts->gateway, parts->prompts, parts->redactor,
                                                             foundation.store, foundation.clock, std::move(sources));
    const auto sinks = make_sinks(config.tickets, foundation);
    parts->delivery = std::make_unique<ticket::Delivery>(sinks, foundation.store, config.tickets, foundation.clock,
                                                         foundation.metrics);
    const auto& queue = config.pipeline.queue;
    parts->lifecycle = std::make_unique<ticket::Lifecycle>(
        sinks, ticket::LifecycleStore{.tickets = foundation.store, .effects = foundation.store},
        config.tickets.lifecycle, net::RetryPolicy{.base = queue.backoff_base, .max = queue.backoff_max},
        foundation.clock, foundation.metrics);
    parts->write_back = std::make_unique<ticket::WriteBack>(
        parts->platforms.write_back, foundation.store,
        net::RetryPolicy{.base = queue.backoff_base, .max = queue.backoff_max}, foundation.clock, foundation.metrics);
    parts->scanners = config.scanners;
    auto targets = ticket::make_targets(config.actions, foundation.client, foundation.clock, foundation.metrics);
    for (const auto& scanner : config.scanners)
        targets.emplace(scanner.name, ticket::make_purview_target(scanner, foundation.client, foundation.metrics));
    if (!targets.empty())
        parts->actions =
            std::make_unique<ticket::Actions>(std::move(targets), foundation.store,
                                              net::RetryPolicy{.base = queue.backoff_base, .max = queue.backoff_max},
                                              config.tickets.instance, foundation.clock, foundation.metrics);
    parts->builder = std::make_unique<pipeline::DossierBuilder>(
        pipeline::Stations{.store = foundation.store,
                           .receiver = parts->receiver,
                           .enricher = *parts->enricher,
                           .assessor = *parts->assessor,
                           .governor = *parts->governor,
                           .narrator = *parts->narrator,
                           .delivery = *parts->delivery,
                           .redactor = *parts->redactor,
                           .clock = foundation.clock,
                           .metrics = foundation.metrics,
                           .config = config.pipeline,
                           .platforms = parts->platforms.apis,
                           .default_approval = config.tickets.approval,
                           .default_sink = config.tickets.sinks.empty() ? "outbox" : config.tickets.sinks.front().name,
                           .lifecycle = parts->lifecycle.get(),
                           .write_back = parts->write_back.get(),
                           .group = config.tickets.group,
                           .due = config.tickets.due,
                           .scanners = &parts->scanners,
                           .restore_in_tickets = config.redaction.restore_in_tickets,
                           .classifier = parts->classifier.get(),
                           .llm_classifier = parts->llm_classifier.get(),
                           .location_rules = config.classification.location_rules,
                           .actions = parts->actions.get()});
    parts->add_platform_pollers(config, foundation);
    parts->add_tracker_pollers(config, foundation, sinks);
    parts->callbacks = std::make_unique<ticket::Callbacks>(config.tickets.sinks, foundation.store, foundation.clock,
                                                           foundation.metrics);
    auto self = std::make_shared<std::weak_ptr<Wiring>>();
    parts->add_chat(config, foundation, self);
    parts->services =
        std::make_unique<api::Services>(api::Services{.store = foundation.store,
                                                      .receiver = parts->receiver,
                                                      .builder = *parts->builder,
                                                      .reviews = parts->reviews,
                                                      .questioner = *parts->questioner,
                                                      .heads = foundation.heads,
                                                      .clock = foundation.clock,
                                                      .metrics = foundation.metrics,
                                                      .mode = config.pipeline.mode,
                                                      .capacity = config.pipeline.queue.capacity,
                                                      .metrics_elsewhere = !config.server.admin_listen.empty(),
                                                      .callbacks = parts->callbacks.get(),
                                                      .classifier = parts->classifier.get(),
                                                      .chat = parts->chat.get(),
                                                      .authenticator = &parts->authenticator});
    if (!config.platform_votes.sources.empty())
        parts->pollers.push_back(std::make_shared<approve::PlatformVotes>(
            config.platform_votes, approve::PlatformVotes::Hands{
                                       .store = foundation.store,
                                       .reviews = parts->reviews,
                                       .clock = foundation.clock,
                                       .platforms = parts->platforms.apis,
                                       .people = api::chat_people(config.people, parts->reviews.rules().names_owners()),
                                       .replica = foundation.replica}));
    for (auto& poller :
         ingest::make_queue_pollers(config.sources, parts->receiver, foundation.client, foundation.metrics))
        parts->pollers.push_back(std::move(poller));
    api::add_rest_routes(parts->routes, *parts->services);
    api::add_admin_routes(parts->admin_routes, *parts->services);
    std::shared_ptr<Wiring> wiring(new Wiring(std::move(parts)));
    *self = wiring;
    return wiring;
}

auto Wiring::receiver() -> ingest::Receiver& { return parts_->receiver; }
auto Wiring::builder() -> pipeline::DossierBuilder& { return *parts_->builder; }
auto Wiring::reviews() -> approve::ReviewQueue& { return parts_->reviews; }
auto Wiring::delivery() -> ticket::Delivery& { return *parts_->delivery; }
auto Wiring::chat() -> approve::Chat* { return parts_->chat.get(); }
auto Wiring::routes() const -> const api::Routes& { return parts_->routes; }
auto Wiring::admin_routes() const -> const api::Routes& { return parts_->admin_routes; }
auto Wiring::pollers() const -> const std::vector<std::shared_ptr<ingest::Poller>>& { return parts_->pollers; }

} // namespace dossier::app
