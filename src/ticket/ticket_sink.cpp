#include "dossier/ticket/ticket_sink.hpp"

#include "dossier/base/crypto.hpp"

namespace dossier::ticket {

auto ticket_key(const std::string& instance, const std::string& dossier_id) -> std::string {
    // The zero byte keeps ("a", "bc") and ("ab", "c") apart.
    return "dossier-" + sha256_hex(instance + std::string(1, '\0') + dossier_id).substr(0, 32);
}

auto TicketSink::changes(Duration /*back*/, std::string /*page*/, Deadline /*deadline*/)
    -> Task<Result<TicketChanges>> {
    co_return TicketChanges{};
}

auto TicketSink::reopen(TicketRef ticket, std::string note, Deadline deadline) -> Task<Result<void>> {
    const TicketTarget target{.standing = Standing::open, .note = std::move(note)};
    co_return co_await transition(ticket, target, deadline);
}

} // namespace dossier::ticket
