#include "dossier/context/enricher.hpp"

#include "answer_cache.hpp"
#include "concurrent.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/blast_radius.hpp"
#include "dossier/context/file_sources.hpp"
#include "dossier/context/owner.hpp"
#include "dossier/finding/flow.hpp"
#include "owner_lookup.hpp"
#include "platform_graph.hpp"
#include "policy_sources.hpp"
#include "round.hpp"
#include "source_factory.hpp"

#include <algorithm>
#include <deque>
#include <tuple>

namespace dossier::context {

namespace {

void take_access(Context& context, std::vector<Principal> access) {
    for (auto& principal : access) {
        const bool known = std::ranges::any_of(context.access, [&](const Principal& other) {
            return other.id == principal.id && other.kind == principal.kind && other.level == principal.level;
        });
        if (!known) context.access.push_back(std::move(principal));
    }
}

void take_policies(Context& context, std::vector<PolicyFact> policies) {
    for (auto& policy : policies) {
        const bool known = std::ranges::any_of(context.policies, [&](const PolicyFact& other) {
            return other.kind == policy.kind && other.id == policy.id && other.origin == policy.origin;
        });
        if (!known) context.policies.push_back(std::move(policy));
    }
}

/// What several platforms say of the surroundings, brought together.
class AllAround {
public:
    explicit AllAround(Context& context) : context_(context) {}

    void take(const std::string& source, Surroundings around, Round& round) {
        if (around.blast_radius) radii_.push_back(std::move(*around.blast_radius));
        take_path(source, std::move(around.exposure_path));
        for (auto& event : around.access_log) context_.access_log.push_back(std::move(event));
        take_policies(context_, std::move(around.policies));
        take_access(context_, std::move(around.access));
        for (auto& gap : around.gaps) round.missing(gap.source, std::move(gap.reason));
    }

    void finish(ingest::GraphLimits limits) {
        context_.blast_radius = merged_radius(std::move(radii_), limits);
        newest_first(context_.access_log);
    }

private:
    /// A path is read from its first step to its last, so two are not mixed: a second one is one line beside the first.
    void take_path(const std::string& source, std::vector<std::string> path) {
        if (path.empty() || path == context_.exposure_path) return;
        if (context_.exposure_path.empty())
            context_.exposure_path = std::move(path);
        else
            context_.exposure_path.push_back("according to " + source + ": " + join(path, " → "));
    }

    Context& context_;
    std::vector<BlastRadius> radii_;
};

/// What a source knows besides the owners.
void take_identity(Context& context, IdentityAnswer answer, const std::string& source, Round& round) {
    take_access(context, std::move(answer.access));
    take_policies(context, std::move(answer.policies));
    for (auto& line : answer.exposure_path) context.exposure_path.push_back(std::move(line));
    if (!context.store_policy) context.store_policy = std::move(answer.store_policy);
    for (auto& event : answer.access_log) context.access_log.push_back(std::move(event));
    if (!answer.gap.empty()) round.missing(source, std::move(answer.gap));
}

/// The environment by the provider's own tags, where neither CMDB nor finding says it.
auto environment_in(const std::vector<std::pair<std::string, Tags>>& tags_by_source)
    -> std::pair<Environment, std::string> {
    for (const auto& [source, tags] : tags_by_source) {
        Finding tagged;
        tagged.resource.tags = tags;
        auto [environment, origin] = environment_of(tagged, {});
        if (environment != Environment::unknown) return {environment, "identity:" + source + " " + origin};
    }
    return {Environment::unknown, ""};
}

/// One resource as all of its findings describe it: an id of the provider before a platform's own, and whatever the
/// first leaves out from the others.
auto resource_of(const std::vector<Finding>& findings) -> Resource {
    auto resource = findings.front().resource;
    const auto is_providers = [](const std::string& id) {
        return id.starts_with("arn:") || id.starts_with('/') || id.starts_with("projects/");
    };
    const auto take = [](std::string& mine, const std::string& theirs) {
        if (mine.empty()) mine = theirs;
    };
    for (const auto& finding : findings) {
        const auto& other = finding.resource;
        if (!is_providers(resource.id) && is_providers(other.id)) resource.id = other.id;
        take(resource.id, other.id);
        take(resource.name, other.name);
        take(resource.type, other.type);
        take(resource.cloud, other.cloud);
        take(resource.account, other.account);
        take(resource.region, other.region);
    }
    return resource;
}

} // namespace

/// One cache a source and kind of question, in the order of the sources; all of them share the room.
struct Enricher::Caches {
    AnswerStore store;
    std::deque<AnswerCache<IdentityAnswer>> identity;
    std::deque<AnswerCache<std::optional<Person>>> people;
    std::deque<AnswerCache<std::optional<Team>>> teams;
    std::deque<AnswerCache<std::vector<std::string>>> groups;
    std::deque<AnswerCache<std::optional<Asset>>> cmdb;

    Caches(const ContextSources& sources, const ContextConfig& config, Metrics& metrics)
        : store(config.cache_entries, metrics) {
        for (const auto& source : sources.identity) {
            const auto times = times_of(config, config.identity, source->name());
            identity.emplace_back(
                "identity:" + source->name(), store,
                CacheRules<IdentityAnswer>{
                    .times = times, .is_negative = knows_little, .further_keys = {}, .weight = weight_of});
            auto* named = source.get();
            people.emplace_back("identity:" + source->name() + ":people", store,
                                CacheRules<std::optional<Person>>{
                                    .times = times,
                                    .is_negative = [](const auto& person) { return !person; },
                                    .further_keys = [named](const auto& person) { return keys_of(*named, person); },
                                    .weight = {}});
            groups.emplace_back(
                "identity:" + source->name() + ":groups", store,
                CacheRules<std::vector<std::string>>{
                    .times = times, .is_negative = {}, .further_keys = {}, .weight = [](const auto& names) {
                        return 1 + names.size() / 16;
                    }});
            teams.emplace_back("identity:" + source->name() + ":teams", store,
                               CacheRules<std::optional<Team>>{.times = times,
                                                               .is_negative = [](const auto& team) { return !team; },
                                                               .further_keys = {},
                                                               .weight = {}});
        }
        for (const auto& source : sources.cmdb)
            cmdb.emplace_back("cmdb:" + source->name(), store,
                              CacheRules<std::optional<Asset>>{.times = times_of(config, config.cmdb, source->name()),
                                                               .is_negative = [](const auto& asset) { return !asset; },
                                                               .further_keys = {},
                                                               .weight = {}});
    }

    static auto times_of(const ContextConfig& config, const std::vector<ProviderConfig>& providers,
                         const std::string& name) -> CacheTimes {
        CacheTimes times{
            .ttl = config.cache_ttl, .negative_ttl = config.cache_negative_ttl, .stale_for = config.cache_stale};
        const auto provider = std::ranges::find(providers, name, &ProviderConfig::name);
        if (provider != providers.end() && provider->cache_ttl > Duration{0}) times.ttl = provider->cache_ttl;
        return times;
    }
    /// Whoever knew nothing, or not all of it, is asked again soon.
    static auto knows_little(const IdentityAnswer& answer) -> bool {
        const bool is_empty = answer.owners.empty() && answer.access.empty() && answer.policies.empty();
        return is_empty || !answer.gap.empty();
    }
    /// A resource that half the company can reach takes its room.
    static auto weight_of(const IdentityAnswer& answer) -> std::size_t {
        return 1 + (answer.owners.size() + answer.access.size() + answer.policies.size()) / 8;
    }
    /// Whoever was found by e-mail is known by id as well, and the other way round.
    static auto keys_of(const IdentitySource& source, const std::optional<Person>& person) -> std::vector<std::string> {
        if (!person) return {};
        std::vector<std::string> keys{source.person_key(person->id), source.person_key(person->email)};
        for (const auto& alias : person->aliases) keys.push_back(source.person_key(alias));
        return keys;
    }
};

Enricher::Enricher(ContextSources sources, ContextConfig config, Metrics& metrics)
    : sources_(std::move(sources)),
      config_(std::move(config)),
      metrics_(metrics),
      caches_(std::make_unique<Caches>(sources_, config_, metrics)),
      turns_(std::max<std::size_t>(1, config_.max_in_flight)) {}

Enricher::~Enricher() = default;

auto Enricher::ask_in_turn(std::vector<Task<void>> questions, Round& round, Flow flow, Deadline deadline)
    -> Task<void> {
    const auto turn = co_await turns_.acquire(deadline, std::move(flow));
    round.deadline = turn ? std::min(deadline, deadline_in(config_.timeout)) : std::chrono::steady_clock::now();
    co_await all_of(std::move(questions));
}

auto Enricher::enrich(std::vector<Finding> findings, Deadline deadline) -> Task<Context> {
    Context context;
    if (findings.empty()) co_return context;
    Round round{.metrics = metrics_, .deadline = deadline, .gaps = {}};
    Round far{.metrics = metrics_, .deadline = std::min(deadline, deadline_in(config_.graph_timeout)), .gaps = {}};
    const auto resource = resource_of(findings);
    const auto& identity_ = sources_.identity;
    const auto& cmdb_ = sources_.cmdb;

    // Everybody is asked at once and everybody is waited for: no answer outlives the slots it is written to.
    std::vector<Result<Answer<IdentityAnswer>>> identities(identity_.size());
    std::vector<Result<Answer<std::optional<Asset>>>> assets(cmdb_.size());
    std::vector<Task<void>> questions;
    for (std::size_t i = 0; i < identity_.size(); ++i) {
        auto* source = identity_[i].get();
        Question<IdentityAnswer> question{
            .source = "identity:" + source->name(),
            .cache = &caches_->identity[i],
            .key = source->cache_key(resource),
            .ask = [source, resource, &round] { return source->ask(resource, round.deadline); }};
        questions.push_back(ask_one(std::move(question), round, identities[i]));
    }
    for (std::size_t i = 0; i < cmdb_.size(); ++i) {
        auto* source = cmdb_[i].get();
        Question<std::optional<Asset>> question{
            .source = "cmdb:" + source->name(),
            .cache = &caches_->cmdb[i],
            .key = source->cache_key(resource),
            .ask = [source, resource, &round] { return source->ask(resource, round.deadline); }};
        questions.push_back(ask_one(std::move(question), round, assets[i]));
    }
    std::vector<Result<Answer<Surroundings>>> surroundings;
    std::vector<std::pair<GraphSource*, const Finding*>> graph_questions;
    for (const auto& source : sources_.graphs) {
        const auto served = std::ranges::find_if(findings, [&](const Finding& one) { return source->serves(one); });
        if (served != findings.end()) graph_questions.emplace_back(source.get(), &*served);
    }
    surroundings.resize(graph_questions.size());
    std::vector<Task<void>> asked; // graphs don't wait for a turn: they take seconds and hardly any of the processor
    for (std::size_t i = 0; i < graph_questions.size(); ++i)
        asked.push_back(ask_one(
            Question<Surroundings>{.source = "graph:" + graph_questions[i].first->name(),
                                   .ask = [source = graph_questions[i].first, finding = *graph_questions[i].second,
                                           until = far.deadline] { return source->ask(finding, until); }},
            far, surroundings[i]));
    std::vector<Result<Answer<std::vector<PolicyFact>>>> policies(sources_.policies.size());
    for (std::size_t i = 0; i < policies.size(); ++i)
        questions.push_back(ask_one(
            Question<std::vector<PolicyFact>>{.source = "policies:" + sources_.policies[i]->name(),
                                              .ask = [source = sources_.policies[i].get(), finding = findings.front(),
                                                      &round] { return source->ask(finding, round.deadline); }},
            round, policies[i]));
    asked.push_back(ask_in_turn(std::move(questions), round, flow_of(findings), deadline));
    co_await all_of(std::move(asked));
    AllAround around(context);
    for (std::size_t i = 0; i < surroundings.size(); ++i) {
        const auto& name = graph_questions[i].first->name();
        if (auto* answer = taken(surroundings[i], "graph:" + name, round)) around.take(name, std::move(*answer), round);
    }
    around.finish(sources_.graph_limits);
    for (std::size_t i = 0; i < policies.size(); ++i)
        if (auto* facts = taken(policies[i], "policies:" + sources_.policies[i]->name(), round))
            take_policies(context, std::move(*facts));

    std::vector<OwnerSignal> signals;
    for (std::size_t i = 0; i < assets.size(); ++i) {
        auto* asset = taken(assets[i], "cmdb:" + cmdb_[i]->name(), round);
        if (asset == nullptr || !*asset) continue;
        // The first CMDB that knows it describes it; each of them has a word on the owner.
        for (auto& signal : owner_signals_of(**asset)) signals.push_back(std::move(signal));
        if (!context.asset) context.asset = std::move(*asset);
    }
    std::vector<std::pair<std::string, Tags>> cloud_tags;
    for (std::size_t i = 0; i < identities.size(); ++i) {
        auto* answer = taken(identities[i], "identity:" + identity_[i]->name(), round);
        if (answer == nullptr) continue;
        signals.insert(signals.end(), answer->owners.begin(), answer->owners.end());
        cloud_tags.emplace_back(identity_[i]->name(), std::move(answer->tags));
        take_identity(context, std::move(*answer), "identity:" + identity_[i]->name(), round);
    }
    for (const auto& finding : findings) {
        auto own = owner_signals_of(finding);
        signals.insert(signals.end(), own.begin(), own.end());
    }

    std::vector<Directory> answering; // who did not answer a moment ago is not asked again
    for (std::size_t i = 0; i < identities.size(); ++i)
        if (identities[i])
            answering.push_back({.source = identity_[i].get(),
                                 .people = &caches_->people[i],
                                 .teams = &caches_->teams[i],
                                 .groups = &caches_->groups[i]});
    const auto turn = co_await turns_.acquire(deadline, flow_of(findings));
    round.deadline = turn ? std::min(deadline, deadline_in(config_.timeout)) : std::chrono::steady_clock::now();
    answering = co_await look_up_people(signals, std::move(answering), round);
    co_await look_up_teams(signals, answering, round);
    co_await look_up_groups(signals, answering, round);
    context.owner = decide_owner(std::move(signals), context.asset);
    co_await look_up_manager(context.owner, std::move(answering), round);
    for (const auto& finding : findings) {
        std::tie(context.environment, context.environment_origin) = environment_of(finding, context.asset);
        if (context.environment != Environment::unknown) break;
    }
    if (context.environment == Environment::unknown)
        std::tie(context.environment, context.environment_origin) = environment_in(cloud_tags);
    context.gaps = std::move(round.gaps);
    co_return context;
}

auto Enricher::check(Deadline deadline) -> Task<std::vector<net::ConnectCheck>> {
    std::vector<net::ConnectCheck> checks;
    const auto keep = [&](std::string what, net::ConnectCheck check) {
        check.what = std::move(what);
        checks.push_back(std::move(check));
    };
    for (const auto& source : sources_.identity)
        keep("identity[" + source->name() + "]", co_await source->check(deadline));
    for (const auto& source : sources_.cmdb) keep("cmdb[" + source->name() + "]", co_await source->check(deadline));
    for (const auto& source : sources_.policies)
        keep("context.policies[" + source->name() + "]", co_await source->check(deadline));
    co_return checks;
}

auto make_enricher(const ContextConfig& config, SourceMakings makings) -> Result<std::unique_ptr<Enricher>> {
    ContextSources sources;
    for (const auto& provider : config.identity) {
        auto source = make_identity_source(provider, config, makings);
        if (!source) return fail(std::move(source.error()).with("identity", provider.name));
        sources.identity.push_back(std::move(*source));
    }
    for (const auto& provider : config.cmdb) {
        auto source = make_cmdb_source(provider, config, makings);
        if (!source) return fail(std::move(source.error()).with("cmdb", provider.name));
        sources.cmdb.push_back(std::move(*source));
    }
    ingest::GraphLimits whole{.max_hops = 0, .max_nodes = 0}; // of graphs put together: the widest of each
    for (std::size_t i = 0; i < makings.platforms.size(); ++i) {
        const auto& limits = makings.graph_limits.at(i);
        sources.graphs.push_back(make_platform_graph(makings.platforms[i], limits));
        whole.max_hops = std::max(whole.max_hops, limits.max_hops);
        whole.max_nodes = std::max(whole.max_nodes, limits.max_nodes);
    }
    sources.graph_limits = whole;
    for (const auto& place : config.policies)
        sources.policies.push_back(make_document_policies(place, config, makings));
    for (const auto& platform : makings.platforms)
        if (platform->capabilities().policies)
            sources.policies.push_back(make_platform_policies(platform, config, makings.metrics));
    return std::make_unique<Enricher>(std::move(sources), config, makings.metrics);
}

} // namespace dossier::context
