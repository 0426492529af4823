#include "aws_account.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::context::aws {
namespace {

constexpr std::size_t most_entities = 20'000;
constexpr std::size_t most_policies = 20'000;

void keep(Account& account, std::vector<InlinePolicy>& place, std::string name, const std::string& document) {
    auto policy = parse_encoded_policy(document);
    if (policy)
        place.push_back({.name = std::move(name), .document = std::move(*policy)});
    else
        ++account.unreadable;
}

auto read_entity(Account& account, XmlView detail, std::string_view kind, std::string_view name,
                 std::string_view policies) -> Entity {
    Entity entity{.kind = std::string(kind), .name = detail.text_at(name), .arn = detail.text_at("Arn")};
    for (const auto policy : detail[policies].all("member"))
        keep(account, entity.inline_policies, policy.text_at("PolicyName"), policy.text_at("PolicyDocument"));
    for (const auto policy : detail["AttachedManagedPolicies"].all("member"))
        entity.attached.push_back(policy.text_at("PolicyArn"));
    for (const auto group : detail["GroupList"].all("member")) entity.groups.push_back(group.text());
    entity.boundary = detail["PermissionsBoundary"].text_at("PermissionsBoundaryArn");
    if (const auto trust = detail.text_at("AssumeRolePolicyDocument"); !trust.empty()) {
        if (auto policy = parse_encoded_policy(trust))
            entity.trust = std::move(*policy);
        else
            ++account.unreadable;
    }
    return entity;
}

void read_managed(Account& account, XmlView policy) {
    for (const auto version : policy["PolicyVersionList"].all("member")) {
        if (!iequals(version.text_at("IsDefaultVersion"), "true")) continue;
        auto document = parse_encoded_policy(version.text_at("Document"));
        if (document && account.managed.size() < most_policies)
            account.managed.insert_or_assign(policy.text_at("Arn"), std::move(*document));
        else
            ++account.unreadable;
    }
}

// What reading, writing and giving away the data of a service takes. "" as the last part: the resource itself; a part
// that begins with '/': what lies in it.
struct ServiceDeed {
    std::string_view service;
    std::string_view level;
    std::string_view action;
    std::string_view part;
};
constexpr std::array service_deeds{
    ServiceDeed{"s3", "read", "s3:GetObject", "/*"},
    ServiceDeed{"s3", "write", "s3:PutObject", "/*"},
    ServiceDeed{"s3", "write", "s3:DeleteObject", "/*"},
    ServiceDeed{"s3", "admin", "s3:PutBucketPolicy", ""},
    ServiceDeed{"dynamodb", "read", "dynamodb:GetItem", ""},
    ServiceDeed{"dynamodb", "read", "dynamodb:Scan", ""},
    ServiceDeed{"dynamodb", "write", "dynamodb:PutItem", ""},
    ServiceDeed{"dynamodb", "admin", "dynamodb:DeleteTable", ""},
    ServiceDeed{"secretsmanager", "read", "secretsmanager:GetSecretValue", ""},
    ServiceDeed{"secretsmanager", "write", "secretsmanager:PutSecretValue", ""},
    ServiceDeed{"secretsmanager", "admin", "secretsmanager:PutResourcePolicy", ""},
    ServiceDeed{"ssm", "read", "ssm:GetParameter", ""},
    ServiceDeed{"ssm", "write", "ssm:PutParameter", ""},
    ServiceDeed{"rds", "read", "rds:CreateDBSnapshot", ""},
    ServiceDeed{"rds", "write", "rds:ModifyDBInstance", ""},
    ServiceDeed{"rds", "admin", "rds:DeleteDBInstance", ""},
    ServiceDeed{"redshift", "read", "redshift:GetClusterCredentials", ""},
    ServiceDeed{"redshift", "admin", "redshift:ModifyCluster", ""},
    ServiceDeed{"sqs", "read", "sqs:ReceiveMessage", ""},
    ServiceDeed{"sqs", "write", "sqs:SendMessage", ""},
    ServiceDeed{"sqs", "admin", "sqs:SetQueueAttributes", ""},
    ServiceDeed{"sns", "read", "sns:Subscribe", ""},
    ServiceDeed{"sns", "write", "sns:Publish", ""},
    ServiceDeed{"sns", "admin", "sns:SetTopicAttributes", ""},
    ServiceDeed{"kinesis", "read", "kinesis:GetRecords", ""},
    ServiceDeed{"kinesis", "write", "kinesis:PutRecord", ""},
    ServiceDeed{"lambda", "read", "lambda:GetFunction", ""},
    ServiceDeed{"lambda", "write", "lambda:UpdateFunctionCode", ""},
    ServiceDeed{"lambda", "admin", "lambda:AddPermission", ""},
    ServiceDeed{"ecr", "read", "ecr:BatchGetImage", ""},
    ServiceDeed{"ecr", "write", "ecr:PutImage", ""},
    ServiceDeed{"ecr", "admin", "ecr:SetRepositoryPolicy", ""},
    ServiceDeed{"elasticfilesystem", "read", "elasticfilesystem:ClientMount", ""},
    ServiceDeed{"elasticfilesystem", "write", "elasticfilesystem:ClientWrite", ""},
    ServiceDeed{"elasticfilesystem", "admin", "elasticfilesystem:ClientRootAccess", ""},
    ServiceDeed{"es", "read", "es:ESHttpGet", "/*"},
    ServiceDeed{"es", "write", "es:ESHttpPost", "/*"},
    ServiceDeed{"es", "admin", "es:UpdateDomainConfig", ""},
    ServiceDeed{"logs", "read", "logs:GetLogEvents", ":*"},
    ServiceDeed{"logs", "write", "logs:PutLogEvents", ":*"},
    ServiceDeed{"glue", "read", "glue:GetTable", ""},
    ServiceDeed{"glue", "write", "glue:UpdateTable", ""},
    ServiceDeed{"ec2", "read", "ec2:CreateSnapshot", ""},
    ServiceDeed{"ec2", "admin", "ec2:ModifySnapshotAttribute", ""},
    ServiceDeed{"kms", "read", "kms:Decrypt", ""},
    ServiceDeed{"kms", "admin", "kms:PutKeyPolicy", ""},
};

/// A policy that counts for an entity, and where it comes from.
struct Held {
    const PolicyDocument* document = nullptr;
    std::string where; ///< "policy etl-write", "group admins"
};

class Reader {
public:
    Reader(const Account& account, const std::optional<PolicyDocument>& resource_policy)
        : account_(account), resource_policy_(resource_policy) {
        for (const auto& entity : account.entities)
            if (entity.kind == "group") groups_.emplace(entity.name, &entity);
    }

    [[nodiscard]] auto access_of(const Entity& entity, const std::vector<Probe>& probes) const
        -> std::optional<Principal>;

private:
    struct Verdict {
        Tri allowed = Tri::no;
        std::string by;
    };
    [[nodiscard]] auto judge(const Entity& entity, const std::vector<Held>& held, const Deed& deed) const -> Verdict;
    [[nodiscard]] auto policies_of(const Entity& entity) const -> std::vector<Held>;

    const Account& account_;
    const std::optional<PolicyDocument>& resource_policy_;
    std::map<std::string, const Entity*, std::less<>> groups_;
};

auto Reader::policies_of(const Entity& entity) const -> std::vector<Held> {
    std::vector<Held> held;
    const auto add = [&](const Entity& of, const std::string& through) {
        for (const auto& policy : of.inline_policies)
            held.push_back({.document = &policy.document, .where = "policy " + policy.name + through});
        for (const auto& arn : of.attached) {
            const auto at = account_.managed.find(arn);
            if (at == account_.managed.end()) continue;
            held.push_back({.document = &at->second, .where = "policy " + arn.substr(arn.rfind('/') + 1) + through});
        }
    };
    add(entity, "");
    for (const auto& name : entity.groups)
        if (const auto at = groups_.find(name); at != groups_.end()) add(*at->second, " of group " + name);
    return held;
}

/// The circumstances of a principal of this account: who it is is known, whence it comes is not.
auto circumstances_of(const Entity& entity, const Account& account) -> Circumstances {
    return {{"aws:principalaccount", {account.id}},
            {"aws:principalarn", {entity.arn}},
            {"aws:securetransport", {"true"}},
            {"aws:principalisawsservice", {"false"}}};
}

auto Reader::judge(const Entity& entity, const std::vector<Held>& held, const Deed& deed) const -> Verdict {
    const Asker asker{.arn = entity.arn, .account = account_.id, .circumstances = circumstances_of(entity, account_)};
    Verdict verdict;
    auto denied = Tri::no;
    const auto hear = [&](const Opinion& opinion, const std::string& where) {
        denied = either(denied, opinion.denied);
        if (opinion.allowed <= verdict.allowed) return;
        verdict = {.allowed = opinion.allowed, .by = where};
    };
    for (const auto& policy : held) hear(opinion_of(*policy.document, asker, deed, false), policy.where);
    if (resource_policy_ && entity.kind != "group")
        hear(opinion_of(*resource_policy_, asker, deed, true), "the resource's policy");
    if (!entity.boundary.empty()) {
        const auto at = account_.managed.find(entity.boundary);
        auto within = Tri::maybe; // a boundary that wasn't sent bounds somehow
        if (at != account_.managed.end()) {
            const auto opinion = opinion_of(at->second, asker, deed, false);
            within = both(opinion.allowed, inverse(opinion.denied));
        }
        verdict.allowed = both(verdict.allowed, within);
    }
    verdict.allowed = both(verdict.allowed, inverse(denied));
    return verdict;
}

auto level_rank(std::string_view level) -> int {
    if (level == "admin") return 3;
    return level == "write" ? 2 : 1;
}

auto Reader::access_of(const Entity& entity, const std::vector<Probe>& probes) const -> std::optional<Principal> {
    const auto held = policies_of(entity);
    if (held.empty() && !resource_policy_) return std::nullopt;
    struct Best {
        Tri allowed = Tri::no;
        std::string level;
        std::string by;
    } best;
    // What is sure goes before what is conditional, then the higher level.
    for (const auto& probe : probes) {
        const auto verdict = judge(entity, held, probe.deed);
        if (verdict.allowed == Tri::no) continue;
        const auto is_better =
            std::pair(verdict.allowed, level_rank(probe.level)) > std::pair(best.allowed, level_rank(best.level));
        if (is_better) best = {.allowed = verdict.allowed, .level = probe.level, .by = verdict.by};
    }
    if (best.allowed == Tri::no) return std::nullopt;
    Principal principal{.id = entity.arn, .kind = entity.kind, .level = best.level, .origin = {}};
    principal.how = "by " + best.by;
    if (best.allowed == Tri::maybe) principal.how += ", conditional";
    if (entity.kind == "role")
        if (const auto trust = trusted_by(entity, account_.id); !trust.empty()) principal.how += "; " + trust;
    return principal;
}

/// Each Allow of a trust policy with the principals it lets in.
template <class Take>
void each_trust(const Entity& role, Take take) {
    if (!role.trust) return;
    for (const auto& statement : role.trust->statements)
        if (statement.allows)
            for (const auto& principal : statement.principals) take(principal, statement);
}

auto in_words(const NamedPrincipal& principal, const std::string& account) -> std::string {
    if (is_anyone(principal)) return "anyone";
    if (principal.kind != "AWS") return principal.id.substr(principal.id.rfind('/') + 1);
    const auto arn = parse_arn(principal.id);
    const auto id = arn ? arn->account : principal.id;
    if (id == account && (!arn || arn->resource == "root")) return "the account's own users and roles";
    if (!arn || arn->resource == "root") return "account " + id;
    return id == account ? arn->resource : fmt::format("{} of account {}", arn->resource, id);
}

} // namespace

void read_page(Account& account, XmlView page) {
    const auto add = [&](XmlView list, std::string_view kind, std::string_view name, std::string_view policies) {
        for (const auto detail : list.all("member")) {
            if (account.entities.size() >= most_entities) return;
            auto entity = read_entity(account, detail, kind, name, policies);
            const auto arn = parse_arn(entity.arn);
            if (!arn) continue;
            if (account.id.empty()) account.id = arn->account;
            account.entities.push_back(std::move(entity));
        }
    };
    add(page["UserDetailList"], "user", "UserName", "UserPolicyList");
    add(page["GroupDetailList"], "group", "GroupName", "GroupPolicyList");
    add(page["RoleDetailList"], "role", "RoleName", "RolePolicyList");
    for (const auto policy : page["Policies"].all("member")) read_managed(account, policy);
}

auto probes_for(const Arn& resource) -> std::vector<Probe> {
    std::vector<Probe> probes;
    for (const auto& deed : service_deeds) {
        if (deed.service != resource.service) continue;
        auto arn = resource.text();
        if (!arn.ends_with(deed.part)) arn += deed.part;
        probes.push_back({.level = std::string(deed.level),
                          .deed = {.action = std::string(deed.action), .resource = std::move(arn)}});
    }
    return probes;
}

auto who_can_reach(const Account& account, const Arn& resource, const std::optional<PolicyDocument>& resource_policy,
                   std::size_t most) -> Reach {
    const auto probes = probes_for(resource);
    Reach reach;
    if (probes.empty()) return reach;
    const Reader reader(account, resource_policy);
    for (const auto& entity : account.entities)
        if (auto principal = reader.access_of(entity, probes)) reach.principals.push_back(std::move(*principal));
    std::ranges::sort(reach.principals, [](const Principal& a, const Principal& b) {
        return std::tuple(-level_rank(a.level), std::string_view(a.id)) <
               std::tuple(-level_rank(b.level), std::string_view(b.id));
    });
    if (reach.principals.size() > most) {
        reach.left_out = reach.principals.size() - most;
        reach.principals.resize(most);
    }
    return reach;
}

auto trusted_by(const Entity& role, const std::string& account) -> std::string {
    std::vector<std::string> who;
    each_trust(role, [&](const NamedPrincipal& principal, const Statement& statement) {
        auto text = in_words(principal, account);
        if (!statement.conditions.empty()) text += " under conditions";
        if (std::ranges::find(who, text) == who.end()) who.push_back(std::move(text));
    });
    if (who.empty()) return {};
    constexpr std::size_t shown = 3;
    const auto more = who.size() > shown ? who.size() - shown : 0;
    who.resize(who.size() - more);
    return "assumable by " + join(who, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

auto outsiders_of(const Entity& role, const std::string& account) -> std::vector<std::string> {
    std::vector<std::string> who;
    each_trust(role, [&](const NamedPrincipal& principal, const Statement& statement) {
        const auto arn = parse_arn(principal.id);
        const bool is_foreign =
            principal.kind == "AWS" && (is_anyone(principal) || (arn ? arn->account : principal.id) != account);
        if (!is_foreign && principal.kind != "Federated") return;
        auto text = in_words(principal, account);
        if (!statement.conditions.empty()) text += ", if " + describe(statement.conditions);
        if (std::ranges::find(who, text) == who.end()) who.push_back(std::move(text));
    });
    return who;
}

} // namespace dossier::context::aws
