#include "dossier/api/authenticator.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

namespace dossier::api {

Authenticator::Authenticator(std::vector<TokenConfig> tokens) {
    for (auto& token : tokens) {
        auto digest = token.token.empty() ? lower(token.sha256) : sha256_hex(token.token.reveal());
        known_.push_back({std::move(token.name), std::move(token.email), token.role, std::move(digest)});
    }
}

auto Authenticator::identify(const net::HttpRequest& request) const -> std::optional<Caller> {
    if (known_.empty()) return Caller{.name = "local", .role = Role::admin};
    const auto header = request.headers.get("Authorization");
    if (!header || header->size() < 7 || !iequals(header->substr(0, 7), "bearer ")) return std::nullopt;
    const auto digest = sha256_hex(trim(header->substr(7)));
    // All are compared, so that the time says nothing about which one was near.
    const Known* found = nullptr;
    for (const auto& candidate : known_) {
        if (constant_time_equal(candidate.digest, digest)) found = &candidate;
    }
    if (found == nullptr) return std::nullopt;
    return Caller{.name = found->name, .email = found->email, .role = found->role};
}

} // namespace dossier::api
