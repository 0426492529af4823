#pragma once
// Who is asking, and may they: bearer tokens compared in constant time against all configured ones.

#include "dossier/api/config.hpp"
#include "dossier/net/http_message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::api {

struct Caller {
    std::string name;
    std::string email; ///< "" where the token is no person's
    Role role = Role::viewer;
};

class Authenticator {
public:
    /// @param tokens none: everybody is `local`, an admin (the configuration allows that on loopback only)
    explicit Authenticator(std::vector<TokenConfig> tokens);
    [[nodiscard]] auto identify(const net::HttpRequest& request) const -> std::optional<Caller>;

private:
    struct Known {
        std::string name;
        std::string email;
        Role role;
        std::string digest; ///< SHA-256, hex
    };
    std::vector<Known> known_;
};

} // namespace dossier::api
