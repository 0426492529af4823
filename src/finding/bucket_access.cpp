#include "dossier/finding/bucket_access.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::aws {
namespace {

auto label_of_statement(const Statement* statement) -> std::string {
    if (statement == nullptr) return "a statement";
    return statement->sid.empty() ? "a statement without Sid" : "statement " + statement->sid;
}

} // namespace

auto allows_anyone(const Statement& statement) -> bool {
    return statement.allows &&
           (!statement.not_principals.empty() || std::ranges::any_of(statement.principals, is_anyone));
}

auto is_public(const PolicyDocument& policy) -> bool {
    return std::ranges::any_of(policy.statements, [](const Statement& statement) {
        return allows_anyone(statement) && all_hold(statement.conditions, anonymous_circumstances()) != Tri::no;
    });
}

Entrance::Entrance(const BucketAccess& bucket, const Asker& asker)
    : bucket_(bucket),
      is_inside_(!asker.account.empty() && asker.account == bucket.account),
      is_shut_(!is_inside_ && bucket.restricts_public && is_public(bucket.policy)),
      hearing_(bucket.policy, asker, true) {}

auto Entrance::may(const Deed& deed, const Spoken& spoken, OwnGrant own) -> Verdict {
    const auto opinion = hearing_.opinion_of(spoken);
    if (opinion.denied == Tri::yes)
        return {.allowed = Tri::no, .is_denied = true, .why = label_of_statement(opinion.denied_by) + " denies it"};
    if (is_shut_) return {.allowed = Tri::no, .is_denied = true, .why = "S3 Block Public Access shuts outsiders out"};
    const bool by_own = is_inside_ && own == OwnGrant::given;
    const bool by_acl = !is_inside_ && bucket_.has_public_acl &&
                        (iequals(deed.action, "s3:GetObject") || iequals(deed.action, "s3:ListBucket"));
    const auto granted = by_own || by_acl ? Tri::yes : opinion.allowed;
    if (granted == Tri::no) return {.allowed = Tri::no, .is_denied = false, .why = "no statement allows it"};
    const auto allowed = both(granted, inverse(opinion.denied));
    auto why = by_acl   ? std::string("a public access control list allows it")
               : by_own ? std::string("its own policies allow it")
                        : label_of_statement(opinion.allowed_by) + " allows it";
    if (opinion.denied == Tri::maybe)
        why += fmt::format(" unless {} denies it", label_of_statement(opinion.denied_by));
    else if (granted == Tri::maybe)
        why += " under a condition";
    return {.allowed = allowed, .is_denied = false, .why = std::move(why)};
}

auto may(const BucketAccess& bucket, const Asker& asker, const Deed& deed, OwnGrant own) -> Verdict {
    return Entrance(bucket, asker).may(deed, spoken_of(bucket.policy, deed), own);
}

} // namespace dossier::aws
