#pragma once
// Section `sources`: one entry a webhook.

#include "dossier/base/config.hpp"
#include "dossier/base/crypto.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::ingest {

struct SourceAuthConfig {
    enum class Type { none, bearer, basic, header, hmac, mtls } type = Type::none;
    Secret token;       ///< bearer, header
    std::string header; ///< header, hmac: the field that carries it
    std::string user;   ///< basic
    Secret password;
    Secret secret; ///< hmac key
    HashAlgorithm algorithm = HashAlgorithm::sha256;
    std::string prefix;           ///< hmac: text before the hex digest ("sha256=")
    std::string timestamp_header; ///< hmac: set = the signature covers "<timestamp>.<body>"
    Duration tolerance{300'000};
    std::string subject; ///< mtls: glob over the certificate's subject
};

struct SourceConfig {
    std::string name;
    std::string kind; ///< wiz | prisma | orca | generic
    SourceAuthConfig auth;
    Rate rate;
    std::string console_url; ///< base of the platform's console, where links are built; "" = the vendor's default
    std::vector<std::pair<std::string, std::string>> map; ///< generic: canonical name → JSON pointer
};

[[nodiscard]] auto read_sources(std::vector<config::Section> sections) -> std::vector<SourceConfig>;

} // namespace dossier::ingest
