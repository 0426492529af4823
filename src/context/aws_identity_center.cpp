// Identity source `aws_identity_center`: people by e-mail, user name or id from the identity store behind IAM Identity
// Center, with their groups; also the person behind a session of one of its roles, whose name is the user name.

#include "answer_cache.hpp"
#include "aws_lookups.hpp"
#include "aws_sources.hpp"
#include "concurrent.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::context::aws {
namespace {

constexpr std::size_t most_groups = 50;
constexpr int most_membership_pages = 5;
constexpr std::size_t kept_groups = 5'000;

/// "906…-0a1b…" or a bare UUID: what AWS numbers users by.
auto is_user_id(std::string_view text) -> bool {
    return text.size() >= 36 && text.size() <= 47 &&
           text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

class IdentityCenter final : public IdentitySource {
public:
    IdentityCenter(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          store_id_(provider.identity_store_id),
          aws_(makings.client, makings.metrics, client_settings(provider, config, provider.role_arn)),
          store_(kept_groups, makings.metrics),
          groups_("identity:" + name_ + ":groups", store_, {}) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    /// It knows people, no resources.
    [[nodiscard]] auto cache_key(const Resource&) const -> std::string override { return {}; }
    auto ask(Resource, Deadline) -> Task<Result<IdentityAnswer>> override { co_return IdentityAnswer{}; }
    auto person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    auto call(std::string operation, Json body, Deadline deadline) -> Task<Result<JsonDocument>> {
        body["IdentityStoreId"] = store_id_;
        return aws_.json(net::aws_json("identitystore", "AWSIdentityStore." + operation, dump_json(body)), deadline);
    }
    /// The id behind one attribute's value; nullopt = nobody has it, or it can't be looked up by.
    auto user_id(std::string attribute, std::string value, Deadline deadline)
        -> Task<Result<std::optional<std::string>>>;
    auto describe(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>>;
    auto memberships_of(std::string id, Deadline deadline) -> Task<Result<std::vector<std::string>>>;
    auto group_name(std::string id, Deadline deadline) -> Task<Result<std::string>>;

    std::string name_;
    std::string store_id_;
    net::AwsClient aws_;
    AnswerStore store_;
    AnswerCache<std::string> groups_;
};

auto IdentityCenter::user_id(std::string attribute, std::string value, Deadline deadline)
    -> Task<Result<std::optional<std::string>>> {
    const Json body = {
        {"AlternateIdentifier", {{"UniqueAttribute", {{"AttributePath", attribute}, {"AttributeValue", value}}}}}};
    const auto answer = co_await call("GetUserId", body, deadline);
    if (answer) co_return answer->root()["UserId"].text();
    const auto code = answer.error().code;
    if (code == Errc::not_found || net::aws_code(answer.error()) == "ValidationException")
        co_return std::optional<std::string>();
    co_return fail(answer.error());
}

auto IdentityCenter::group_name(std::string id, Deadline deadline) -> Task<Result<std::string>> {
    auto work = [this, id, deadline]() -> Task<Result<std::string>> {
        const auto answer = co_await call("DescribeGroup", {{"GroupId", id}}, deadline);
        if (!answer) co_return fail(answer.error());
        co_return shorten(answer->root()["DisplayName"].text_or(id), 128);
    };
    auto known = co_await groups_.ask(id, std::move(work), deadline);
    if (!known) co_return fail(std::move(known.error()));
    co_return std::move(known->value);
}

auto IdentityCenter::memberships_of(std::string id, Deadline deadline) -> Task<Result<std::vector<std::string>>> {
    std::vector<std::string> names;
    std::string next;
    for (int page = 0; page < most_membership_pages; ++page) {
        Json body = {{"MemberId", {{"UserId", id}}}, {"MaxResults", 100}};
        if (!next.empty()) body["NextToken"] = next;
        const auto answer = co_await call("ListGroupMembershipsForMember", std::move(body), deadline);
        if (!answer) co_return fail(answer.error());
        for (const auto membership : answer->root()["GroupMemberships"].elements()) {
            const auto group = membership["GroupId"].text();
            if (!group || names.size() >= most_groups) continue;
            auto known = co_await group_name(*group, deadline);
            names.push_back(known ? *known : *group);
        }
        next = answer->root()["NextToken"].text_or("");
        if (next.empty()) break;
    }
    co_return names;
}

auto primary_email(JsonView emails) -> std::string {
    std::string first;
    for (const auto email : emails.elements()) {
        const auto value = email["Value"].text_or("");
        if (email["Primary"].boolean().value_or(false)) return value;
        if (first.empty()) first = value;
    }
    return first;
}

auto IdentityCenter::describe(std::string id, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    const auto answer = co_await call("DescribeUser", {{"UserId", id}}, deadline);
    if (!answer) {
        if (answer.error().code == Errc::not_found) co_return std::optional<Person>();
        co_return fail(answer.error());
    }
    const auto user = answer->root();
    Person person;
    person.id = user["UserName"].text_or(id);
    person.name = user["DisplayName"].text_or("");
    if (person.name.empty())
        person.name =
            std::string(trim(user["Name"]["GivenName"].text_or("") + " " + user["Name"]["FamilyName"].text_or("")));
    person.email = primary_email(user["Emails"]);
    person.title = user["Title"].text_or("");
    for (auto* text : {&person.id, &person.name, &person.email, &person.title}) *text = shorten(*text, 200);
    if (auto groups = co_await memberships_of(id, deadline)) person.groups = std::move(*groups);
    co_return person; // without groups, where those can't be had, is better than nobody
}

auto IdentityCenter::person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> {
    if (auto user = sso_user_of(id_or_email); !user.empty()) id_or_email = std::move(user);
    if (id_or_email.empty() || id_or_email.size() > 1024) co_return std::optional<Person>();
    if (is_user_id(id_or_email)) co_return co_await describe(std::move(id_or_email), deadline);
    // Most identity stores name their users by e-mail address, so the user name is worth trying for both.
    std::vector<std::string> attributes{"userName"};
    if (id_or_email.contains('@')) attributes.insert(attributes.begin(), "emails.value");
    for (const auto& attribute : attributes) {
        auto id = co_await user_id(attribute, id_or_email, deadline);
        if (!id) co_return fail(std::move(id.error()));
        if (*id) co_return co_await describe(std::move(**id), deadline);
    }
    co_return std::optional<Person>();
}

auto IdentityCenter::check(Deadline deadline) -> Task<net::ConnectCheck> {
    const auto url = aws_.endpoint("identitystore");
    net::ConnectCheck result{.what = {}, .url = url, .verdict = {}, .missing = {}, .detail = {}};
    const auto users = co_await call("ListUsers", {{"MaxResults", 1}}, deadline);
    const auto looked_up = co_await user_id("userName", "dossier-check", deadline);
    for (const auto* error : {users ? nullptr : &users.error(), looked_up ? nullptr : &looked_up.error()}) {
        if (error == nullptr) continue;
        const auto action = net::missing_action(*error);
        if (action.empty()) co_return net::failed_check({}, url, *error);
        // ListUsers is only tried here; whoever may look up by name needs no list.
        if (error == &users.error()) continue;
        result.missing.push_back(action);
        result.verdict = net::ConnectCheck::Verdict::permission;
    }
    co_return result;
}

} // namespace

auto make_identity_center_source(const ProviderConfig& provider, const ContextConfig& config,
                                 const SourceMakings& makings) -> std::unique_ptr<IdentitySource> {
    return std::make_unique<IdentityCenter>(provider, config, makings);
}

} // namespace dossier::context::aws
