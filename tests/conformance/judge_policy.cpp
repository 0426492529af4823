// Our verdicts on bucket policies, for tests/conformance/check_policies.py. Reads one JSON object a line:
//   {"bucket", "account", "exposure", "policy": {…}, "blocked": bool, "principals": [ARN, …], "context": {key: value}}
// and answers each with what an anonymous reader, a stranger and each principal may do now, the drafted policy, and the
// same with the draft.

#include "bucket_draft.hpp"

#include "dossier/base/strings.hpp"

#include <iostream>

namespace {

using namespace dossier;
using namespace dossier::explain;

auto word(const aws::Verdict& verdict) -> std::string {
    if (verdict.allowed == aws::Tri::maybe) return "Maybe";
    if (verdict.allowed == aws::Tri::yes) return "Allowed";
    return verdict.is_denied ? "ExplicitlyDenied" : "ImplicitlyDenied";
}

auto verdicts(const BucketCase& given, const aws::BucketAccess& bucket, const Json& context) -> Json {
    const auto ask = [&](aws::Asker asker, aws::OwnGrant own) {
        for (const auto& [key, value] : context.items())
            if (value.is_string()) asker.circumstances[lower(key)] = {value.get<std::string>()};
        const aws::Deed read{.action = "s3:GetObject", .resource = "arn:aws:s3:::" + given.name + "/file.txt"};
        return word(aws::may(bucket, asker, read, own));
    };
    Json out{{"anonymous", ask({}, aws::OwnGrant::none)},
             {"stranger", ask(stranger(given.account), aws::OwnGrant::none)}};
    out["principals"] = Json::object();
    for (const auto& principal : given.principals)
        out["principals"][principal] = ask(insider(principal, given.account), aws::OwnGrant::given);
    return out;
}

auto judged(const std::string& line) -> Json {
    const auto json = parse_json(line);
    if (!json || !json->is_object()) return {{"error", "no JSON object"}};
    Finding finding;
    finding.resource = {.id = "arn:aws:s3:::" + text_at(*json, "bucket"), .type = "bucket", .cloud = "aws"};
    finding.resource.account = text_at(*json, "account");
    finding.exposure = parse_word<Exposure>(text_at(*json, "exposure")).value_or(Exposure::public_);
    Context context;
    context.store_policy = StorePolicy{.document = dump_json((*json)["policy"]),
                                       .blocks_public = json->value("blocked", false),
                                       .account = finding.resource.account};
    for (const auto& principal : json->value("principals", Json::array()))
        if (principal.is_string())
            context.access.push_back({.id = principal.get<std::string>(), .kind = "role", .level = "read"});
    const auto given = bucket_case(finding, context);
    if (!given) return {{"error", "the policy can't be read"}};
    const auto circumstances = json->value("context", Json::object());
    Json out{{"before", verdicts(*given, given->before, circumstances)}};
    const auto draft = draft_bucket_policy(*given);
    const auto after = with_policy(*given, draft.document);
    if (!after) return {{"error", after.error().describe()}};
    const auto judgement = judge_bucket(*given, *after);
    out["draft"] = draft.document;
    out["effect"] = judgement.effect;
    out["after"] = verdicts(*given, *after, circumstances);
    out["block_effect"] = judge_bucket(*given, with_block(*given)).effect;
    return out;
}

} // namespace

auto main() -> int {
    for (std::string line; std::getline(std::cin, line);) std::cout << judged(line).dump() << '\n';
}
