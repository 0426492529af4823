#include "dossier/context/enricher.hpp"

#include "answer_cache.hpp"
#include "concurrent.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/file_sources.hpp"
#include "dossier/context/owner.hpp"
#include "owner_signals.hpp"
#include "source_factory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <tuple>

namespace dossier::context {

namespace {

/// More names than this for one resource are noise; the most trusted come first.
constexpr std::size_t most_people = 12;

/// What all questions of one enrichment share.
struct Round {
    Metrics& metrics;
    Deadline deadline;
    std::vector<ContextGap> gaps;

    void missing(const std::string& source, std::string reason) {
        const bool known = std::ranges::any_of(gaps, [&](const ContextGap& gap) { return gap.source == source; });
        if (!known) gaps.push_back({.source = source, .reason = std::move(reason)});
    }
};

auto outcome_of(const std::optional<Error>& error) -> std::string_view {
    if (!error) return "ok";
    if (error->code == Errc::timeout) return "timeout";
    return error->code == Errc::cancelled ? "cancelled" : "error";
}

/// One question to one source, by way of its cache where it has one.
template <class T>
struct Question {
    std::string source;
    AnswerCache<T>* cache = nullptr;
    std::string key; ///< "" = asked each time
    std::function<Task<Result<T>>()> ask;
};

template <class T>
auto put(Question<T> question, Deadline deadline) -> Task<Result<Answer<T>>> {
    auto ask = [&question, deadline] { return within(question.ask, question.source, deadline); };
    if (question.cache != nullptr && !question.key.empty())
        co_return co_await question.cache->ask(question.key, std::move(ask), deadline);
    auto answer = co_await ask();
    if (!answer) co_return fail(std::move(answer.error()));
    co_return Answer<T>{.value = std::move(*answer), .age = {}, .reason = {}};
}

/// Asks one source; writes the answer or the reason into `answer`, which outlives this coroutine.
template <class T>
auto ask_one(Question<T> question, Round& round, Result<Answer<T>>& answer) -> Task<void> {
    const auto start = std::chrono::steady_clock::now();
    const auto source = question.source;
    answer = co_await put(std::move(question), round.deadline);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::optional<Error> error;
    if (!answer) error = answer.error();
    round.metrics.observe("dossier_context_seconds", took.count(),
                          {{"source", source}, {"outcome", outcome_of(error)}});
}

auto in_words(Duration age) -> std::string {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    if (seconds < 120) return fmt::format("{} s", seconds);
    return seconds < 7'200 ? fmt::format("{} min", seconds / 60) : fmt::format("{} h", seconds / 3'600);
}

/// The answer's value; a failure and an answer that had to be an old one become gaps.
template <class T>
auto taken(Result<Answer<T>>& answer, const std::string& source, Round& round) -> T* {
    if (!answer) {
        round.missing(source, answer.error().message);
        return nullptr;
    }
    if (answer->age)
        round.missing(source,
                      fmt::format("{}; its answer of {} ago stands in", answer->reason, in_words(*answer->age)));
    return &answer->value;
}

/// The same person as far as a name, an e-mail and, from labels that can't hold an @, alice_at_acme_example can say.
auto spellings(const Person& person) -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto* name : {&person.id, &person.email})
        if (!name->empty()) names.push_back(*name);
    if (const auto at = person.id.find("_at_"); at != std::string::npos)
        names.push_back(person.id.substr(0, at) + "@" + replace_all(person.id.substr(at + 4), "_", "."));
    return names;
}

/// Fills in what the directory knows; what the signal said itself stays.
void complete(Person& person, const Person& known) {
    const auto take = [](std::string& mine, const std::string& theirs) {
        if (mine.empty()) mine = theirs;
    };
    if (!known.id.empty()) person.id = known.id;
    take(person.email, known.email);
    take(person.name, known.name);
    take(person.department, known.department);
    take(person.manager, known.manager);
    if (person.groups.empty()) person.groups = known.groups;
}

auto is_complete(const Person& person) -> bool {
    return !person.id.empty() && !person.email.empty() && !person.name.empty() && !person.department.empty();
}

/// An identity source with what is kept of it.
struct Directory {
    IdentitySource* source = nullptr;
    AnswerCache<std::optional<Person>>* people = nullptr;
};

/// Looks each name that some source wrote down up in every identity source, all at once, and fills the signals in.
auto look_up_people(std::vector<OwnerSignal>& signals, std::vector<Directory> directories, Round& round) -> Task<void> {
    struct Lookup {
        std::size_t signal = 0;
        std::string name;
        Directory directory;
        Result<Answer<std::optional<Person>>> answer;
    };
    std::vector<Lookup> lookups;
    std::size_t people = 0;
    for (std::size_t i = 0; i < signals.size() && people < most_people; ++i) {
        if (is_complete(signals[i].person)) continue;
        ++people;
        for (const auto& name : spellings(signals[i].person))
            for (const auto& directory : directories)
                lookups.push_back({.signal = i, .name = name, .directory = directory});
    }
    std::vector<Task<void>> questions;
    for (auto& lookup : lookups) {
        auto* source = lookup.directory.source;
        Question<std::optional<Person>> question{
            .source = "identity:" + source->name(),
            .cache = lookup.directory.people,
            .key = source->person_key(lookup.name),
            .ask = [source, name = lookup.name, limit = round.deadline] { return source->person(name, limit); }};
        questions.push_back(ask_one(std::move(question), round, lookup.answer));
    }
    co_await all_of(std::move(questions));
    for (auto& lookup : lookups) {
        const auto* person = taken(lookup.answer, "identity:" + lookup.directory.source->name(), round);
        if (person != nullptr && *person) complete(signals[lookup.signal].person, **person);
    }
}

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

/// One cache a source and kind of question, in the order of the sources; all of them share the room.
struct Enricher::Caches {
    AnswerStore store;
    std::deque<AnswerCache<IdentityAnswer>> identity;
    std::deque<AnswerCache<std::optional<Person>>> people;
    std::deque<AnswerCache<std::optional<Asset>>> cmdb;

    Caches(const ContextSources& sources, const ContextConfig& config, Metrics& metrics)
        : store(config.cache_entries, metrics) {
        for (const auto& source : sources.identity) {
            const auto times = times_of(config, config.identity, source->name());
            identity.emplace_back(
                "identity:" + source->name(), store,
                CacheRules<IdentityAnswer>{
                    .times = times, .is_negative = knows_nothing, .further_keys = {}, .weight = weight_of});
            auto* named = source.get();
            people.emplace_back("identity:" + source->name() + ":people", store,
                                CacheRules<std::optional<Person>>{
                                    .times = times,
                                    .is_negative = [](const auto& person) { return !person; },
                                    .further_keys = [named](const auto& person) { return keys_of(*named, person); },
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
    static auto knows_nothing(const IdentityAnswer& answer) -> bool {
        return answer.owners.empty() && answer.access.empty();
    }
    /// A resource that half the company can reach takes its room.
    static auto weight_of(const IdentityAnswer& answer) -> std::size_t {
        return 1 + (answer.owners.size() + answer.access.size()) / 8;
    }
    /// Whoever was found by e-mail is known by id as well, and the other way round.
    static auto keys_of(const IdentitySource& source, const std::optional<Person>& person) -> std::vector<std::string> {
        if (!person) return {};
        return {source.person_key(person->id), source.person_key(person->email)};
    }
};

Enricher::Enricher(ContextSources sources, ContextConfig config, Metrics& metrics)
    : sources_(std::move(sources)),
      config_(std::move(config)),
      metrics_(metrics),
      caches_(std::make_unique<Caches>(sources_, config_, metrics)) {}

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
    std::vector<Result<Answer<IdentityAnswer>>> identities(identity_.size());
    std::vector<Result<Answer<std::optional<Asset>>>> assets(cmdb_.size());
    std::vector<Task<void>> questions;
    for (std::size_t i = 0; i < identity_.size(); ++i) {
        auto* source = identity_[i].get();
        Question<IdentityAnswer> question{.source = "identity:" + source->name(),
                                          .cache = &caches_->identity[i],
                                          .key = source->cache_key(resource),
                                          .ask = [source, resource, limit] { return source->ask(resource, limit); }};
        questions.push_back(ask_one(std::move(question), round, identities[i]));
    }
    for (std::size_t i = 0; i < cmdb_.size(); ++i) {
        auto* source = cmdb_[i].get();
        Question<std::optional<Asset>> question{
            .source = "cmdb:" + source->name(),
            .cache = &caches_->cmdb[i],
            .key = source->cache_key(resource),
            .ask = [source, resource, limit] { return source->ask(resource, limit); }};
        questions.push_back(ask_one(std::move(question), round, assets[i]));
    }
    std::vector<Result<Answer<Surroundings>>> surroundings;
    std::vector<std::pair<GraphSource*, const Finding*>> graph_questions;
    for (const auto& source : sources_.graphs) {
        const auto served = std::ranges::find_if(findings, [&](const Finding& one) { return source->serves(one); });
        if (served != findings.end()) graph_questions.emplace_back(source.get(), &*served);
    }
    surroundings.resize(graph_questions.size());
    for (std::size_t i = 0; i < graph_questions.size(); ++i)
        questions.push_back(ask_one(
            Question<Surroundings>{.source = "graph:" + graph_questions[i].first->name(),
                                   .ask = [source = graph_questions[i].first, finding = *graph_questions[i].second,
                                           until = far.deadline] { return source->ask(finding, until); }},
            far, surroundings[i]));
    std::vector<Result<Answer<std::vector<PolicyFact>>>> policies(sources_.policies.size());
    for (std::size_t i = 0; i < policies.size(); ++i)
        questions.push_back(ask_one(
            Question<std::vector<PolicyFact>>{.source = "policies:" + sources_.policies[i]->name(),
                                              .ask = [source = sources_.policies[i].get(), finding = findings.front(),
                                                      limit] { return source->ask(finding, limit); }},
            round, policies[i]));
    co_await all_of(std::move(questions));
    for (std::size_t i = 0; i < surroundings.size(); ++i)
        if (auto* around = taken(surroundings[i], "graph:" + graph_questions[i].first->name(), round))
            take_surroundings(context, std::move(*around));
    for (std::size_t i = 0; i < policies.size(); ++i)
        if (auto* facts = taken(policies[i], "policies:" + sources_.policies[i]->name(), round))
            take_policies(context, std::move(*facts));

    std::vector<OwnerSignal> signals;
    for (std::size_t i = 0; i < assets.size(); ++i) {
        auto* asset = taken(assets[i], "cmdb:" + cmdb_[i]->name(), round);
        if (asset == nullptr || !*asset) continue;
        // The first CMDB that knows it describes it; each of them has a word on the owner.
        if (auto signal = cmdb_signal(**asset)) signals.push_back(std::move(*signal));
        if (!context.asset) context.asset = std::move(*asset);
    }
    for (std::size_t i = 0; i < identities.size(); ++i) {
        auto* answer = taken(identities[i], "identity:" + identity_[i]->name(), round);
        if (answer == nullptr) continue;
        signals.insert(signals.end(), answer->owners.begin(), answer->owners.end());
        take_access(context, std::move(answer->access));
    }
    for (const auto& finding : findings) {
        auto own = owner_signals_of(finding);
        signals.insert(signals.end(), own.begin(), own.end());
    }

    std::vector<Directory> answering; // who did not answer a moment ago is not asked again
    for (std::size_t i = 0; i < identities.size(); ++i)
        if (identities[i]) answering.push_back({.source = identity_[i].get(), .people = &caches_->people[i]});
    round.deadline = std::min(deadline, deadline_in(config_.timeout));
    co_await look_up_people(signals, std::move(answering), round);

    context.owner = decide_owner(std::move(signals), context.asset);
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
