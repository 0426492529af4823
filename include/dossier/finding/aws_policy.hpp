#pragma once
// Policy documents of AWS (identity, resource, trust policies, permission boundaries): read strictly, as AWS' own
// validation does, and asked who may do what to which resource. Pure functions. Explicit denials win; conditions that
// can't be decided here make an answer "maybe" (aws_conditions.hpp).

#include "dossier/base/error.hpp"
#include "dossier/finding/aws_conditions.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::aws {

/// An entry of Principal: {"AWS": "arn:…"} is kind AWS.
struct NamedPrincipal {
    std::string kind; ///< AWS | Service | Federated | CanonicalUser
    std::string id;   ///< "*", an account id, an ARN, "ec2.amazonaws.com"
};

struct Statement {
    std::string sid;
    bool allows = false;
    std::vector<NamedPrincipal> principals;
    std::vector<NamedPrincipal> not_principals;
    std::vector<std::string> actions;
    std::vector<std::string> not_actions;
    std::vector<std::string> resources;
    std::vector<std::string> not_resources;
    std::vector<Condition> conditions;
};

struct PolicyDocument {
    std::vector<Statement> statements;
};

/// `malformed` names the first thing AWS would refuse.
[[nodiscard]] auto parse_policy(std::string_view json) -> Result<PolicyDocument>;
/// The same from IAM's answers, which carry documents percent-encoded.
[[nodiscard]] auto parse_encoded_policy(std::string_view text) -> Result<PolicyDocument>;

/// Who asks; the default is somebody without credentials.
struct Asker {
    std::string arn;     ///< of a role or user; "" = anonymous
    std::string account; ///< 12 digits
    Circumstances circumstances = anonymous_circumstances();
};

/// One thing that could be done.
struct Deed {
    std::string action;   ///< "s3:GetObject"
    std::string resource; ///< ARN; objects of a bucket as "arn:aws:s3:::b/*"
};

/// What one document says of a deed.
struct Opinion {
    Tri allowed = Tri::no;
    Tri denied = Tri::no;
    const Statement* allowed_by = nullptr; ///< of the document asked, the first that says so most surely
    const Statement* denied_by = nullptr;
};

/// Whether each statement of a document speaks of a deed, in their order: the same for all who ask.
using Spoken = std::vector<Tri>;
[[nodiscard]] auto spoken_of(const PolicyDocument& policy, const Deed& deed) -> Spoken;

/// One asker before one document, for many deeds: whom a statement names and whether its conditions hold is the same
/// for all of them, and found out once.
class Hearing {
public:
    /// @param policy, asker outlive this
    /// @param by_principal a resource policy: statements count for whom they name; identity policies name nobody
    Hearing(const PolicyDocument& policy, const Asker& asker, bool by_principal);

    /// @param spoken of the same document
    [[nodiscard]] auto opinion_of(const Spoken& spoken) -> Opinion;

private:
    struct Heard {
        std::size_t number = 0;        ///< among the statements of the document
        std::optional<Tri> conditions; ///< once it was asked for
    };
    const PolicyDocument& policy_;
    std::vector<Heard> heard_;
    const Circumstances& circumstances_;
};

/// For one deed.
[[nodiscard]] auto opinion_of(const PolicyDocument& policy, const Asker& asker, const Deed& deed, bool by_principal)
    -> Opinion;

/// Whether a statement's principals include the asker. `maybe` never comes from here: names are known.
[[nodiscard]] auto names(const Statement& statement, const Asker& asker) -> bool;
/// The same, but an entry for the asker's whole account doesn't count: it hands the decision to IAM.
[[nodiscard]] auto names_directly(const Statement& statement, const Asker& asker) -> bool;
[[nodiscard]] auto is_anyone(const NamedPrincipal& principal) -> bool;
/// "Allow s3:GetObject on arn:aws:s3:::b/* to anyone, if aws:SourceIp IpAddress 192.0.2.0/24".
[[nodiscard]] auto describe(const Statement& statement) -> std::string;

} // namespace dossier::aws
