#include "aws_lookups.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dossier::context::aws {
namespace {

constexpr int most_answer_pages = 10;
constexpr std::size_t most_findings = 20;
constexpr std::size_t most_tags = 50; ///< AWS' own limit
constexpr std::size_t most_events = 10;

auto tags_in(JsonView list) -> Tags {
    Tags tags;
    for (const auto tag : list.elements()) {
        const auto key = tag["Key"].string();
        if (!key || tags.size() >= most_tags) continue;
        tags.emplace_back(shorten(*key, 128), shorten(tag["Value"].string().value_or(""), 256));
    }
    return tags;
}

auto ask_tags(net::AwsClient& aws, std::string region, std::vector<std::string> arns, Deadline deadline)
    -> Task<Result<std::map<std::string, Tags, std::less<>>>> {
    std::map<std::string, Tags, std::less<>> found;
    std::string next;
    for (int page = 0; page < most_answer_pages; ++page) {
        Json body = {{"ResourceARNList", arns}};
        if (!next.empty()) body["PaginationToken"] = next;
        auto request = net::aws_json("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", dump_json(body));
        request.region = region;
        const auto answer = co_await aws.json(std::move(request), deadline);
        if (!answer) co_return fail(answer.error());
        for (const auto mapping : answer->root()["ResourceTagMappingList"].elements())
            found.insert_or_assign(mapping["ResourceARN"].text_or(""), tags_in(mapping["Tags"]));
        next = answer->root()["PaginationToken"].text_or("");
        if (next.empty()) break;
    }
    co_return found;
}

auto strings_of(JsonView list, std::size_t most) -> std::vector<std::string> {
    std::vector<std::string> texts;
    for (const auto element : list.elements())
        if (const auto text = element.string(); text && texts.size() < most) texts.push_back(shorten(*text, 200));
    return texts;
}

void read_details(JsonView finding, std::vector<ExternalAccess>& found) {
    for (const auto detail : finding["findingDetails"].elements()) {
        const auto external = detail["externalAccessDetails"];
        if (!external.is_object() || found.size() >= most_findings) continue;
        ExternalAccess access{.finding = shorten(finding["id"].text_or(""), 64),
                              .analysed_at = shorten(finding["analyzedAt"].text_or(""), 40),
                              .is_public = external["isPublic"].boolean().value_or(false),
                              .principals = {},
                              .actions = strings_of(external["action"], 20),
                              .condition = {}};
        for (const auto& [kind, id] : external["principal"].members())
            access.principals.push_back(std::string(kind) + " " + shorten(id.text_or(""), 200));
        std::vector<std::string> conditions;
        for (const auto& [key, value] : external["condition"].members())
            conditions.push_back(std::string(key) + " " + shorten(value.text_or(""), 100));
        access.condition = join(conditions, " and ");
        found.push_back(std::move(access));
    }
}

auto level_of(const std::vector<std::string>& actions) -> std::string {
    std::string level = "read";
    for (const auto& action : actions) {
        const auto verb = lower(action.substr(action.find(':') + 1));
        const bool gives_away = verb == "*" || verb.contains("policy") || verb.contains("acl");
        const bool reads = verb.starts_with("get") || verb.starts_with("list") || verb.starts_with("describe") ||
                           verb.starts_with("head");
        if (gives_away && !reads) return "admin";
        if (!reads && verb != "decrypt" && !verb.starts_with("receive")) level = "write";
    }
    return level;
}

/// "AWS 210987654321" → account; "AWS arn:…:role/x" → role; "Federated …", "CanonicalUser …" → user.
auto principal_of(const std::string& text) -> Principal {
    const auto space = text.find(' ');
    const auto kind = text.substr(0, space);
    Principal principal{.id = space == std::string::npos ? text : text.substr(space + 1), .kind = "user", .level = {}};
    if (kind == "Service") principal.kind = "service";
    if (kind != "AWS") return principal;
    const auto arn = parse_arn(principal.id);
    if (principal.id == "*")
        principal.kind = "anyone";
    else if (!arn || arn->resource == "root")
        principal.kind = "account";
    else if (!arn->resource.starts_with("user/"))
        principal.kind = "role";
    return principal;
}

auto time_in(JsonView value) -> std::optional<Timestamp> {
    const auto seconds = value.number(); // JSON 1.1 writes times as seconds, with a fraction
    if (!seconds) return parse_time(value.text_or(""));
    if (*seconds < 0 || *seconds > 7'000'000'000.0) return std::nullopt;
    return Timestamp(std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000)));
}

auto is_creation(std::string_view event) -> bool {
    return event.starts_with("Create") || event.starts_with("RunInstances") || event.starts_with("Restore") ||
           event.starts_with("Copy") || event.starts_with("Import");
}

/// Who did it, out of the event's own record, which CloudTrail sends as text.
auto making_of(JsonView event) -> Making {
    Making making{.event = shorten(event["EventName"].text_or(""), 64),
                  .who = shorten(event["Username"].text_or(""), 128),
                  .role = {},
                  .at = time_in(event["EventTime"])};
    const auto record = JsonDocument::parse(event["CloudTrailEvent"].string().value_or(""));
    if (!record) return making;
    const auto identity = record->root()["userIdentity"];
    making.role = shorten(identity["sessionContext"]["sessionIssuer"]["userName"].text_or(""), 128);
    if (auto person = sso_user_of(identity["arn"].text_or("")); !person.empty()) making.who = std::move(person);
    if (identity["type"].text_or("") == "AWSService") making.who.clear();
    return making;
}

} // namespace

auto tags_of(net::AwsClient& aws, std::string region, std::vector<std::string> arns, Deadline deadline)
    -> Task<Result<std::vector<Tags>>> {
    std::vector<Tags> tags(arns.size());
    // Parts of the list that are still to be asked for, as ranges of it.
    std::vector<std::pair<std::size_t, std::size_t>> parts{{0, arns.size()}};
    while (!parts.empty()) {
        const auto [from, to] = parts.back();
        parts.pop_back();
        const std::vector<std::string> part(arns.begin() + static_cast<std::ptrdiff_t>(from),
                                            arns.begin() + static_cast<std::ptrdiff_t>(to));
        auto found = co_await ask_tags(aws, region, part, deadline);
        if (found) {
            for (auto i = from; i < to; ++i)
                if (const auto at = found->find(arns[i]); at != found->end()) tags[i] = at->second;
            continue;
        }
        const bool is_about_names = found.error().code == Errc::rejected;
        if (!is_about_names) co_return fail(std::move(found.error()));
        if (part.size() == 1) continue; // this name it is: AWS knows no tags of such a thing
        const auto middle = from + part.size() / 2;
        parts.emplace_back(from, middle);
        parts.emplace_back(middle, to);
    }
    co_return tags;
}

auto find_analyzer(net::AwsClient& aws, std::string region, Deadline deadline)
    -> Task<Result<std::optional<std::string>>> {
    std::optional<std::string> found;
    std::string next;
    for (int page = 0; page < most_answer_pages && !found; ++page) {
        auto request = net::aws_rest("access-analyzer", "ListAnalyzers", "GET",
                                     next.empty() ? "/analyzer" : "/analyzer?nextToken=" + percent_encode(next));
        request.region = region;
        const auto answer = co_await aws.json(std::move(request), deadline);
        if (!answer) co_return fail(answer.error());
        for (const auto analyzer : answer->root()["analyzers"].elements()) {
            const auto type = analyzer["type"].text_or("");
            const bool is_external = type == "ACCOUNT" || type == "ORGANIZATION";
            if (!is_external || analyzer["status"].text_or("") != "ACTIVE") continue;
            // The organisation's zone of trust is the wider one: what it reports is foreign for certain.
            if (!found || type == "ORGANIZATION") found = analyzer["arn"].text_or("");
        }
        next = answer->root()["nextToken"].text_or("");
        if (next.empty()) break;
    }
    co_return found;
}

auto external_access(net::AwsClient& aws, std::string analyzer, std::string region, std::string arn, Deadline deadline)
    -> Task<Result<std::vector<ExternalAccess>>> {
    std::vector<std::string> ids;
    std::string next;
    for (int page = 0; page < most_answer_pages; ++page) {
        Json body = {
            {"analyzerArn", analyzer},
            {"filter", {{"resource", {{"eq", Json::array({arn})}}}, {"status", {{"eq", Json::array({"ACTIVE"})}}}}}};
        if (!next.empty()) body["nextToken"] = next;
        auto request = net::aws_rest("access-analyzer", "ListFindingsV2", "POST", "/findingv2", dump_json(body));
        request.region = region;
        const auto answer = co_await aws.json(std::move(request), deadline);
        if (!answer) co_return fail(answer.error());
        for (const auto finding : answer->root()["findings"].elements()) {
            const bool is_external = finding["findingType"].text_or("ExternalAccess") == "ExternalAccess";
            if (is_external && finding["resource"].text_or("") == arn && ids.size() < most_findings)
                ids.push_back(finding["id"].text_or(""));
        }
        next = answer->root()["nextToken"].text_or("");
        if (next.empty()) break;
    }
    std::vector<ExternalAccess> found;
    for (const auto& id : ids) {
        auto request = net::aws_rest("access-analyzer", "GetFindingV2", "GET",
                                     "/findingv2/" + percent_encode(id) + "?analyzerArn=" + percent_encode(analyzer));
        request.region = region;
        const auto answer = co_await aws.json(std::move(request), deadline);
        if (answer)
            read_details(answer->root(), found);
        else if (answer.error().code != Errc::not_found) // resolved in between
            co_return fail(answer.error());
    }
    co_return found;
}

void describe_external_access(const std::vector<ExternalAccess>& found, const std::string& origin,
                              IdentityAnswer& answer) {
    for (const auto& access : found) {
        const auto level = level_of(access.actions);
        const auto how = fmt::format("by Access Analyzer finding {}, analysed {}{}", access.finding, access.analysed_at,
                                     access.condition.empty() ? "" : ", conditional");
        for (const auto& text : access.principals) {
            auto principal = principal_of(text);
            if (principal.kind == "anyone" && !access.is_public) continue; // narrowed by its condition
            principal.level = level;
            principal.origin = origin;
            principal.how = how;
            answer.access.push_back(std::move(principal));
        }
        answer.policies.push_back({.id = "access-analyzer:" + access.finding,
                                   .name = "Access Analyzer finding",
                                   .kind = "attached",
                                   .statement = fmt::format("Access Analyzer ({}): {} may {}{}{}", access.analysed_at,
                                                            access.is_public ? "anyone" : join(access.principals, ", "),
                                                            join(access.actions, ", "),
                                                            access.condition.empty() ? "" : ", if ", access.condition),
                                   .origin = origin});
    }
}

auto describe_account(net::AwsClient& aws, std::string account, Deadline deadline) -> Task<Result<AccountCard>> {
    AccountCard card{.id = account, .name = {}, .email = {}, .tags = {}};
    const auto described = co_await aws.json(net::aws_json("organizations", "AWSOrganizationsV20161128.DescribeAccount",
                                                           dump_json({{"AccountId", account}})),
                                             deadline);
    if (!described) co_return fail(described.error());
    card.name = shorten(described->root()["Account"]["Name"].text_or(""), 128);
    card.email = shorten(described->root()["Account"]["Email"].text_or(""), 128);
    std::string next;
    for (int page = 0; page < most_answer_pages; ++page) {
        Json body = {{"ResourceId", account}};
        if (!next.empty()) body["NextToken"] = next;
        const auto tags = co_await aws.json(
            net::aws_json("organizations", "AWSOrganizationsV20161128.ListTagsForResource", dump_json(body)), deadline);
        if (!tags) co_return fail(tags.error());
        for (auto& tag : tags_in(tags->root()["Tags"])) card.tags.push_back(std::move(tag));
        next = tags->root()["NextToken"].text_or("");
        if (next.empty()) break;
    }
    co_return card;
}

auto look_up_trail(net::AwsClient& aws, Arn resource, std::string origin, Deadline deadline) -> Task<Result<Trail>> {
    const Json by_name = {{"AttributeKey", "ResourceName"}, {"AttributeValue", std::string(resource.name())}};
    const Json body = {{"LookupAttributes", Json::array({by_name})}, {"MaxResults", 50}};
    auto request = net::aws_json("cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
                                 dump_json(body));
    request.region = resource.region;
    const auto answer = co_await aws.json(std::move(request), deadline);
    if (!answer) co_return fail(answer.error());
    Trail trail;
    for (const auto event : answer->root()["Events"].elements()) {
        auto making = making_of(event);
        if (making.who.empty()) continue;
        if (trail.events.size() < most_events)
            trail.events.push_back(
                {.principal = making.who, .action = making.event, .at = making.at, .count = {}, .origin = origin});
        const bool is_earlier = !trail.making || (making.at && trail.making->at && *making.at < *trail.making->at);
        if (is_creation(making.event) && is_earlier) trail.making = std::move(making);
    }
    co_return trail;
}

auto simulate(net::AwsClient& aws, std::string principal, std::string action, std::string resource, Deadline deadline)
    -> Task<Result<bool>> {
    const auto answer = co_await aws.xml(net::aws_query("iam", "SimulatePrincipalPolicy", "2010-05-08",
                                                        {{"PolicySourceArn", std::move(principal)},
                                                         {"ActionNames.member.1", std::move(action)},
                                                         {"ResourceArns.member.1", std::move(resource)}}),
                                         deadline);
    if (!answer) co_return fail(answer.error());
    const auto results = answer->root()["SimulatePrincipalPolicyResult"]["EvaluationResults"].all("member");
    if (results.empty()) co_return fail(Errc::malformed, "AWS simulated nothing");
    co_return results.front().text_at("EvalDecision") == "allowed";
}

auto who_am_i(net::AwsClient& aws, Deadline deadline) -> Task<Result<Caller>> {
    const auto answer = co_await aws.xml(net::aws_query("sts", "GetCallerIdentity", "2011-06-15"), deadline);
    if (!answer) co_return fail(answer.error());
    const auto result = answer->root()["GetCallerIdentityResult"];
    Caller caller{.account = result.text_at("Account"), .arn = shorten(result.text_at("Arn"), 256)};
    if (!is_account_id(caller.account)) co_return fail(Errc::malformed, "AWS named no account for our credentials");
    co_return caller;
}

auto sso_user_of(std::string_view arn) -> std::string {
    const auto parsed = parse_arn(arn);
    if (!parsed || parsed->service != "sts" || !parsed->resource.starts_with("assumed-role/AWSReservedSSO_")) return {};
    const auto last = parsed->resource.rfind('/');
    return last > std::string_view("assumed-role").size() ? parsed->resource.substr(last + 1) : "";
}

} // namespace dossier::context::aws
