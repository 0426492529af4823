#include "policy_drafter.hpp"

#include "bucket_draft.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"
#include "identity_draft.hpp"
#include "policy_literal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::size_t most_unproven_rows = 8;
constexpr auto identity_evaluator = "dossier IAM policy evaluation";

auto is_plain(std::string_view text) -> bool {
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == ':' || c == '.';
    }) && std::isalnum(static_cast<unsigned char>(text.front())) != 0;
}

/// What follows a word in a path, up to the next '/': the group of /subscriptions/x/resourceGroups/GROUP/….
auto after_in_path(const std::string& path, std::string_view word) -> std::string {
    const auto at = lower(path).find(word);
    if (at == std::string::npos) return {};
    const auto rest = path.substr(at + word.size());
    return rest.substr(0, rest.find('/'));
}

auto security_group_in(const Resource& resource) -> std::string {
    for (const auto& text : {resource.id, resource.name}) {
        const auto at = text.find_last_of("/:");
        auto leaf = at == std::string::npos ? text : text.substr(at + 1);
        if (leaf.starts_with("sg-") && leaf.size() > 3 &&
            leaf.find_first_not_of("0123456789abcdef", 3) == std::string::npos)
            return leaf;
    }
    return {};
}

/// The facts of a resource; those that are not known are missing, and with them the texts that need them.
auto facts_of(const Resource& resource) -> PolicyFacts {
    PolicyFacts facts;
    const auto& called = resource.name.empty() ? resource.id : resource.name;
    facts["label"] = hcl_label(called);
    const auto add = [&](const char* key, const std::string& value) {
        if (is_writable(value)) facts[key] = value;
    };
    add("resource.name", resource.name);
    add("resource.id", resource.id);
    if (is_plain(resource.account)) facts["account"] = resource.account;
    if (is_plain(resource.region) && resource.region != "global") facts["region"] = lower(resource.region);
    add("group.id", security_group_in(resource));
    if (const auto arn = aws::arn_of(resource); arn && arn->service == "s3") {
        facts["bucket"] = arn->resource;
        facts["bucket.log_prefix"] = arn->resource + "/";
    }
    const auto alias = "alias/" + replace_all(hcl_label(called), "_", "-");
    facts["kms.alias"] = alias;
    facts["kms.description"] = "data of " + shorten(hcl_label(called), 60);
    facts["kms.configuration"] = {
        {"Rules",
         Json::array({{{"ApplyServerSideEncryptionByDefault", {{"SSEAlgorithm", "aws:kms"}, {"KMSMasterKeyID", alias}}},
                       {"BucketKeyEnabled", true}}})}};
    facts["iam.name"] = shorten(replace_all(hcl_label(called), "_", "-"), 100) + "-least-privilege";
    add("resource.group", after_in_path(resource.id, "/resourcegroups/"));
    auto storage = after_in_path(resource.id, "/storageaccounts/");
    if (storage.empty() && icontains(resource.type, "account")) storage = resource.name;
    add("storage.account", storage);
    if (const auto at = lower(resource.id).find("/storageaccounts/"); at != std::string::npos) {
        const auto end = resource.id.find('/', at + std::string_view("/storageaccounts/").size());
        add("storage.id", resource.id.substr(0, end));
        facts["endpoint.name"] = "pe-" + replace_all(hcl_label(storage), "_", "-");
    }
    const auto server = after_in_path(resource.id, "/servers/");
    add("sql.server", server.empty() ? resource.name : server);
    if (is_plain(resource.name)) facts["gs.url"] = "gs://" + resource.name;
    facts["snowflake.policy"] = "DOSSIER_" + hcl_label(called) + "_NETWORKS";
    return facts;
}

/// The table where nothing computes it: what is reported, and what the provider's documentation promises.
auto unproven_judgement(const PolicyTemplate& policy, const Finding& finding, const Context& context) -> Judgement {
    Judgement judgement{.reach = {}, .effect = policy.intent, .verdict = {}};
    const bool is_public = finding.exposure == Exposure::public_;
    if (policy.intent == "closes") {
        judgement.reach.push_back({.who = policy.who,
                                   .deed = policy.deed,
                                   .before = is_public ? "allowed, as reported" : "not known",
                                   .after = "denied, by the provider's documentation",
                                   .why = "no evaluator computed it"});
        judgement.verdict = "Meant to close the exposure; no evaluator has proven it.";
    } else {
        judgement.reach.push_back({.who = is_public ? "anyone" : "whoever has access now",
                                   .deed = "reach the data",
                                   .before = is_public ? "allowed, as reported" : "as it is",
                                   .after = "unchanged",
                                   .why = "the draft doesn't touch access"});
        judgement.verdict = "Does not change who can reach the data.";
    }
    for (const auto& principal : context.access) {
        if (principal.kind == "anyone" || judgement.reach.size() >= most_unproven_rows) continue;
        judgement.reach.push_back(
            {.who = shorten(principal.id, 200),
             .deed = "reach the data (" + principal.level + ")",
             .before = "allowed",
             .after = policy.intent == "closes" ? "allowed by a path that is left open" : "unchanged",
             .why = "no evaluator computed it",
             .is_owner = true});
    }
    return judgement;
}

void take(PolicyProposal& proposal, Judgement judgement, const char* evaluator) {
    proposal.reach = std::move(judgement.reach);
    proposal.effect = std::move(judgement.effect);
    proposal.verdict = std::move(judgement.verdict);
    proposal.proof = evaluator == nullptr ? "unproven" : "proven";
    proposal.evaluator = evaluator == nullptr ? "" : evaluator;
}

auto is_of_bucket(const PolicyTemplate& policy) -> bool {
    return policy.judge == "bucket_policy" || policy.judge == "public_access_block";
}

/// What a judge puts among the facts for the texts of its own template.
constexpr std::array drafted_facts{"policy.document", "iam.document", "kms.document"};

/// Asks the template's judge, and puts what it drafted among the facts. False where there is nothing to draft.
/// @param given where the template is of a bucket
auto judge(const PolicyTemplate& policy, const Finding& finding, const Context& context, PolicyFacts& facts,
           const std::optional<BucketCase>& given, PolicyProposal& proposal) -> bool {
    if (is_of_bucket(policy)) {
        if (!given) return false;
        if (policy.judge == "public_access_block") {
            if (given->is_assumed)
                proposal.assumptions.emplace_back(
                    "the bucket's present policy could not be read: before is what the finding reports");
            take(proposal, judge_bucket(*given, with_block(*given)), bucket_evaluator);
            return true;
        }
        auto draft = draft_bucket_policy(*given);
        const auto after = with_policy(*given, draft.document);
        if (!after) return false;
        facts["policy.document"] = std::move(draft.document);
        proposal.assumptions = std::move(draft.assumptions);
        take(proposal, judge_bucket(*given, *after), bucket_evaluator);
        return true;
    }
    if (policy.judge == "identity_policy") {
        auto draft = draft_identity_policy(finding, context);
        if (!draft) return false;
        facts["iam.document"] = std::move(draft->document);
        proposal.assumptions = std::move(draft->assumptions);
        take(proposal, std::move(draft->judgement), identity_evaluator);
        return true;
    }
    if (policy.judge == "key_policy") {
        auto draft = draft_key_policy(finding, context);
        if (!draft) return false;
        facts["kms.document"] = std::move(draft->document);
        take(proposal, std::move(draft->judgement), identity_evaluator);
        return true;
    }
    take(proposal, unproven_judgement(policy, finding, context), nullptr);
    return true;
}

constexpr std::array<std::string_view, 4> best_first{"closes", "narrows", "hardens", "fails"};

} // namespace

auto draft_policies(const PolicyCatalogue& catalogue, ControlFamily failed, const Finding& finding,
                    const Context& context) -> std::vector<PolicyProposal> {
    std::vector<PolicyProposal> proposals;
    const auto fitting = catalogue.fitting(failed, finding.resource);
    if (fitting.empty()) return proposals;
    auto facts = facts_of(finding.resource);
    const bool has_bucket = std::ranges::any_of(fitting, [](const auto* policy) { return is_of_bucket(*policy); });
    const auto given = has_bucket ? bucket_case(finding, context) : std::nullopt;
    for (const auto* policy : fitting) {
        PolicyProposal proposal{
            .id = policy->id, .version = policy->version, .title = policy->title, .controls = policy->controls};
        proposal.explanation = policy->explanation;
        for (const auto* name : drafted_facts) facts.erase(name);
        if (!judge(*policy, finding, context, facts, given, proposal)) continue;
        for (const auto& text : policy->texts)
            if (auto filled = fill(text, facts)) proposal.texts.push_back(std::move(*filled));
        if (!proposal.texts.empty()) proposals.push_back(std::move(proposal));
    }
    std::vector<PolicyProposal> ordered;
    for (const auto effect : best_first)
        for (auto& proposal : proposals)
            if (proposal.effect == effect) ordered.push_back(std::move(proposal));
    return ordered;
}

} // namespace dossier::explain
