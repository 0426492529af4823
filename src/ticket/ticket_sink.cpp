#include "dossier/ticket/ticket_sink.hpp"

#include "dossier/base/crypto.hpp"

namespace dossier::ticket {

auto ticket_key(const std::string& instance, const std::string& dossier_id) -> std::string {
    // The zero byte keeps ("a", "bc") and ("ab", "c") apart.
    return "dossier-" + sha256_hex(instance + std::string(1, '\0') + dossier_id).substr(0, 32);
}

auto TicketSink::hand_over(const TicketRef& ticket, const Draft& draft, Deadline deadline) -> Task<Result<void>> {
    co_return co_await assign(ticket, draft.assignee, deadline);
}

auto TicketSink::attach(const TicketRef& /*ticket*/, const Attachment& /*file*/, bool /*may_be_there*/,
                        Deadline /*deadline*/) -> Task<Result<void>> {
    co_return Result<void>{};
}

auto TicketSink::move_due(const TicketRef& /*ticket*/, const DueDate& /*before*/, const DueDate& /*now*/,
                          Deadline /*deadline*/) -> Task<Result<void>> {
    co_return Result<void>{};
}

auto TicketSink::refer(const TicketRef& /*ticket*/, const WebLink& /*link*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

auto TicketSink::is_shortened(const Draft& /*draft*/) const -> bool { return false; }

auto TicketSink::changes(Duration /*back*/, std::string /*page*/, Deadline /*deadline*/)
    -> Task<Result<TicketChanges>> {
    co_return TicketChanges{};
}

auto TicketSink::reopen(TicketRef ticket, std::string note, Deadline deadline) -> Task<Result<void>> {
    const TicketTarget target{.standing = Standing::open, .note = std::move(note)};
    co_return co_await transition(ticket, target, deadline);
}

} // namespace dossier::ticket
