// Identity source `aws_iam`. Everything that can be asked at once is; each part that fails is named in the answer's gap
// and costs the others nothing.

#include "answer_cache.hpp"
#include "aws_bucket.hpp"
#include "aws_clients.hpp"
#include "aws_gaps.hpp"
#include "concurrent.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/owner.hpp"
#include "dossier/net/rate_gate.hpp"
#include "person_names.hpp"
#include "tags.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::context::aws {
namespace {

constexpr std::size_t most_path_lines = 12;
constexpr std::size_t most_simulated = 3;
constexpr Rate trail_rate{2}; ///< what AWS allows for LookupEvents
constexpr std::size_t kept_answers = 10'000;

/// What the asking leaves behind.
struct Parts {
    Tags tags;
    std::optional<AccountCard> card;
    std::vector<ExternalAccess> external;
    std::optional<Bucket> bucket;
    std::shared_ptr<const Account> account;
    std::optional<Trail> trail;
    Gaps gaps;
};

/// Time for the parts: a little less than for the whole, so that a slow part doesn't lose the others.
auto before(Deadline deadline) -> Deadline {
    const auto now = std::chrono::steady_clock::now();
    return deadline <= now ? deadline : now + (deadline - now) * 9 / 10;
}

class AwsIam final : public IdentitySource {
public:
    AwsIam(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : provider_(provider),
          origin_("identity:" + provider.name),
          desks_(provider, config, makings),
          store_(kept_answers, makings.metrics),
          cards_(origin_ + ":accounts", store_, hours()),
          analyzers_(origin_ + ":analyzers", store_, CacheRules<std::optional<std::string>>{.times = long_times()}),
          blocks_(origin_ + ":account_blocks", store_, {}) {}

    [[nodiscard]] auto name() const -> const std::string& override { return provider_.name; }
    [[nodiscard]] auto cache_key(const Resource& resource) const -> std::string override {
        const auto arn = arn_of(resource);
        return arn ? join({arn->text(), arn->region, arn->account}, "\n") : "";
    }
    auto ask(Resource resource, Deadline deadline) -> Task<Result<IdentityAnswer>> override;
    /// People are Identity Center's business.
    auto person(std::string, Deadline) -> Task<Result<std::optional<Person>>> override {
        co_return std::optional<Person>();
    }
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    static auto long_times() -> CacheTimes { return {.ttl = std::chrono::hours{1}}; }
    static auto hours() -> CacheRules<AccountCard> { return {.times = long_times()}; }

    [[nodiscard]] auto wants(std::string_view call) const -> bool {
        if (provider_.calls.empty()) return call != "simulate";
        return std::ranges::find(provider_.calls, call) != provider_.calls.end();
    }
    auto ask_tags(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void>;
    auto ask_card(const std::string& account, Parts& parts, Deadline deadline) -> Task<void>;
    auto ask_analyzer(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void>;
    auto ask_bucket(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void>;
    auto ask_account(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void>;
    auto ask_trail(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void>;
    auto confirm(AccountDesk& desk, const Arn& arn, IdentityAnswer& answer, Gaps& gaps, Deadline deadline)
        -> Task<void>;
    [[nodiscard]] auto is_tagged_by_bucket(const Arn& arn) const -> bool {
        return arn.service == "s3" && wants("bucket") && (arn.region.empty() || !wants("tags"));
    }

    void tell_owners(const Parts& parts, IdentityAnswer& answer) const;
    void tell_reach(const Arn& arn, const Parts& parts, IdentityAnswer& answer) const;

    ProviderConfig provider_;
    std::string origin_;
    AccountDesks desks_;
    AnswerStore store_;
    AnswerCache<AccountCard> cards_;
    AnswerCache<std::optional<std::string>> analyzers_;
    AnswerCache<std::optional<PublicAccessBlock>> blocks_;
    net::RateGate trail_gate_{trail_rate};
};

auto AwsIam::ask_tags(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void> {
    auto tags = co_await desk.tags(arn.region, arn.text(), deadline);
    if (tags)
        parts.tags = std::move(*tags);
    else
        parts.gaps.add(tags.error());
}

auto AwsIam::ask_card(const std::string& account, Parts& parts, Deadline deadline) -> Task<void> {
    auto work = [this, account, deadline] { return describe_account(desks_.home().aws, account, deadline); };
    auto card = co_await cards_.ask(account, std::move(work), deadline);
    if (card)
        parts.card = std::move(card->value);
    else
        parts.gaps.add(card.error());
}

auto AwsIam::ask_analyzer(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void> {
    const auto region = arn.region.empty() ? desk.aws.region() : arn.region;
    auto analyzer = provider_.analyzer_arn;
    if (analyzer.empty()) {
        auto work = [&desk, region, deadline] { return find_analyzer(desk.aws, region, deadline); };
        auto found = co_await analyzers_.ask(arn.account + "\n" + region, std::move(work), deadline);
        if (!found) {
            parts.gaps.add(found.error());
            co_return;
        }
        if (!found->value) co_return; // none is set up there: what the others say is all there is
        analyzer = *found->value;
    }
    auto external = co_await external_access(desk.aws, std::move(analyzer), region, arn.text(), deadline);
    if (external)
        parts.external = std::move(*external);
    else
        parts.gaps.add(external.error());
}

auto AwsIam::ask_bucket(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void> {
    parts.bucket = co_await read_bucket(
        desk.aws, {.name = arn.resource, .region = arn.region, .with_tags = is_tagged_by_bucket(arn)}, deadline);
    if (!arn.account.empty()) {
        auto work = [&desk, account = arn.account, region = arn.region, deadline] {
            return read_account_block(desk.aws, account, region, deadline);
        };
        auto block = co_await blocks_.ask(arn.account, std::move(work), deadline);
        if (block)
            parts.bucket->account_block = block->value;
        else
            parts.gaps.add(block.error());
    }
    parts.gaps.add(parts.bucket->gaps);
    if (is_tagged_by_bucket(arn)) parts.tags = parts.bucket->tags;
}

auto AwsIam::ask_account(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void> {
    auto account = co_await desk.book.get(deadline);
    if (!account) {
        parts.gaps.add(account.error());
        co_return;
    }
    const auto& id = (*account)->id;
    if (!arn.account.empty() && !id.empty() && id != arn.account) {
        parts.gaps.add(fmt::format("the roles of account {} can't be seen from account {}", arn.account, id));
        co_return;
    }
    parts.account = std::move(*account);
}

auto AwsIam::ask_trail(AccountDesk& desk, const Arn& arn, Parts& parts, Deadline deadline) -> Task<void> {
    if (const auto turn = co_await trail_gate_.pass(deadline); !turn) {
        parts.gaps.add("CloudTrail's limit of two questions a second left no time for this one");
        co_return;
    }
    auto trail = co_await look_up_trail(desk.aws, arn, origin_, deadline);
    if (trail)
        parts.trail = std::move(*trail);
    else
        parts.gaps.add(trail.error());
}

auto AwsIam::ask(Resource resource, Deadline deadline) -> Task<Result<IdentityAnswer>> {
    const auto arn = arn_of(resource);
    if (!arn) co_return IdentityAnswer{}; // not of AWS, or nothing that AWS would know by this name
    auto& desk = desks_.of(arn->account);
    const auto until = before(deadline);
    Parts parts;
    std::vector<Task<void>> asks;
    if (wants("tags") && !is_tagged_by_bucket(*arn)) asks.push_back(ask_tags(desk, *arn, parts, until));
    if (wants("organization") && !arn->account.empty()) asks.push_back(ask_card(arn->account, parts, until));
    if (wants("analyzer")) asks.push_back(ask_analyzer(desk, *arn, parts, until));
    if (wants("bucket") && arn->service == "s3") asks.push_back(ask_bucket(desk, *arn, parts, until));
    if (wants("account") && !probes_for(*arn).empty()) asks.push_back(ask_account(desk, *arn, parts, until));
    co_await all_of(std::move(asks));

    IdentityAnswer answer;
    answer.tags = parts.tags;
    if (parts.card) answer.account_name = parts.card->name;
    tell_owners(parts, answer);
    Finding own;
    own.resource = resource;
    const bool has_owner =
        std::ranges::any_of(answer.owners, [](const OwnerSignal& signal) { return signal.origin != "account:email"; });
    if (wants("trail") && !has_owner && owner_signals_of(own).empty()) {
        co_await ask_trail(desk, *arn, parts, before(deadline));
        if (parts.trail) {
            answer.access_log = parts.trail->events;
            if (const auto& making = parts.trail->making)
                answer.owners.push_back({.person = person_named(making->who),
                                         .rule = fmt::format("CloudTrail: {} by {}{}", making->event, making->who,
                                                             making->role.empty() ? "" : " as " + making->role),
                                         .origin = "creator:cloudtrail",
                                         .confidence = usual_confidence("creator:cloudtrail")});
        }
    }
    if (parts.bucket)
        describe_bucket(*parts.bucket, arn->resource,
                        arn->account.empty() && parts.account ? parts.account->id : arn->account, origin_, answer);
    describe_external_access(parts.external, origin_, answer);
    tell_reach(*arn, parts, answer);
    if (wants("simulate")) co_await confirm(desk, *arn, answer, parts.gaps, before(deadline));
    answer.gap = parts.gaps.text();
    co_return answer;
}

void AwsIam::tell_owners(const Parts& parts, IdentityAnswer& answer) const {
    Finding tagged; // the rules for tags are those of a finding's
    tagged.resource.tags = parts.tags;
    for (auto& signal : owner_signals_of(tagged)) {
        signal.rule += " (read by " + provider_.name + ")";
        answer.owners.push_back(std::move(signal));
    }
    if (!parts.card) return;
    tagged.resource.tags.clear();
    for (const auto& tag : parts.card->tags)
        if (tag_meaning(tag.first) == TagMeaning::owner) tagged.resource.tags.push_back(tag);
    for (auto& signal : owner_signals_of(tagged)) {
        signal.rule = "account " + signal.rule;
        signal.origin = "account:owner";
        signal.confidence = usual_confidence("account:owner");
        answer.owners.push_back(std::move(signal));
    }
    if (!parts.card->email.empty())
        answer.owners.push_back(
            {.person = person_named(parts.card->email),
             .rule = "e-mail of the AWS account " + (parts.card->name.empty() ? parts.card->id : parts.card->name),
             .origin = "account:email",
             .confidence = usual_confidence("account:email")});
}

void AwsIam::tell_reach(const Arn& arn, const Parts& parts, IdentityAnswer& answer) const {
    if (!parts.account) return;
    const auto policy = parts.bucket ? parts.bucket->policy : std::optional<PolicyDocument>();
    auto reach = who_can_reach(*parts.account, arn, policy);
    for (auto& principal : reach.principals) {
        principal.origin = origin_;
        const auto role = std::ranges::find(parts.account->entities, principal.id, &Entity::arn);
        if (role != parts.account->entities.end() && role->kind == "role")
            for (const auto& outsider : outsiders_of(*role, parts.account->id))
                if (answer.exposure_path.size() < most_path_lines)
                    answer.exposure_path.push_back(
                        fmt::format("{} can assume {}, which has {} access", outsider, role->name, principal.level));
        answer.access.push_back(std::move(principal));
    }
    if (reach.left_out > 0)
        answer.exposure_path.push_back(
            fmt::format("{} more users, groups and roles of the account have access", reach.left_out));
}

auto AwsIam::confirm(AccountDesk& desk, const Arn& arn, IdentityAnswer& answer, Gaps& gaps, Deadline deadline)
    -> Task<void> {
    const auto probes = probes_for(arn);
    std::size_t asked = 0;
    for (auto& principal : answer.access) {
        const bool is_named = principal.kind == "role" || principal.kind == "user";
        if (!is_named || !principal.how.contains(", conditional") || asked >= most_simulated) continue;
        const auto probe = std::ranges::find(probes, principal.level, &Probe::level);
        if (probe == probes.end()) continue;
        ++asked;
        const auto allowed =
            co_await simulate(desk.aws, principal.id, probe->deed.action, probe->deed.resource, deadline);
        if (!allowed) {
            gaps.add(allowed.error());
            co_return;
        }
        principal.how += *allowed ? "; confirmed by AWS' policy simulator"
                                  : "; AWS' policy simulator allows it only under its conditions";
    }
}

auto AwsIam::check(Deadline deadline) -> Task<net::ConnectCheck> {
    auto& home = desks_.home();
    net::ConnectCheck result{.what = {}, .url = home.aws.endpoint("sts"), .verdict = {}, .missing = {}, .detail = {}};
    auto caller = co_await who_am_i(home.aws, deadline);
    if (!caller) {
        const auto code = caller.error().code;
        const bool is_their_fault = code == Errc::not_found || code == Errc::rejected || code == Errc::malformed;
        // Servers that only speak S3 have no GetCallerIdentity: the other calls tell whether we are welcome.
        if (!is_their_fault) co_return net::failed_check({}, result.url, caller.error());
    } else {
        result.detail = "we are " + caller->arn;
    }
    Gaps gaps;
    std::optional<Error> worst;
    const auto note = [&](const auto& outcome) {
        if (outcome) return;
        gaps.add(outcome.error());
        if (outcome.error().code != Errc::forbidden && !worst) worst = outcome.error();
    };
    if (wants("tags")) {
        auto request =
            net::aws_json("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", R"({"ResourcesPerPage":1})");
        note(co_await home.aws.json(std::move(request), deadline));
    }
    if (wants("analyzer")) {
        auto analyzer = Result<std::optional<std::string>>(provider_.analyzer_arn);
        if (provider_.analyzer_arn.empty()) analyzer = co_await find_analyzer(home.aws, home.aws.region(), deadline);
        note(analyzer);
        if (analyzer && *analyzer)
            note(co_await external_access(home.aws, **analyzer, home.aws.region(), "arn:aws:s3:::dossier-check",
                                          deadline));
        else if (analyzer)
            result.detail += "; no Access Analyzer in " + home.aws.region();
    }
    if (wants("organization") && caller) note(co_await describe_account(home.aws, caller->account, deadline));
    if (wants("bucket") && caller)
        note(co_await read_account_block(home.aws, caller->account, home.aws.region(), deadline));
    if (wants("account"))
        note(co_await home.aws.xml(
            net::aws_query("iam", "GetAccountAuthorizationDetails", "2010-05-08", {{"MaxItems", "1"}}), deadline));
    if (wants("trail")) {
        auto request = net::aws_json(
            "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", R"({"MaxResults":1})");
        note(co_await home.aws.json(std::move(request), deadline));
    }
    result.missing = gaps.actions();
    if (!result.missing.empty()) result.verdict = net::ConnectCheck::Verdict::permission;
    if (worst) {
        auto failed = net::failed_check({}, result.url, *worst);
        failed.missing = result.missing;
        co_return failed;
    }
    co_return result;
}

} // namespace

auto make_iam_source(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> std::unique_ptr<IdentitySource> {
    return std::make_unique<AwsIam>(provider, config, makings);
}

} // namespace dossier::context::aws
