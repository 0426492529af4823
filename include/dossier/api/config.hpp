#pragma once
// Section `auth`: the bearer tokens of people and scripts, and what each may do (DESIGN §10 "Roles"). A token is given
// in full or as the SHA-256 of it, so that the file needs to hold no secret. `people` are those who act from a chat.

#include "dossier/base/config.hpp"

#include <string>
#include <vector>

namespace dossier::api {

/// `steward` and `legal` read like a viewer and decide what `approval.rules` names them for.
enum class Role { viewer, analyst, approver, auditor, steward, legal, admin };
[[nodiscard]] auto to_string(Role role) -> std::string_view;
/// admin ⊃ everything; approver ⊃ analyst ⊃ viewer; auditor, steward and legal ⊃ viewer.
[[nodiscard]] auto includes(Role role, Role needed) -> bool;

struct TokenConfig {
    std::string name;  ///< who acts, in the audit trail
    std::string email; ///< of the person who has it, for what owners decide; "" = not a person
    Role role = Role::viewer;
    Secret token;       ///< either this
    std::string sha256; ///< or the token's digest, 64 lower-case hex digits
};

/// What somebody may do who acts from a chat, where no token is at hand.
struct PersonConfig {
    std::string email; ///< lower case; as Slack has confirmed it
    Role role = Role::viewer;
    std::string teams_id; ///< Entra object id, lower case; "" = doesn't act from Teams
};

struct AuthConfig {
    std::vector<TokenConfig> tokens;
    std::vector<PersonConfig> people;
};

/// No token at all = every request from loopback is `local`, an admin; beyond loopback that is refused at start.
[[nodiscard]] auto read_auth(config::Section section) -> AuthConfig;

} // namespace dossier::api
