#pragma once
// Section `audit`.

#include "dossier/base/config.hpp"

#include <string>

namespace dossier::audit {

struct AuditConfig {
    std::string key =
        "data/audit.key"; ///< Ed25519 private key (PEM, 0600), made on first start; the signed head is `<key>.head`
};
[[nodiscard]] auto read_audit(config::Section section) -> AuditConfig;

} // namespace dossier::audit
