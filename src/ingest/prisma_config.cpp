#include "prisma_config.hpp"

#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr int deepest_config = 10;
constexpr int most_members = 5'000;
constexpr std::size_t most_statements = 50;
constexpr std::size_t most_config_actions = 5;

/// A member whose text names something beside the resource.
struct Relation {
    std::string_view member; ///< without case and separators
    std::string_view kind;
    std::string_view type;
    std::string_view relation;
    bool acts; ///< the other side is `from`
    std::string_view why;
};

constexpr std::array relations = {
    Relation{"securitygroupid", "network", "security group", "exposes", true, "its security group"},
    Relation{"vpcsecuritygroupid", "network", "security group", "exposes", true, "its security group"},
    Relation{"vpcid", "network", "VPC", "contains", true, "the VPC it is in"},
    Relation{"subnetid", "network", "subnet", "contains", true, "the subnet it is in"},
    Relation{"loadbalancerarn", "network", "load balancer", "exposes", true, "its load balancer"},
    Relation{"roleArn", "identity", "role", "runs_as", false, "the role it runs as"},
    Relation{"taskrolearn", "identity", "role", "runs_as", false, "the role it runs as"},
    Relation{"executionrolearn", "identity", "role", "runs_as", false, "the role it is started with"},
    Relation{"kmskeyid", "secret", "key", "uses", false, "the key it is encrypted with"},
    Relation{"kmsmasterkeyid", "secret", "key", "uses", false, "the key it is encrypted with"},
    Relation{"kmskeyarn", "secret", "key", "uses", false, "the key it is encrypted with"},
    Relation{"volumeid", "data_store", "volume", "contains", false, "a disk of it"},
    Relation{"replicasourceidentifier", "data_store", "database", "copies_to", true, "it is a replica of it"},
};

auto plain_name(std::string_view name) -> std::string {
    auto plain = lower(name);
    std::erase_if(plain, [](char c) { return c == '_' || c == '-' || c == ' '; });
    return plain;
}

auto is_everybody(std::string_view text) -> bool {
    return text == "*" || iequals(text, "allUsers") || iequals(text, "allAuthenticatedUsers") ||
           text.ends_with("/global/AllUsers") || text.ends_with("/global/AuthenticatedUsers");
}

auto is_every_address(std::string_view text) -> bool { return text == "0.0.0.0/0" || text == "::/0"; }

auto list_of(JsonView value) -> std::vector<std::string> {
    std::vector<std::string> words;
    if (!value.is_array()) {
        if (const auto text = value.string()) words.emplace_back(*text);
        return words;
    }
    for (const auto& entry : value.elements()) {
        if (const auto text = entry.string(); text && words.size() < 100) words.emplace_back(*text);
    }
    return words;
}

auto some_actions_of(std::vector<std::string> words) -> std::string {
    const auto left = words.size() > most_config_actions ? words.size() - most_config_actions : 0;
    if (left > 0) words.resize(most_config_actions);
    auto text = join(words, ", ");
    return left == 0 ? text : fmt::format("{} and {} more", text, left);
}

struct Statement {
    std::string effect;
    std::vector<std::string> principals;
    std::vector<std::string> actions;
    bool has_condition = false;
};

/// AWS statements and GCP bindings, wherever a policy stands in the configuration.
class Policies {
public:
    explicit Policies(JsonView data) { look(data, 0); }
    std::vector<Statement> statements;

private:
    JsonUnfolder unfold_;
    int members_ = 0;

    void add(Statement statement) {
        if (statements.size() < most_statements && !statement.principals.empty())
            statements.push_back(std::move(statement));
    }

    void read_statement(JsonView entry) {
        Statement statement{.effect = first_text({entry["Effect"]}),
                            .principals = {},
                            .actions = list_of(entry["Action"]),
                            .has_condition = entry["Condition"].size() > 0};
        const auto principal = entry["Principal"];
        statement.principals = list_of(principal);
        for (const auto& [kind, value] : principal.members()) {
            for (auto& one : list_of(value)) statement.principals.push_back(std::move(one));
        }
        add(std::move(statement));
    }

    void look(JsonView value, int depth) {
        value = unfold_(value);
        if (depth > deepest_config) return;
        for (const auto& entry : value.elements()) {
            if (++members_ > most_members) return;
            look(entry, depth + 1);
        }
        if (!value.is_object()) return;
        const auto list = value["Statement"];
        for (const auto& entry : list.is_array() ? list.elements() : std::vector<JsonView>{list})
            if (entry.is_object()) read_statement(entry);
        if (value["members"].is_array() && value["role"].is_string())
            add({.effect = "Allow",
                 .principals = list_of(value["members"]),
                 .actions = list_of(value["role"]),
                 .has_condition = value["condition"].is_object()});
        for (const auto& [name, member] : value.members()) {
            if (++members_ > most_members) return;
            if (name != "Statement") look(member, depth + 1);
        }
    }
};

/// Named members and grants, at any depth.
class Surroundings {
public:
    explicit Surroundings(RadiusBuilder& radius) : radius_(radius) {}

    void look(JsonView value, int depth) {
        if (depth > deepest_config) return;
        for (const auto& entry : value.elements()) {
            if (++members_ > most_members) return;
            look(entry, depth + 1);
        }
        read_instance_profile(value);
        read_service_account(value);
        for (const auto& [name, member] : value.members()) {
            if (++members_ > most_members) return;
            read_member(name, member);
            look(member, depth + 1);
        }
    }

private:
    void read_member(std::string_view name, JsonView member) {
        const auto text = first_text({member});
        if (text.empty()) return;
        const auto plain = plain_name(name);
        for (const auto& row : relations) {
            if (plain != plain_name(row.member)) continue;
            GraphNode node{.id = text,
                           .name = text,
                           .kind = std::string(row.kind),
                           .type = std::string(row.type),
                           .hops = 0,
                           .why = std::string(row.why)};
            if (row.acts)
                radius_.add_source(std::move(node), std::string(row.relation), std::string(row.why));
            else
                radius_.add_target(std::move(node), std::string(row.relation), std::string(row.why));
            return;
        }
        if (is_every_address(text))
            radius_.add_source(internet_node(), "can_reach", fmt::format("{} is open to {}", name, text));
    }

    void read_instance_profile(JsonView value) {
        const auto profile = value["iamInstanceProfile"];
        const auto arn = first_text({profile["arn"], profile["Arn"]});
        if (arn.empty()) return;
        radius_.add_target(
            {.id = arn, .name = arn, .kind = "identity", .type = "instance profile", .hops = 0, .why = {}}, "runs_as",
            "the role it runs as");
    }

    void read_service_account(JsonView value) {
        for (const auto& account : value["serviceAccounts"].elements()) {
            const auto email = first_text({account["email"]});
            radius_.add_target(
                {.id = email, .name = email, .kind = "identity", .type = "service account", .hops = 0, .why = {}},
                "runs_as", "the service account it runs as");
        }
    }

    RadiusBuilder& radius_;
    int members_ = 0;
};

void add_principal(const std::string& principal, const std::string& why, RadiusBuilder& radius) {
    if (is_everybody(principal)) {
        radius.add_source(internet_node(), "can_access", why);
        return;
    }
    radius.add_source(
        {.id = principal, .name = principal, .kind = "identity", .type = "principal", .hops = 0, .why = {}},
        "can_access", why);
}

/// Grants of an ACL: {"grants":[{"grantee":…,"permission":…}]}, with the grantee as text or object.
auto grants_of(JsonView data) -> std::vector<std::pair<std::string, std::string>> {
    std::vector<std::pair<std::string, std::string>> grants;
    for (const auto& list : {data.at("/acl/grants"), data.at("/acl/grantsAsList"), data["grants"], data["acl"]}) {
        for (const auto& grant : list.elements()) {
            const auto grantee = grant["grantee"];
            auto who = first_text(
                {grantee, grantee["identifier"], grantee["uri"], grantee["URI"], grant["entity"], grantee["id"]});
            if (who.empty() || grants.size() >= most_statements) continue;
            grants.emplace_back(std::move(who), first_text({grant["permission"], grant["role"]}));
        }
    }
    return grants;
}

} // namespace

void add_relations_of(JsonView data, RadiusBuilder& radius) {
    Surroundings(radius).look(data, 0);
    for (const auto& statement : Policies(data).statements) {
        if (!iequals(statement.effect, "Allow")) continue;
        const auto why = fmt::format("its policy allows {}{}", some_actions_of(statement.actions),
                                     statement.has_condition ? ", on a condition" : "");
        for (const auto& principal : statement.principals) add_principal(principal, why, radius);
    }
    for (const auto& [who, permission] : grants_of(data)) add_principal(who, "its ACL grants " + permission, radius);
}

auto attached_policies(JsonView data, const std::string& origin) -> std::vector<PolicyFact> {
    std::vector<PolicyFact> facts;
    for (const auto& statement : Policies(data).statements) {
        PolicyFact fact;
        fact.name = "resource policy";
        fact.kind = "attached";
        fact.statement = shorten(fmt::format("{} {} to {}{}", statement.effect.empty() ? "Allow" : statement.effect,
                                             some_actions_of(statement.actions), some_actions_of(statement.principals),
                                             statement.has_condition ? ", on a condition" : ""),
                                 500);
        fact.origin = origin;
        facts.push_back(std::move(fact));
    }
    return facts;
}

auto public_ways(JsonView data) -> std::vector<std::string> {
    std::vector<std::string> ways;
    for (const auto& statement : Policies(data).statements) {
        if (!iequals(statement.effect, "Allow") || !std::ranges::any_of(statement.principals, is_everybody)) continue;
        ways.push_back(fmt::format("anybody is let in by the resource's policy, which allows {}{}",
                                   some_actions_of(statement.actions),
                                   statement.has_condition ? " on a condition" : ""));
    }
    for (const auto& [who, permission] : grants_of(data)) {
        if (is_everybody(who)) ways.push_back("anybody is let in by the resource's ACL, which grants " + permission);
    }
    return ways;
}

} // namespace dossier::ingest
