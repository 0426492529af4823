// Policies of buckets and roles are written by whoever owns them: they are read as strictly as AWS reads them or
// refused with a reason, no document of denials alone allows anything, and what is said of one is text.

#include "fuzz.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_policy.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;

void judge(const aws::PolicyDocument& policy) {
    require(!policy.statements.empty(), "a policy says something");
    const bool allows = std::ranges::any_of(policy.statements, &aws::Statement::allows);
    const bool denies = !std::ranges::all_of(policy.statements, &aws::Statement::allows);
    const aws::Asker somebody{.arn = "arn:aws:iam::111122223333:role/reader", .account = "111122223333"};
    for (const auto& asker : {aws::Asker{}, somebody}) {
        for (const auto* action : {"s3:GetObject", "s3:PutBucketPolicy", "sts:AssumeRole"}) {
            const auto opinion =
                aws::opinion_of(policy, asker, {.action = action, .resource = "arn:aws:s3:::b/*"}, true);
            require(allows || opinion.allowed == aws::Tri::no, "denials alone allow nothing");
            require(denies || opinion.denied == aws::Tri::no, "permissions alone deny nothing");
            require((opinion.allowed == aws::Tri::no) == (opinion.allowed_by == nullptr), "who allows is named");
            require((opinion.denied == aws::Tri::no) == (opinion.denied_by == nullptr), "who denies is named");
        }
    }
    for (const auto& statement : policy.statements) require(is_valid_utf8(aws::describe(statement)), "it can be told");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    const auto policy = aws::parse_policy(text);
    if (policy) {
        judge(*policy);
        const auto encoded = aws::parse_encoded_policy(percent_encode(text));
        require(encoded && encoded->statements.size() == policy->statements.size(), "IAM's spelling means the same");
    } else {
        require(policy.error().code == Errc::malformed && !policy.error().message.empty(), "a refusal has a reason");
    }
    static_cast<void>(aws::parse_encoded_policy(text));
    return 0;
}
