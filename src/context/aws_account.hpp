#pragma once
// The users, groups, roles and policies of one AWS account (iam:GetAccountAuthorizationDetails), and from them, without
// asking anybody again, who can read, write or administer a resource. What counts: identity policies (inline, attached,
// by group), resource policy, explicit denials, permission boundaries. What can't be seen from inside an account
// (service control policies, session policies) only ever takes away.

#include "dossier/base/xml_view.hpp"
#include "dossier/finding/aws_arn.hpp"
#include "dossier/finding/aws_policy.hpp"
#include "dossier/finding/dossier.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::context::aws {
using namespace dossier::aws;

struct InlinePolicy {
    std::string name;
    PolicyDocument document;
};

/// A user, group or role.
struct Entity {
    std::string kind; ///< user | group | role
    std::string name;
    std::string arn;
    std::vector<InlinePolicy> inline_policies;
    std::vector<std::string> attached; ///< ARNs of managed policies
    std::vector<std::string> groups;   ///< of a user
    std::string boundary;              ///< ARN of the managed policy, "" = none
    std::optional<PolicyDocument> trust;
};

struct Account {
    std::string id; ///< as its ARNs say
    std::vector<Entity> entities;
    std::map<std::string, PolicyDocument, std::less<>> managed; ///< by ARN, in their default version
    std::size_t unreadable = 0;                                 ///< policies that follow no rules we know
};

/// Adds one page (`GetAccountAuthorizationDetailsResult`). Documents that can't be read are counted.
void read_page(Account& account, XmlView page);

/// Kinds of access to one service's resources, by the deeds that stand for them.
struct Probe {
    std::string level; ///< read | write | admin
    Deed deed;
};
/// Nothing for services whose data isn't reached by IAM actions we know.
[[nodiscard]] auto probes_for(const Arn& resource) -> std::vector<Probe>;

struct Reach {
    std::vector<Principal> principals; ///< the most powerful first
    std::size_t left_out = 0;          ///< beyond `most`
};
/// @param resource_policy of the resource, where it has one
[[nodiscard]] auto who_can_reach(const Account& account, const Arn& resource,
                                 const std::optional<PolicyDocument>& resource_policy, std::size_t most = 60) -> Reach;

/// Whom a role trusts, in words: "assumable by ec2.amazonaws.com and anyone in account 210987654321".
[[nodiscard]] auto trusted_by(const Entity& role, const std::string& account) -> std::string;
/// The part of that which lies outside the account: other accounts, identity providers, anyone.
[[nodiscard]] auto outsiders_of(const Entity& role, const std::string& account) -> std::vector<std::string>;

} // namespace dossier::context::aws
