#include "outbox_sink.hpp"

namespace dossier::ticket {

auto OutboxSink::create(const Draft& draft, const std::string& /*key*/, Deadline /*deadline*/)
    -> Task<Result<TicketRef>> {
    co_return TicketRef{.sink = name_, .key = draft.id, .url = "/v1/drafts/" + draft.id, .id = draft.id};
}

// Nothing leaves the process, so no outcome is ever unknown and nothing has to be found.
auto OutboxSink::find(const std::string& /*key*/, Deadline /*deadline*/) -> Task<Result<std::vector<TicketRef>>> {
    co_return std::vector<TicketRef>{};
}

auto OutboxSink::update(const TicketRef& /*ticket*/, const Draft& /*draft*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

auto OutboxSink::comment(const TicketRef& /*ticket*/, const std::string& /*markdown*/, const std::string& /*event_id*/,
                         Audience /*audience*/, Deadline /*deadline*/) -> Task<Result<void>> {
    co_return Result<void>{};
}

auto OutboxSink::assign(const TicketRef& /*ticket*/, const std::string& /*email*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

// A draft in the store has no life of its own: what is to be said of it, the store says.
auto OutboxSink::state(const TicketRef& /*ticket*/, Deadline /*deadline*/) -> Task<Result<TicketState>> {
    co_return TicketState{.status = "in the outbox"};
}

auto OutboxSink::transition(const TicketRef& /*ticket*/, const TicketTarget& /*target*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

auto OutboxSink::link(const TicketRef& /*ticket*/, const TicketRef& /*other*/, LinkKind /*kind*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

auto OutboxSink::close_duplicate(const TicketRef& /*duplicate*/, const TicketRef& /*original*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return Result<void>{};
}

} // namespace dossier::ticket
