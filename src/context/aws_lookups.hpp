#pragma once
// The single questions that `aws_iam` asks besides a bucket's and an account's: tags, Access Analyzer's findings, what
// Organizations knows of an account, who made a resource as CloudTrail has it. Each is a free coroutine over one
// client, which outlives it; answers are plain data.

#include "dossier/base/task.hpp"
#include "dossier/context/sources.hpp"
#include "dossier/finding/aws_arn.hpp"
#include "dossier/net/aws_client.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::context::aws {
using namespace dossier::aws;

constexpr std::size_t most_arns_a_call = 100;
/// tag:GetResources for at most `most_arns_a_call` ARNs of one region; tags in the order of the ARNs. Where AWS refuses
/// a list for one of its names, the others are still answered.
auto tags_of(net::AwsClient& aws, std::string region, std::vector<std::string> arns, Deadline deadline)
    -> Task<Result<std::vector<Tags>>>;

/// A way in from outside the zone of trust, as Access Analyzer proved it.
struct ExternalAccess {
    std::string finding;
    std::string analysed_at;
    bool is_public = false;
    std::vector<std::string> principals; ///< "AWS 210987654321", "Federated accounts.google.com"
    std::vector<std::string> actions;
    std::string condition; ///< in words, "" = none
};
/// The active analyzer of external access in a region; nullopt = none there.
auto find_analyzer(net::AwsClient& aws, std::string region, Deadline deadline)
    -> Task<Result<std::optional<std::string>>>;
auto external_access(net::AwsClient& aws, std::string analyzer, std::string region, std::string arn, Deadline deadline)
    -> Task<Result<std::vector<ExternalAccess>>>;
/// Principals and policies of the answer from what the analyzer found.
void describe_external_access(const std::vector<ExternalAccess>& found, const std::string& origin,
                              IdentityAnswer& answer);

struct AccountCard {
    std::string id;
    std::string name;
    std::string email; ///< whom AWS writes to
    Tags tags;
};
auto describe_account(net::AwsClient& aws, std::string account, Deadline deadline) -> Task<Result<AccountCard>>;

struct Making {
    std::string event; ///< "CreateBucket"
    std::string who;   ///< user name, or the session name of a role: for SSO the person
    std::string role;  ///< name of the role, "" for users
    std::optional<Timestamp> at;
};
struct Trail {
    std::optional<Making> making; ///< nullopt: older than CloudTrail's 90 days, or made by nobody it names
    std::vector<AccessEvent> events;
};
auto look_up_trail(net::AwsClient& aws, Arn resource, std::string origin, Deadline deadline) -> Task<Result<Trail>>;

/// iam:SimulatePrincipalPolicy: may this principal do that, by AWS' own evaluation?
auto simulate(net::AwsClient& aws, std::string principal, std::string action, std::string resource, Deadline deadline)
    -> Task<Result<bool>>;

/// The account that our credentials belong to.
struct Caller {
    std::string account;
    std::string arn;
};
auto who_am_i(net::AwsClient& aws, Deadline deadline) -> Task<Result<Caller>>;

/// The person behind an assumed role of IAM Identity Center ("…assumed-role/AWSReservedSSO_Admin_0a1b/alice@acme"):
/// the session name; "" for anything else.
[[nodiscard]] auto sso_user_of(std::string_view arn) -> std::string;

} // namespace dossier::context::aws
