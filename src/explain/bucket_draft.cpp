#include "bucket_draft.hpp"

#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <set>

namespace dossier::explain {
namespace {

constexpr std::size_t most_kept_principals = 12;

struct BucketDeed {
    const char* words;
    const char* action;
    bool of_objects;
};
/// Those that a table shows.
constexpr std::array shown_deeds{BucketDeed{"read objects", "s3:GetObject", true},
                                 BucketDeed{"list the bucket", "s3:ListBucket", false},
                                 BucketDeed{"write objects", "s3:PutObject", true}};
/// Those that must be closed, too, before an exposure counts as closed.
constexpr std::array further_deeds{
    BucketDeed{"read old versions", "s3:GetObjectVersion", true},
    BucketDeed{"delete objects", "s3:DeleteObject", true},
    BucketDeed{"change access control lists", "s3:PutObjectAcl", true},
    BucketDeed{"read access control lists", "s3:GetObjectAcl", true},
    BucketDeed{"list versions", "s3:ListBucketVersions", false},
    BucketDeed{"read the policy", "s3:GetBucketPolicy", false},
    BucketDeed{"change the policy", "s3:PutBucketPolicy", false},
    BucketDeed{"delete the bucket", "s3:DeleteBucket", false},
};
constexpr BucketDeed change_policy{"change the bucket policy", "s3:PutBucketPolicy", false};

auto arn_of(const BucketCase& given) -> std::string { return concat({"arn:", given.partition, ":s3:::", given.name}); }

auto word_of(aws::Tri allowed) -> std::string {
    if (allowed == aws::Tri::maybe) return "allowed under conditions";
    return allowed == aws::Tri::yes ? "allowed" : "denied";
}

/// What the finding says of a bucket whose policy nobody could read.
auto reported_document(const BucketCase& given) -> Json {
    return {{"Version", "2012-10-17"},
            {"Statement", Json::array({{{"Sid", "AsReported"},
                                        {"Effect", "Allow"},
                                        {"Principal", {{"AWS", "*"}}},
                                        {"Action", Json::array({"s3:GetObject", "s3:ListBucket"})},
                                        {"Resource", Json::array({arn_of(given), arn_of(given) + "/*"})}}})}};
}

auto parsed(const Json& document) -> Result<aws::PolicyDocument> { return aws::parse_policy(dump_json(document)); }

auto statements_of(const Json& document) -> Json {
    const auto found = document.find("Statement");
    if (found == document.end()) return Json::array();
    return found->is_array() ? *found : Json::array({*found});
}

auto parsed_statement(const Json& statement) -> std::optional<aws::Statement> {
    auto policy = parsed({{"Statement", Json::array({statement})}});
    if (!policy || policy->statements.empty()) return std::nullopt;
    return std::move(policy->statements.front());
}

auto one_or_list(const std::vector<std::string>& values) -> Json {
    return values.size() == 1 ? Json(values.front()) : Json(values);
}

/// The account behind an entry of Principal; "" for services, canonical users and CloudFront's identities.
auto account_behind(const aws::NamedPrincipal& principal) -> std::string {
    if (principal.kind != "AWS") return {};
    if (aws::is_account_id(principal.id)) return principal.id;
    const auto arn = aws::parse_arn(principal.id);
    return arn ? arn->account : std::string();
}

/// Entries that a condition on the account would shut out by mistake.
auto has_no_account(const aws::NamedPrincipal& principal) -> bool {
    return principal.kind != "Service" && !aws::is_anyone(principal) && account_behind(principal).empty();
}

/// Principals of a statement without those of other accounts; nullopt where there are none of them.
auto without_outsiders(const Json& statement, const aws::Statement& read, const std::string& account)
    -> std::optional<Json> {
    std::map<std::string, std::vector<std::string>> kept;
    bool dropped = false;
    for (const auto& principal : read.principals) {
        const auto owner = account_behind(principal);
        if (principal.kind == "AWS" && !owner.empty() && owner != account)
            dropped = true;
        else
            kept[principal.kind].push_back(principal.id);
    }
    if (!dropped) return std::nullopt;
    Json mended = statement;
    mended["Principal"] = Json::object();
    for (const auto& [kind, ids] : kept) mended["Principal"][kind] = one_or_list(ids);
    return mended;
}

auto free_sid(const Json& statements, std::string wanted) -> std::string {
    const auto is_taken = [&](const std::string& sid) {
        return std::ranges::any_of(statements, [&](const Json& one) { return text_at(one, "Sid") == sid; });
    };
    const auto base = wanted;
    for (int number = 2; is_taken(wanted); ++number) wanted = base + std::to_string(number);
    return wanted;
}

/// Takes the strangers out of one statement; null where nothing is left of it.
auto mend(const Json& statement, const BucketCase& given, std::vector<std::string>& assumptions) -> Json {
    const auto read = parsed_statement(statement);
    if (!read || !read->allows) return statement;
    const auto name = read->sid.empty() ? std::string("a statement without Sid") : "statement " + read->sid;
    if (aws::allows_anyone(*read)) {
        const auto open = aws::all_hold(read->conditions, aws::anonymous_circumstances());
        if (open == aws::Tri::no) return statement;
        if (open == aws::Tri::maybe)
            assumptions.push_back(name + " let anyone in under conditions; who relied on them has to be named");
        if (given.principals.empty()) {
            if (!given.is_assumed) assumptions.push_back(name + " is taken out: no principal is known that needs it");
            return nullptr;
        }
        Json mended = statement;
        mended.erase("NotPrincipal");
        mended["Principal"] = {{"AWS", one_or_list(given.principals)}};
        if (given.is_assumed) mended["Sid"] = "KnownPrincipals";
        return mended;
    }
    if (given.exposure != Exposure::cross_account || given.account.empty()) return statement;
    auto mended = without_outsiders(statement, *read, given.account);
    if (!mended) return statement;
    assumptions.push_back("other accounts are taken out of " + name);
    return (*mended)["Principal"].empty() ? Json(nullptr) : std::move(*mended);
}

auto both_resources(const BucketCase& given) -> Json { return Json::array({arn_of(given), arn_of(given) + "/*"}); }

auto deny_insecure(const BucketCase& given, const Json& statements) -> Json {
    return {{"Sid", free_sid(statements, "DenyInsecureTransport")},
            {"Effect", "Deny"},
            {"Principal", "*"},
            {"Action", "s3:*"},
            {"Resource", both_resources(given)},
            {"Condition", {{"Bool", {{"aws:SecureTransport", "false"}}}}}};
}

/// Denies accounts that no statement names, or nothing where that would shut out somebody without an account.
auto deny_other_accounts(const BucketCase& given, const Json& statements, std::vector<std::string>& assumptions)
    -> std::optional<Json> {
    if (given.account.empty()) {
        assumptions.emplace_back("the account of the bucket is not known, so other accounts are not denied as a whole");
        return std::nullopt;
    }
    std::set<std::string> accounts;
    for (const auto& one : statements) {
        const auto read = parsed_statement(one);
        if (!read || !read->allows) continue;
        if (std::ranges::any_of(read->principals, has_no_account)) {
            assumptions.emplace_back("a statement names somebody who belongs to no account, such as a CloudFront "
                                     "identity, so other accounts are not denied as a whole");
            return std::nullopt;
        }
        for (const auto& principal : read->principals)
            if (auto account = account_behind(principal); !account.empty()) accounts.insert(std::move(account));
    }
    accounts.erase(given.account);
    std::vector<std::string> all{given.account};
    all.insert(all.end(), accounts.begin(), accounts.end());
    return Json{{"Sid", free_sid(statements, "DenyOtherAccounts")},
                {"Effect", "Deny"},
                {"Principal", "*"},
                {"Action", "s3:*"},
                {"Resource", both_resources(given)},
                {"Condition",
                 {{"StringNotEquals", {{"aws:PrincipalAccount", one_or_list(all)}}},
                  {"BoolIfExists", {{"aws:PrincipalIsAWSService", "false"}}}}}};
}

/// Rows of one person, and whether each of them ends as it has to.
class Table {
public:
    Table(const BucketCase& given, const aws::BucketAccess& after)
        : given_(given), after_(after), bucket_(arn_of(given)), objects_(bucket_ + "/*") {}

    void outsider(const std::string& who, const aws::Asker& asker) {
        BothWays ways(given_.before, after_, asker);
        for (const auto& deed : shown_deeds) row(who, ways, deed, aws::OwnGrant::none, false);
        for (const auto& deed : further_deeds) {
            const auto& told = on_it(deed);
            const auto verdict = ways.after.may(told.deed, told.after, aws::OwnGrant::none);
            if (verdict.allowed != aws::Tri::no) row(who, ways, deed, aws::OwnGrant::none, false);
        }
    }
    void owner(const std::string& who, const aws::Asker& asker, bool administers) {
        BothWays ways(given_.before, after_, asker);
        row(who, ways, shown_deeds.front(), aws::OwnGrant::given, true);
        if (administers) row(who, ways, change_policy, aws::OwnGrant::given, true);
    }

    [[nodiscard]] auto judgement() && -> Judgement {
        std::string effect = "hardens";
        if (was_open_ && is_narrower_) effect = "narrows";
        if (was_open_ && !is_open_) effect = "closes";
        const std::string owner =
            is_owner_sure_ ? "the owner keeps access" : "the owner's access depends on a condition, as it did before";
        std::string verdict;
        if (!locked_out_.empty()) {
            effect = "fails";
            verdict = "Not to be used as it stands: " + locked_out_ + " would be locked out.";
        } else if (is_open_) {
            if (effect == "hardens") effect = was_open_ ? "fails" : "hardens";
            verdict = "Does not close the exposure: " + left_open_ + ".";
        } else if (was_open_) {
            verdict = "Closes the exposure: nobody outside the account gets in, and " + owner + ".";
        } else {
            verdict = "Nobody outside the account gets in, before and after; " + owner + ".";
        }
        return {.reach = std::move(rows_), .effect = std::move(effect), .verdict = std::move(verdict)};
    }

private:
    /// The same person before the bucket as it is and as it would be.
    struct BothWays {
        BothWays(const aws::BucketAccess& is, const aws::BucketAccess& would_be, const aws::Asker& asker)
            : before(is, asker), after(would_be, asker) {}
        aws::Entrance before;
        aws::Entrance after;
    };

    /// A deed on this bucket, and what the policies before and after say of it, whoever asks.
    struct Told {
        const BucketDeed* what = nullptr;
        aws::Deed deed;
        aws::Spoken before;
        aws::Spoken after;
    };
    auto on_it(const BucketDeed& what) -> const Told& {
        const auto known = std::ranges::find(told_, &what, &Told::what);
        if (known != told_.end()) return *known;
        const aws::Deed deed{.action = what.action, .resource = what.of_objects ? objects_ : bucket_};
        return told_.emplace_back(Told{.what = &what,
                                       .deed = deed,
                                       .before = aws::spoken_of(given_.before.policy, deed),
                                       .after = aws::spoken_of(after_.policy, deed)});
    }

    void row(const std::string& who, BothWays& ways, const BucketDeed& what, aws::OwnGrant own, bool is_owner) {
        const auto& told = on_it(what);
        const auto before = ways.before.may(told.deed, told.before, own);
        const auto after = ways.after.may(told.deed, told.after, own);
        const bool is_kept =
            after.allowed == aws::Tri::yes || (after.allowed == aws::Tri::maybe && before.allowed == aws::Tri::maybe);
        if (is_owner && !is_kept && locked_out_.empty()) locked_out_ = who;
        if (is_owner && after.allowed == aws::Tri::maybe) is_owner_sure_ = false;
        if (!is_owner) {
            was_open_ = was_open_ || before.allowed != aws::Tri::no;
            is_narrower_ = is_narrower_ || after.allowed < before.allowed;
            if (after.allowed != aws::Tri::no && !std::exchange(is_open_, true))
                left_open_ = fmt::format("{} can still {}, since {}", who, what.words, after.why);
        }
        rows_.push_back({.who = who,
                         .deed = what.words,
                         .before = word_of(before.allowed),
                         .after = word_of(after.allowed),
                         .why = after.why,
                         .is_owner = is_owner});
    }

    const BucketCase& given_;
    const aws::BucketAccess& after_;
    std::string bucket_; ///< ARNs of it and of all that is in it
    std::string objects_;
    std::deque<Told> told_; ///< what was asked for, once; its deeds are those named above
    std::vector<ReachRow> rows_;
    std::string locked_out_;
    std::string left_open_;
    bool is_owner_sure_ = true;
    bool was_open_ = false;
    bool is_open_ = false;
    bool is_narrower_ = false;
};

} // namespace

auto stranger(const std::string& not_of_account) -> aws::Asker {
    const std::string account = not_of_account == "999999999999" ? "888888888888" : "999999999999";
    aws::Asker asker{.arn = "arn:aws:iam::" + account + ":role/stranger", .account = account};
    asker.circumstances["aws:principalaccount"] = {account};
    asker.circumstances["aws:principalarn"] = {asker.arn};
    asker.circumstances["aws:principaltype"] = {"AssumedRole"};
    asker.circumstances.erase("aws:userid");
    asker.circumstances.erase("aws:multifactorauthpresent");
    return asker;
}

auto insider(const std::string& arn, const std::string& account) -> aws::Asker {
    aws::Asker asker{.arn = arn, .account = account};
    auto& known = asker.circumstances;
    for (const auto* key : {"aws:principalorgid", "aws:principalorgpaths", "aws:userid", "aws:username",
                            "aws:principaltype", "aws:sourcevpc", "aws:sourcevpce", "aws:multifactorauthpresent"})
        known.erase(key); // may be there, with values that nobody here knows
    known["aws:principalaccount"] = {account};
    known["aws:principalarn"] = {arn};
    return asker;
}

auto bucket_case(const Finding& finding, const Context& context) -> std::optional<BucketCase> {
    const auto arn = aws::arn_of(finding.resource);
    if (!arn || arn->service != "s3") return std::nullopt;
    BucketCase given{
        .name = arn->resource, .partition = arn->partition, .account = arn->account, .exposure = finding.exposure};
    const auto& known = context.store_policy;
    if (known && given.account.empty()) given.account = known->account;
    given.is_assumed = !known.has_value();
    if (known && !known->document.empty()) {
        auto document = parse_json(known->document);
        if (!document || !document->is_object()) return std::nullopt;
        given.document = std::move(*document);
        given.had_document = true;
    } else if (!known && (finding.exposure == Exposure::public_ || finding.exposure == Exposure::cross_account)) {
        given.document = reported_document(given);
    }
    given.before.account = given.account;
    if (known) {
        given.is_block_known = known->blocks_public.has_value();
        given.before.restricts_public = known->blocks_public.value_or(false);
        given.before.has_public_acl = known->has_public_acl;
    }
    if (!statements_of(given.document).empty()) {
        auto policy = parsed(given.document);
        if (!policy) return std::nullopt;
        given.before.policy = std::move(*policy);
    }
    for (const auto& principal : context.access) {
        const auto who = aws::parse_arn(principal.id);
        const bool is_own = who && who->service == "iam" && !given.account.empty() && who->account == given.account &&
                            (who->resource.starts_with("role/") || who->resource.starts_with("user/")) &&
                            !principal.id.contains('*');
        if (!is_own || given.principals.size() == most_kept_principals) continue;
        if (std::ranges::find(given.principals, principal.id) == given.principals.end())
            given.principals.push_back(principal.id);
    }
    return given;
}

auto draft_bucket_policy(const BucketCase& given) -> BucketDraft {
    BucketDraft draft;
    Json statements = Json::array();
    for (const auto& statement : statements_of(given.document))
        if (auto mended = mend(statement, given, draft.assumptions); !mended.is_null())
            statements.push_back(std::move(mended));
    if (given.is_assumed)
        draft.assumptions.emplace_back(
            "the bucket's present policy could not be read: before is what the finding reports, and statements that "
            "have to stay must be merged into this document, which replaces the policy");
    if (!given.is_assumed && !given.is_block_known)
        draft.assumptions.emplace_back("the Block Public Access settings could not be read and count as off");
    statements.push_back(deny_insecure(given, statements));
    if (auto deny = deny_other_accounts(given, statements, draft.assumptions)) statements.push_back(std::move(*deny));
    draft.document = {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
    if (const auto id = text_at(given.document, "Id"); !id.empty()) draft.document["Id"] = id;
    return draft;
}

auto with_policy(const BucketCase& given, const Json& document) -> Result<aws::BucketAccess> {
    auto policy = parsed(document);
    if (!policy) return fail(std::move(policy.error()));
    auto after = given.before;
    after.policy = std::move(*policy);
    return after;
}

auto with_block(const BucketCase& given) -> aws::BucketAccess {
    auto after = given.before;
    after.restricts_public = true;
    after.has_public_acl = false;
    return after;
}

auto judge_bucket(const BucketCase& given, const aws::BucketAccess& after) -> Judgement {
    Table table(given, after);
    table.outsider("anyone, without credentials", aws::Asker{});
    table.outsider("any other AWS account", stranger(given.account));
    std::set<std::string> told;
    for (const auto* policy : {&given.before.policy, &after.policy})
        for (const auto& statement : policy->statements)
            for (const auto& principal : statement.principals) {
                const auto account = account_behind(principal);
                if (!statement.allows || account.empty() || account == given.account ||
                    told.size() == most_kept_principals || !told.insert(principal.id).second)
                    continue;
                // The finding decides: what was shared on purpose stays, unless sharing is what was reported.
                if (given.exposure != Exposure::cross_account) continue;
                auto asker = stranger(given.account);
                asker.account = account;
                asker.arn = aws::is_account_id(principal.id) ? "arn:aws:iam::" + account + ":root" : principal.id;
                asker.circumstances["aws:principalaccount"] = {account};
                asker.circumstances["aws:principalarn"] = {asker.arn};
                table.outsider(principal.id, asker);
            }
    if (!given.account.empty())
        table.owner("the account's administrators",
                    insider(fmt::format("arn:{}:iam::{}:root", given.partition, given.account), given.account), true);
    for (const auto& principal : given.principals) table.owner(principal, insider(principal, given.account), false);
    return std::move(table).judgement();
}

} // namespace dossier::explain
