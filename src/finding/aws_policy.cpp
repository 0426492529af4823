#include "dossier/finding/aws_policy.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::aws {
namespace {

constexpr std::size_t most_statements = 500;
constexpr std::size_t most_values = 2'000;

/// A string or a list of strings.
auto strings_in(JsonView value, std::string_view what) -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    if (const auto one = value.string()) found.emplace_back(*one);
    for (const auto element : value.elements()) {
        const auto text = element.string();
        if (!text) return fail(Errc::malformed, fmt::format("{} holds something else than text", what));
        found.emplace_back(*text);
    }
    if (found.empty() && !value.is_array()) return fail(Errc::malformed, fmt::format("{} is no text", what));
    if (found.size() > most_values) return fail(Errc::too_large, fmt::format("{} is too long", what));
    return found;
}

auto principals_in(JsonView value, std::string_view what) -> Result<std::vector<NamedPrincipal>> {
    if (const auto text = value.string()) {
        if (*text != "*") return fail(Errc::malformed, fmt::format("{} is neither * nor a map", what));
        return std::vector{NamedPrincipal{.kind = "AWS", .id = "*"}};
    }
    static constexpr std::array<std::string_view, 4> kinds{"AWS", "Service", "Federated", "CanonicalUser"};
    std::vector<NamedPrincipal> found;
    for (const auto& [kind, ids] : value.members()) {
        if (std::ranges::find(kinds, kind) == kinds.end())
            return fail(Errc::malformed, fmt::format("{} has an unknown kind", what));
        auto texts = strings_in(ids, what);
        if (!texts) return fail(std::move(texts.error()));
        for (auto& id : *texts) found.push_back({.kind = std::string(kind), .id = std::move(id)});
    }
    if (found.empty()) return fail(Errc::malformed, fmt::format("{} names nobody", what));
    return found;
}

/// Condition values may also be numbers and booleans.
auto conditions_in(JsonView block) -> Result<std::vector<Condition>> {
    if (!block.is_object()) return fail(Errc::malformed, "Condition is no map");
    std::vector<Condition> found;
    for (const auto& [op, keys] : block.members()) {
        if (!keys.is_object()) return fail(Errc::malformed, "an operator of Condition is no map");
        for (const auto& [key, values] : keys.members()) {
            Condition condition{.op = std::string(op), .key = std::string(key), .values = {}};
            const auto take = [&](JsonView value) {
                if (const auto text = value.string())
                    condition.values.emplace_back(*text);
                else if (!value.is_object() && !value.is_array())
                    condition.values.push_back(value.dump());
            };
            if (values.is_array())
                for (const auto value : values.elements()) take(value);
            else
                take(values);
            if (condition.values.size() > most_values) return fail(Errc::too_large, "Condition is too long");
            found.push_back(std::move(condition));
        }
    }
    return found;
}

auto statement_in(JsonView json) -> Result<Statement> {
    if (!json.is_object()) return fail(Errc::malformed, "a statement is no map");
    Statement statement;
    Error wrong;
    bool failed = false;
    const auto keep = [&](auto result, auto& place) {
        if (result)
            place = std::move(*result);
        else if (!std::exchange(failed, true))
            wrong = std::move(result.error());
    };
    std::string effect;
    for (const auto& [key, value] : json.members()) {
        if (key == "Sid")
            statement.sid = value.text_or("");
        else if (key == "Effect")
            effect = value.string().value_or("");
        else if (key == "Principal")
            keep(principals_in(value, key), statement.principals);
        else if (key == "NotPrincipal")
            keep(principals_in(value, key), statement.not_principals);
        else if (key == "Action")
            keep(strings_in(value, key), statement.actions);
        else if (key == "NotAction")
            keep(strings_in(value, key), statement.not_actions);
        else if (key == "Resource")
            keep(strings_in(value, key), statement.resources);
        else if (key == "NotResource")
            keep(strings_in(value, key), statement.not_resources);
        else if (key == "Condition")
            keep(conditions_in(value), statement.conditions);
        else
            return fail(Errc::malformed, "a statement has an unknown key");
    }
    if (failed) return fail(std::move(wrong));
    if (effect != "Allow" && effect != "Deny") return fail(Errc::malformed, "Effect is neither Allow nor Deny");
    statement.allows = effect == "Allow";
    if (statement.actions.empty() == statement.not_actions.empty())
        return fail(Errc::malformed, "a statement needs Action or NotAction");
    return statement;
}

/// Actions compare without case; ARNs with it. Variables (`${aws:username}`) can be anything.
auto action_matches(const std::vector<std::string>& patterns, const std::string& action) -> bool {
    // Most patterns are about another service or deed, which the first characters show; few have more than a last star.
    return std::ranges::any_of(patterns, [&](std::string_view pattern) {
        const auto wild = std::ranges::find_if(pattern, [](char c) { return c == '*' || c == '?'; });
        const std::string_view plain(pattern.begin(), wild);
        if (!iequals(plain, std::string_view(action).substr(0, plain.size()))) return false;
        if (wild == pattern.end()) return plain.size() == action.size();
        if (*wild == '*' && wild + 1 == pattern.end()) return true;
        return glob_match(lower(pattern), lower(action));
    });
}

auto without_variables(std::string_view pattern) -> std::string {
    if (!pattern.contains("${")) return std::string(pattern);
    std::string text;
    for (std::size_t at = 0; at < pattern.size();) {
        const auto close = pattern.substr(at).starts_with("${") ? pattern.find('}', at) : std::string_view::npos;
        if (close == std::string_view::npos) {
            text += pattern[at++];
        } else {
            text += '*';
            at = close + 1;
        }
    }
    return text;
}

/// Does a pattern speak of the resource? A deed on all objects of a bucket ("…:b/*") is met by a pattern for all of
/// them, and maybe by one for some ("…:b/public/*").
auto resource_matches(const std::string& given, const std::string& resource) -> Tri {
    const bool has_variables = given.contains("${");
    const auto filled = has_variables ? without_variables(given) : std::string();
    const auto pattern = std::string_view(has_variables ? filled : given);
    if (glob_match(pattern, resource)) return has_variables && pattern != given ? Tri::maybe : Tri::yes;
    const bool is_of_many = resource.ends_with("/*");
    const auto stem = std::string_view(resource).substr(0, resource.size() - 1);
    return is_of_many && pattern.starts_with(stem) ? Tri::maybe : Tri::no;
}

auto any_resource(const std::vector<std::string>& patterns, const std::string& resource) -> Tri {
    auto verdict = Tri::no;
    for (const auto& pattern : patterns) verdict = either(verdict, resource_matches(pattern, resource));
    return verdict;
}

/// Trust policies name no resource: they stand on the role itself.
auto speaks_of(const Statement& statement, const Deed& deed) -> Tri {
    const bool action = statement.actions.empty() ? !action_matches(statement.not_actions, deed.action)
                                                  : action_matches(statement.actions, deed.action);
    if (!action) return Tri::no;
    if (!statement.not_resources.empty()) return inverse(any_resource(statement.not_resources, deed.resource));
    return statement.resources.empty() ? Tri::yes : any_resource(statement.resources, deed.resource);
}

auto is_account_of(const NamedPrincipal& principal, const std::string& account) -> bool {
    if (account.empty()) return false;
    if (principal.id == account) return true;
    if (!principal.id.ends_with(":root")) return false;
    const auto arn = parse_arn(principal.id);
    return arn && arn->account == account && arn->resource == "root";
}

auto is_exactly(const NamedPrincipal& principal, const Asker& asker) -> bool {
    return principal.kind == "AWS" && !asker.arn.empty() && principal.id == asker.arn;
}

auto list(const std::vector<std::string>& values) -> std::string {
    constexpr std::size_t shown = 4;
    std::vector<std::string> first(values.begin(),
                                   values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), shown)));
    auto text = join(first, ", ");
    if (values.size() > shown) text += fmt::format(" and {} more", values.size() - shown);
    return text;
}

auto list(const std::vector<NamedPrincipal>& principals) -> std::string {
    std::vector<std::string> names;
    for (const auto& principal : principals) names.push_back(is_anyone(principal) ? "anyone" : principal.id);
    return list(names);
}

} // namespace

auto parse_policy(std::string_view json) -> Result<PolicyDocument> {
    const auto document = JsonDocument::parse(json);
    if (!document) return fail(document.error());
    const auto root = document->root();
    if (!root.is_object()) return fail(Errc::malformed, "a policy is a JSON object");
    for (const auto& [key, value] : root.members())
        if (key != "Version" && key != "Id" && key != "Statement")
            return fail(Errc::malformed, "a policy has an unknown key");
    const auto given = root["Statement"];
    PolicyDocument policy;
    const auto take = [&](JsonView one) -> Result<void> {
        auto statement = statement_in(one);
        if (!statement) return fail(std::move(statement.error()));
        policy.statements.push_back(std::move(*statement));
        return {};
    };
    if (given.is_object()) {
        if (auto taken = take(given); !taken) return fail(std::move(taken.error()));
    } else {
        for (const auto one : given.elements())
            if (auto taken = take(one); !taken) return fail(std::move(taken.error()));
    }
    if (policy.statements.empty()) return fail(Errc::malformed, "a policy needs a Statement");
    if (policy.statements.size() > most_statements) return fail(Errc::too_large, "a policy has too many statements");
    return policy;
}

auto parse_encoded_policy(std::string_view text) -> Result<PolicyDocument> {
    if (trim(text).starts_with('{')) return parse_policy(text); // Ceph sends it plain
    const auto decoded = percent_decode(text);
    if (!decoded) return fail(Errc::malformed, "a policy is not percent-encoded");
    return parse_policy(*decoded);
}

auto is_anyone(const NamedPrincipal& principal) -> bool { return principal.kind == "AWS" && principal.id == "*"; }

auto names(const Statement& statement, const Asker& asker) -> bool {
    const auto is_listed = [&](const std::vector<NamedPrincipal>& principals) {
        return std::ranges::any_of(principals, [&](const NamedPrincipal& principal) {
            return is_anyone(principal) || is_exactly(principal, asker) ||
                   (principal.kind == "AWS" && is_account_of(principal, asker.account));
        });
    };
    // With NotPrincipal, naming an account exempts its root, not the roles and users in it.
    if (!statement.not_principals.empty())
        return std::ranges::none_of(statement.not_principals, [&](const NamedPrincipal& principal) {
            return is_anyone(principal) || is_exactly(principal, asker);
        });
    return is_listed(statement.principals);
}

auto names_directly(const Statement& statement, const Asker& asker) -> bool {
    if (!statement.not_principals.empty()) return names(statement, asker);
    return std::ranges::any_of(statement.principals, [&](const NamedPrincipal& principal) {
        return is_anyone(principal) || is_exactly(principal, asker);
    });
}

auto spoken_of(const PolicyDocument& policy, const Deed& deed) -> Spoken {
    Spoken spoken;
    spoken.reserve(policy.statements.size());
    for (const auto& statement : policy.statements) spoken.push_back(speaks_of(statement, deed));
    return spoken;
}

Hearing::Hearing(const PolicyDocument& policy, const Asker& asker, bool by_principal)
    : policy_(policy), circumstances_(asker.circumstances) {
    heard_.reserve(policy.statements.size());
    for (std::size_t i = 0; i < policy.statements.size(); ++i) {
        const auto& statement = policy.statements[i];
        if (!by_principal || (statement.allows ? names_directly(statement, asker) : names(statement, asker)))
            heard_.push_back({.number = i, .conditions = std::nullopt});
    }
}

auto Hearing::opinion_of(const Spoken& spoken) -> Opinion {
    Opinion opinion;
    for (auto& [number, conditions] : heard_) {
        const auto& statement = policy_.statements[number];
        auto& verdict = statement.allows ? opinion.allowed : opinion.denied;
        auto& by = statement.allows ? opinion.allowed_by : opinion.denied_by;
        const auto speaks = spoken[number];
        if (speaks <= verdict) continue; // whatever its conditions are
        if (!conditions) conditions = all_hold(statement.conditions, circumstances_);
        const auto says = both(speaks, *conditions);
        if (says > verdict) {
            verdict = says;
            by = &statement;
        }
    }
    return opinion;
}

auto opinion_of(const PolicyDocument& policy, const Asker& asker, const Deed& deed, bool by_principal) -> Opinion {
    return Hearing(policy, asker, by_principal).opinion_of(spoken_of(policy, deed));
}

auto describe(const Statement& statement) -> std::string {
    const auto what =
        statement.actions.empty() ? "everything but " + list(statement.not_actions) : list(statement.actions);
    auto text = fmt::format("{} {}", statement.allows ? "Allow" : "Deny", what);
    if (!statement.resources.empty()) text += " on " + list(statement.resources);
    if (!statement.not_resources.empty()) text += " on everything but " + list(statement.not_resources);
    if (!statement.principals.empty()) text += " to " + list(statement.principals);
    if (!statement.not_principals.empty()) text += " to everyone but " + list(statement.not_principals);
    if (!statement.conditions.empty()) text += ", if " + describe(statement.conditions);
    return shorten(text, 400);
}

} // namespace dossier::aws
