#include "dossier/context/context_replay.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/context/file_sources.hpp"
#include "dossier/context/owner.hpp"
#include "person_names.hpp"

#include <algorithm>
#include <chrono>

namespace dossier::context {

/// The dossier that is looked at now.
struct RecordedContext {
    std::vector<Finding> findings;
    Context stored;
};

namespace {

constexpr Duration no_hurry{3'600'000}; // nobody is waited for; a slow machine must not make a gap

/// "identity:okta" and what comes of it, "identity:okta:group_owner".
auto is_of(std::string_view origin, std::string_view source) -> bool {
    return origin == source || (origin.starts_with(source) && origin.substr(source.size()).starts_with(":"));
}

auto cmdb_origin(const ProviderConfig& provider) -> std::string {
    if (provider.kind != "backstage") return "cmdb:" + provider.name;
    return provider.name == "backstage" ? provider.name : "backstage:" + provider.name;
}

/// Whether the finding itself says it: then it is read from there.
auto is_own_word(const OwnerSignal& signal, const std::vector<Finding>& findings) -> bool {
    return std::ranges::any_of(findings, [&](const Finding& finding) {
        return std::ranges::any_of(owner_signals_of(finding), [&](const OwnerSignal& own) {
            return own.origin == signal.origin && own.rule == signal.rule;
        });
    });
}

/// What one remote identity source said when the dossier was made.
class RecordedIdentity final : public IdentitySource {
public:
    /// @param speaks_for_tags whether what the provider's own tags said is taken to be of this source
    RecordedIdentity(std::string name, bool speaks_for_tags, std::vector<std::string> cmdb_origins,
                     std::shared_ptr<const RecordedContext> record)
        : name_(std::move(name)),
          speaks_for_tags_(speaks_for_tags),
          cmdb_origins_(std::move(cmdb_origins)),
          record_(std::move(record)) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto cache_key(const Resource& /*resource*/) const -> std::string override { return {}; }
    [[nodiscard]] auto person_key(const std::string& /*name*/) const -> std::string override { return {}; }

    auto ask(Resource, Deadline) -> Task<Result<IdentityAnswer>> override {
        const auto& stored = record_->stored;
        IdentityAnswer answer;
        for (const auto& signal : stored.owner.signals)
            if (is_mine(signal)) answer.owners.push_back(signal);
        for (const auto& principal : stored.access)
            if (is_of(principal.origin, "identity:" + name_)) answer.access.push_back(principal);
        if (stored.environment_origin.starts_with("identity:" + name_ + " "))
            answer.tags.emplace_back("environment", to_string(stored.environment));
        co_return answer;
    }

    auto person(std::string id_or_email, Deadline) -> Task<Result<std::optional<Person>>> override {
        const auto named = person_named(id_or_email);
        for (const auto& signal : record_->stored.owner.signals)
            if (!signal.is_group && !signal.person.name.empty() && same_person(signal.person, named))
                co_return std::optional<Person>(signal.person);
        co_return std::optional<Person>();
    }

private:
    auto is_mine(const OwnerSignal& signal) const -> bool {
        const std::string_view origin = signal.origin;
        if (is_of(origin, "identity:" + name_)) return true;
        if (!speaks_for_tags_) return false;
        // A CMDB that did not describe the asset, but had a word on its owner.
        const auto& asset = record_->stored.asset;
        for (const auto& cmdb : cmdb_origins_)
            if (is_of(origin, cmdb)) return !asset || !is_of(origin, asset->origin);
        if (origin.starts_with("identity:") || origin.starts_with("cmdb:") || origin.starts_with("backstage"))
            return false;
        return !is_own_word(signal, record_->findings);
    }

    std::string name_;
    bool speaks_for_tags_;
    std::vector<std::string> cmdb_origins_;
    std::shared_ptr<const RecordedContext> record_;
};

/// The asset as a remote CMDB described it.
class RecordedCmdb final : public CmdbSource {
public:
    RecordedCmdb(std::string name, std::string origin, std::shared_ptr<const RecordedContext> record)
        : name_(std::move(name)), origin_(std::move(origin)), record_(std::move(record)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto cache_key(const Resource& /*resource*/) const -> std::string override { return {}; }
    auto ask(Resource, Deadline) -> Task<Result<std::optional<Asset>>> override {
        const auto& asset = record_->stored.asset;
        if (!asset || asset->origin != origin_) co_return std::optional<Asset>();
        co_return asset;
    }

private:
    std::string name_;
    std::string origin_;
    std::shared_ptr<const RecordedContext> record_;
};

} // namespace

ContextReplay::ContextReplay(const ContextConfig& config, Metrics& metrics)
    : record_(std::make_shared<RecordedContext>()) {
    std::vector<std::string> remote_cmdbs;
    for (const auto& provider : config.cmdb)
        if (provider.kind != "file") remote_cmdbs.push_back(cmdb_origin(provider));
    // The tags of an account are read by AWS' sources; any other remote one stands in where there is none.
    const auto is_remote = [](const ProviderConfig& one) { return one.kind != "file"; };
    auto for_tags = std::ranges::find_if(config.identity, [](const auto& one) { return one.kind.starts_with("aws"); });
    if (for_tags == config.identity.end()) for_tags = std::ranges::find_if(config.identity, is_remote);

    ContextSources sources;
    for (auto provider = config.identity.begin(); provider != config.identity.end(); ++provider) {
        if (is_remote(*provider)) {
            sources.identity.push_back(
                std::make_unique<RecordedIdentity>(provider->name, provider == for_tags, remote_cmdbs, record_));
            continue;
        }
        files_.push_back("identity:" + provider->name);
        sources.identity.push_back(open_identity_file(provider->name, provider->path));
    }
    for (const auto& provider : config.cmdb) {
        if (is_remote(provider)) {
            sources.cmdb.push_back(std::make_unique<RecordedCmdb>(provider.name, cmdb_origin(provider), record_));
            continue;
        }
        files_.push_back("cmdb:" + provider.name);
        sources.cmdb.push_back(open_cmdb_file(provider.name, provider.path));
    }
    ContextConfig patient;
    patient.timeout = no_hurry;
    enricher_ = std::make_unique<Enricher>(std::move(sources), std::move(patient), metrics);
}

ContextReplay::~ContextReplay() = default;

auto ContextReplay::context_of(std::vector<Finding> findings, Context stored) -> Task<Result<Context>> {
    record_->findings = findings;
    record_->stored = std::move(stored);
    auto context = co_await enricher_->enrich(std::move(findings), deadline_in(no_hurry));
    for (const auto& gap : context.gaps)
        if (std::ranges::find(files_, gap.source) != files_.end())
            co_return fail(Errc::unavailable, gap.source + ": " + gap.reason);
    auto& known = record_->stored;
    // Whatever only platforms and clouds can tell is as it was.
    for (auto& principal : known.access)
        if (!principal.origin.starts_with("identity:")) context.access.push_back(std::move(principal));
    context.blast_radius = std::move(known.blast_radius);
    context.exposure_path = std::move(known.exposure_path);
    context.access_log = std::move(known.access_log);
    context.policies = std::move(known.policies);
    context.store_policy = std::move(known.store_policy);
    context.gaps = std::move(known.gaps);
    co_return context;
}

} // namespace dossier::context
