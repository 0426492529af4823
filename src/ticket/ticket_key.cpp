#include "dossier/base/crypto.hpp"
#include "dossier/ticket/ticket_sink.hpp"

namespace dossier::ticket {

auto ticket_key(const std::string& instance, const std::string& dossier_id) -> std::string {
    // The zero byte keeps ("a", "bc") and ("ab", "c") apart.
    return "dossier-" + sha256_hex(instance + std::string(1, '\0') + dossier_id).substr(0, 32);
}

} // namespace dossier::ticket
