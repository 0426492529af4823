#include "identity_draft.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace dossier::explain {
namespace {

struct ServiceActions {
    std::string_view service;
    std::string_view level; ///< read | write
    std::vector<std::string> actions;
};

auto service_actions() -> const std::vector<ServiceActions>& {
    static const std::vector<ServiceActions> all{
        {"s3", "read", {"s3:GetObject", "s3:ListBucket"}},
        {"s3", "write", {"s3:PutObject", "s3:DeleteObject"}},
        {"s3", "admin", {"s3:PutBucketPolicy"}},
        {"dynamodb", "read", {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"}},
        {"dynamodb", "write", {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}},
        {"dynamodb", "admin", {"dynamodb:DeleteTable"}},
        {"sqs", "read", {"sqs:ReceiveMessage", "sqs:GetQueueAttributes"}},
        {"sqs", "write", {"sqs:SendMessage", "sqs:DeleteMessage"}},
        {"sqs", "admin", {"sqs:SetQueueAttributes"}},
        {"secretsmanager", "read", {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}},
        {"secretsmanager", "write", {"secretsmanager:PutSecretValue"}},
        {"secretsmanager", "admin", {"secretsmanager:DeleteSecret"}},
    };
    return all;
}

auto actions_of(std::string_view service, std::string_view level) -> const std::vector<std::string>* {
    const auto& all = service_actions();
    const auto found = std::ranges::find_if(
        all, [&](const ServiceActions& one) { return one.service == service && one.level == level; });
    return found == all.end() ? nullptr : &found->actions;
}

/// The level behind a word of an access log, which may be an API's own name.
auto level_of_use(const std::string& action) -> std::string_view {
    const auto word = lower(action.substr(action.find(':') == std::string::npos ? 0 : action.find(':') + 1));
    if (word == "admin") return "admin";
    for (const auto* prefix : {"read", "list", "get", "head", "query", "scan", "batchget", "describe", "receive"})
        if (word.starts_with(prefix)) return "read";
    for (const auto* prefix : {"write", "put", "delete", "update", "create", "upload", "send", "modify"})
        if (word.starts_with(prefix)) return "write";
    return {};
}

auto level_rank(std::string_view level) -> int {
    if (level == "admin") return 3;
    if (level == "write") return 2;
    return level == "read" ? 1 : 0;
}

auto is_same_principal(const std::string& logged, const std::string& arn) -> bool {
    if (logged == arn) return true;
    const auto name = arn.substr(arn.find_last_of('/') + 1);
    const auto tail = arn.substr(arn.find_last_of(':') + 1); // role/etl
    if (logged == tail || logged == name) return true;
    // "arn:aws:sts::1:assumed-role/etl/session" is how a role acts
    return logged.contains(":assumed-role/" + name + "/");
}

auto is_own_principal(const Principal& principal, const std::string& account) -> bool {
    const auto arn = aws::parse_arn(principal.id);
    return arn && arn->service == "iam" && arn->account == account && !account.empty() &&
           (arn->resource.starts_with("role/") || arn->resource.starts_with("user/"));
}

auto has_word(const aws::Tri allowed) -> std::string { return allowed == aws::Tri::yes ? "allowed" : "denied"; }

auto resource_arns(const aws::Arn& arn) -> Json {
    const auto text = arn.text();
    if (arn.service == "s3") return Json::array({text, text + "/*"});
    if (arn.service == "dynamodb") return Json::array({text, text + "/index/*"});
    return Json::array({text});
}

} // namespace

auto draft_identity_policy(const Finding& finding, const Context& context) -> std::optional<IdentityDraft> {
    const auto arn = aws::arn_of(finding.resource);
    if (!arn || actions_of(arn->service, "read") == nullptr) return std::nullopt;
    const auto account = arn->account.empty() && context.store_policy ? context.store_policy->account : arn->account;
    const auto used_levels = [&](const Principal& principal) {
        std::set<std::string_view> levels;
        for (const auto& event : context.access_log)
            if (const auto level = level_of_use(event.action);
                !level.empty() && is_same_principal(event.principal, principal.id))
                levels.insert(level);
        return levels;
    };
    const Principal* chosen = nullptr;
    int widest = 0;
    for (const auto& principal : context.access) {
        if (!is_own_principal(principal, account)) continue;
        const auto used = used_levels(principal);
        const auto unused = level_rank(principal.level) -
                            (used.empty() ? 0 : level_rank(*std::ranges::max_element(used, {}, level_rank)));
        if (unused <= widest) continue;
        widest = unused;
        chosen = &principal;
    }
    if (chosen == nullptr) return std::nullopt;

    IdentityDraft draft;
    draft.principal = chosen->id;
    auto used = used_levels(*chosen);
    if (used.empty()) {
        used.insert("read");
        draft.assumptions.push_back("no use by " + chosen->id +
                                    " was seen; reading is kept until the owner says otherwise");
    }
    draft.assumptions.emplace_back("the policies that grant more have to be detached from the principal");
    std::vector<std::string> actions;
    for (const std::string_view level : {"read", "write", "admin"})
        if (used.contains(level))
            for (const auto& action : *actions_of(arn->service, level)) actions.push_back(action);
    draft.document = {
        {"Version", "2012-10-17"},
        {"Statement",
         Json::array(
             {{{"Sid", "WhatWasUsed"}, {"Effect", "Allow"}, {"Action", actions}, {"Resource", resource_arns(*arn)}}})}};
    const auto policy = aws::parse_policy(dump_json(draft.document));
    if (!policy) return std::nullopt;
    const auto asker = insider(chosen->id, account);
    bool keeps = true;
    bool narrows = false;
    for (const std::string_view level : {"read", "write", "admin"}) {
        const auto& action = actions_of(arn->service, level)->front();
        const bool of_objects = action == "s3:GetObject" || action == "s3:PutObject";
        const auto after =
            aws::opinion_of(*policy, asker, {.action = action, .resource = arn->text() + (of_objects ? "/*" : "")},
                            false)
                .allowed;
        const bool before = level_rank(chosen->level) >= level_rank(level);
        keeps = keeps && (!used.contains(level) || after == aws::Tri::yes);
        narrows = narrows || (before && after == aws::Tri::no);
        draft.judgement.reach.push_back(
            {.who = chosen->id,
             .deed = action,
             .before = before ? "allowed" : "denied",
             .after = has_word(after),
             .why = after == aws::Tri::yes ? "statement WhatWasUsed allows it" : "no statement allows it",
             .is_owner = used.contains(level)});
    }
    draft.judgement.effect = !keeps ? "fails" : narrows ? "narrows" : "hardens";
    draft.judgement.verdict = !keeps    ? "Not to be used as it stands: what is used would be taken away."
                              : narrows ? "Takes away what nobody was seen using, and keeps what is used."
                                        : "Takes nothing away.";
    return draft;
}

auto draft_key_policy(const Finding& finding, const Context& context) -> std::optional<KeyDraft> {
    const auto arn = aws::arn_of(finding.resource);
    if (!arn) return std::nullopt;
    const auto account = arn->account.empty() && context.store_policy ? context.store_policy->account : arn->account;
    if (account.empty()) return std::nullopt;
    const auto root = fmt::format("arn:{}:iam::{}:root", arn->partition, account);
    std::vector<std::string> users;
    for (const auto& principal : context.access)
        if (is_own_principal(principal, account) && !principal.id.contains('*') && users.size() < 12 &&
            std::ranges::find(users, principal.id) == users.end())
            users.push_back(principal.id);
    Json statements = Json::array();
    statements.push_back({{"Sid", "AdministrationByTheAccount"},
                          {"Effect", "Allow"},
                          {"Principal", {{"AWS", root}}},
                          {"Action", "kms:*"},
                          {"Resource", "*"}});
    if (!users.empty())
        statements.push_back({{"Sid", "UseByKnownPrincipals"},
                              {"Effect", "Allow"},
                              {"Principal", {{"AWS", users}}},
                              {"Action", Json::array({"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom",
                                                      "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"})},
                              {"Resource", "*"}});
    statements.push_back({{"Sid", "DenyOtherAccounts"},
                          {"Effect", "Deny"},
                          {"Principal", "*"},
                          {"Action", "kms:*"},
                          {"Resource", "*"},
                          {"Condition",
                           {{"StringNotEquals", {{"aws:PrincipalAccount", account}}},
                            {"BoolIfExists", {{"aws:PrincipalIsAWSService", "false"}}}}}});
    KeyDraft draft;
    draft.document = {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
    const auto policy = aws::parse_policy(dump_json(draft.document));
    if (!policy) return std::nullopt;
    bool fits = true;
    const auto row = [&](const std::string& who, const aws::Asker& asker, const std::string& action, bool is_owner) {
        const auto opinion = aws::opinion_of(*policy, asker, {.action = action, .resource = "*"}, true);
        // An entry for the account hands the decision to IAM, which is as it was.
        const bool by_account = is_owner && asker.account == account;
        const auto allowed =
            opinion.denied == aws::Tri::no ? (by_account ? aws::Tri::yes : opinion.allowed) : aws::Tri::no;
        fits = fits && (allowed == aws::Tri::yes) == is_owner;
        draft.judgement.reach.push_back({.who = who,
                                         .deed = action,
                                         .before = "not known: the key is new",
                                         .after = has_word(allowed),
                                         .why = allowed == aws::Tri::yes ? "the account administers the key"
                                                                         : "statement DenyOtherAccounts denies it",
                                         .is_owner = is_owner});
    };
    row("anyone, without credentials", aws::Asker{}, "kms:Decrypt", false);
    row("any other AWS account", stranger(account), "kms:Decrypt", false);
    row("the account's administrators", insider(root, account), "kms:PutKeyPolicy", true);
    for (const auto& user : users) row(user, insider(user, account), "kms:Decrypt", true);
    draft.judgement.effect = fits ? "hardens" : "fails";
    draft.judgement.verdict =
        fits ? "Nobody outside the account may use the key; its administrators and known principals may."
             : "Not to be used as it stands: the table shows who would be locked out or let in.";
    return draft;
}

} // namespace dossier::explain
