#pragma once
// A topic of our own: messages signed as SNS signs them, with a key and a certificate made for one test.

#include "dossier/base/json.hpp"

#include <string>

namespace dossier::ingest {

class SnsSigner {
public:
    SnsSigner();
    [[nodiscard]] auto certificate() const -> const std::string& { return certificate_; } ///< PEM
    /// Sets `Signature` by the message's own `SignatureVersion`.
    void sign(Json& message) const;
    [[nodiscard]] auto notification(const std::string& topic, const std::string& message) const -> Json;

private:
    std::string key_; ///< PEM
    std::string certificate_;
};

} // namespace dossier::ingest
