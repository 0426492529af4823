#include "dossier/api/config.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::api {
namespace {

constexpr std::size_t short_token = 16;

void read_role(config::Section& section, Role& role) {
    section.require("role");
    section.read_enum("role", role,
                      {{"viewer", Role::viewer},
                       {"analyst", Role::analyst},
                       {"approver", Role::approver},
                       {"auditor", Role::auditor},
                       {"steward", Role::steward},
                       {"legal", Role::legal},
                       {"admin", Role::admin}});
}

auto read_person(config::Section& section, std::vector<PersonConfig>& known) -> PersonConfig {
    PersonConfig person;
    section.require("email");
    section.read("email", person.email);
    person.email = lower(trim(person.email));
    read_role(section, person.role);
    section.read("teams_id", person.teams_id);
    person.teams_id = lower(trim(person.teams_id));
    if (!person.email.empty() && person.email.find('@') == person.email.npos)
        section.problem("email", "expected an e-mail address");
    for (const auto& other : known) {
        if (!person.email.empty() && other.email == person.email)
            section.problem("email", "stands here twice; one person has one role");
        if (!person.teams_id.empty() && other.teams_id == person.teams_id)
            section.problem("teams_id", "is that of another person, too");
    }
    return person;
}

auto read_token(config::Section& section, std::vector<std::string>& names) -> TokenConfig {
    TokenConfig token;
    section.read_name("name", token.name, names);
    read_role(section, token.role);
    section.read("email", token.email);
    section.read("token", token.token);
    section.read("sha256", token.sha256);
    token.sha256 = lower(token.sha256);
    const bool has_digest = section.has("sha256");
    if (section.has("token")) {
        section.require("token");
        if (has_digest) section.problem("sha256", "give `token` or `sha256`, not both");
        if (!token.token.empty() && token.token.reveal().size() < short_token)
            section.warning("token", "is shorter than 16 characters; `openssl rand -hex 24` makes a good one");
    } else if (!has_digest) {
        section.problem("token", "is required (or `sha256`, the hex digest of it)");
    }
    if (has_digest &&
        (token.sha256.size() != 64 || token.sha256.find_first_not_of("0123456789abcdef") != token.sha256.npos))
        section.problem("sha256", "expected 64 hex digits, as `printf %s TOKEN | sha256sum` gives");
    return token;
}

} // namespace

auto to_string(Role role) -> std::string_view {
    switch (role) {
    case Role::viewer:
        return "viewer";
    case Role::analyst:
        return "analyst";
    case Role::approver:
        return "approver";
    case Role::auditor:
        return "auditor";
    case Role::steward:
        return "steward";
    case Role::legal:
        return "legal";
    case Role::admin:
        return "admin";
    }
    return "viewer";
}

auto includes(Role role, Role needed) -> bool {
    if (role == needed || role == Role::admin || needed == Role::viewer) return true;
    return role == Role::approver && needed == Role::analyst;
}

auto read_auth(config::Section section) -> AuthConfig {
    AuthConfig auth;
    std::vector<std::string> names;
    for (auto& token : section.items("tokens")) auth.tokens.push_back(read_token(token, names));
    for (auto& person : section.items("people")) auth.people.push_back(read_person(person, auth.people));
    auto oidc = section.child("oidc");
    std::string issuer;
    oidc.read("issuer", issuer);
    if (!issuer.empty()) oidc.unavailable("issuer", "signing in by OpenID Connect");
    for (const auto* key : {"audience", "jwks_url", "role_claim"}) oidc.ignore(key);
    return auth;
}

} // namespace dossier::api
