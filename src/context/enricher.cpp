#include "dossier/context/enricher.hpp"

#include "concurrent.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/file_sources.hpp"
#include "dossier/context/owner.hpp"
#include "owner_lookup.hpp"
#include "round.hpp"
#include "source_factory.hpp"

#include <algorithm>
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

/// The first platform that has a blast radius gives it; a list is the union of everybody's.
void take_surroundings(Context& context, Surroundings around) {
    if (!context.blast_radius) context.blast_radius = std::move(around.blast_radius);
    if (context.exposure_path.empty()) context.exposure_path = std::move(around.exposure_path);
    for (auto& event : around.access_log) context.access_log.push_back(std::move(event));
    take_policies(context, std::move(around.policies));
    take_access(context, std::move(around.access));
}

} // namespace

Enricher::Enricher(ContextSources sources, ContextConfig config, Metrics& metrics)
    : sources_(std::move(sources)), config_(std::move(config)), metrics_(metrics) {}

Enricher::~Enricher() = default;

auto Enricher::enrich(std::vector<Finding> findings, Deadline deadline) -> Task<Context> {
    Context context;
    if (findings.empty()) co_return context;
    const auto limit = std::min(deadline, deadline_in(config_.timeout));
    Round round{.metrics = metrics_, .deadline = limit, .gaps = {}};
    Round far{.metrics = metrics_, .deadline = std::min(deadline, deadline_in(config_.graph_timeout)), .gaps = {}};
    const auto& resource = findings.front().resource;
    const auto& identity_ = sources_.identity;
    const auto& cmdb_ = sources_.cmdb;

    // Everybody is asked at once and everybody is waited for: no answer outlives the slots it is written to.
    std::vector<Result<IdentityAnswer>> identities(identity_.size());
    std::vector<Result<std::optional<Asset>>> assets(cmdb_.size());
    std::vector<Task<void>> questions;
    for (std::size_t i = 0; i < identity_.size(); ++i)
        questions.push_back(ask_one<IdentityAnswer>(
            "identity:" + identity_[i]->name(),
            [source = identity_[i].get(), resource, limit] { return source->ask(resource, limit); }, round,
            identities[i]));
    for (std::size_t i = 0; i < cmdb_.size(); ++i)
        questions.push_back(ask_one<std::optional<Asset>>(
            "cmdb:" + cmdb_[i]->name(),
            [source = cmdb_[i].get(), resource, limit] { return source->ask(resource, limit); }, round, assets[i]));
    std::vector<Result<Surroundings>> surroundings;
    std::vector<std::pair<GraphSource*, const Finding*>> graph_questions;
    for (const auto& source : sources_.graphs) {
        const auto served = std::ranges::find_if(findings, [&](const Finding& one) { return source->serves(one); });
        if (served != findings.end()) graph_questions.emplace_back(source.get(), &*served);
    }
    surroundings.resize(graph_questions.size());
    for (std::size_t i = 0; i < graph_questions.size(); ++i)
        questions.push_back(ask_one<Surroundings>(
            "graph:" + graph_questions[i].first->name(),
            [source = graph_questions[i].first, finding = *graph_questions[i].second, until = far.deadline] {
                return source->ask(finding, until);
            },
            far, surroundings[i]));
    std::vector<Result<std::vector<PolicyFact>>> policies(sources_.policies.size());
    for (std::size_t i = 0; i < policies.size(); ++i)
        questions.push_back(ask_one<std::vector<PolicyFact>>(
            "policies:" + sources_.policies[i]->name(),
            [source = sources_.policies[i].get(), finding = findings.front(), limit] {
                return source->ask(finding, limit);
            },
            round, policies[i]));
    co_await all_of(std::move(questions));
    for (std::size_t i = 0; i < surroundings.size(); ++i) {
        if (surroundings[i])
            take_surroundings(context, std::move(*surroundings[i]));
        else
            round.missing("graph:" + graph_questions[i].first->name(), surroundings[i].error().message);
    }
    for (std::size_t i = 0; i < policies.size(); ++i) {
        if (policies[i])
            take_policies(context, std::move(*policies[i]));
        else
            round.missing("policies:" + sources_.policies[i]->name(), policies[i].error().message);
    }

    std::vector<OwnerSignal> signals;
    for (std::size_t i = 0; i < assets.size(); ++i) {
        if (!assets[i]) {
            round.missing("cmdb:" + cmdb_[i]->name(), assets[i].error().message);
            continue;
        }
        if (*assets[i])
            for (auto& signal : owner_signals_of(**assets[i])) signals.push_back(std::move(signal));
        if (!context.asset) context.asset = std::move(*assets[i]);
    }
    for (std::size_t i = 0; i < identities.size(); ++i) {
        if (!identities[i]) {
            round.missing("identity:" + identity_[i]->name(), identities[i].error().message);
            continue;
        }
        signals.insert(signals.end(), identities[i]->owners.begin(), identities[i]->owners.end());
        take_access(context, std::move(identities[i]->access));
    }
    for (const auto& finding : findings) {
        auto own = owner_signals_of(finding);
        signals.insert(signals.end(), own.begin(), own.end());
    }

    std::vector<IdentitySource*> answering; // who did not answer a moment ago is not asked again
    for (std::size_t i = 0; i < identities.size(); ++i)
        if (identities[i]) answering.push_back(identity_[i].get());
    round.deadline = std::min(deadline, deadline_in(config_.timeout));
    co_await look_up_people(signals, answering, round);
    co_await look_up_teams(signals, answering, round);
    context.owner = decide_owner(std::move(signals), context.asset);
    co_await look_up_manager(context.owner, std::move(answering), round);
    for (const auto& finding : findings) {
        std::tie(context.environment, context.environment_origin) = environment_of(finding, context.asset);
        if (context.environment != Environment::unknown) break;
    }
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
    return std::make_unique<Enricher>(std::move(sources), config, makings.metrics);
}

} // namespace dossier::context
