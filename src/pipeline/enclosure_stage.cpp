#include "enclosure_stage.hpp"

#include "dossier/ticket/enclosures.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto enclosing_limit = 1min; // for the calls of one run

/// The draft whose text the ticket shows: what was handed over last, else the one that the ticket was made for. Drafts
/// come newest first.
auto shown_draft(const store::DossierRow& row) -> const Draft* {
    const Draft* first_with_ticket = nullptr;
    for (const auto& draft : row.drafts) {
        if (draft.kind != "ticket" || !draft.ticket) continue;
        if (draft.state == DraftState::posted) return &draft;
        first_with_ticket = &draft;
    }
    const bool waits = first_with_ticket != nullptr && first_with_ticket->state == DraftState::pending;
    return waits ? first_with_ticket : nullptr;
}

auto files_for(const Draft& draft, const DossierCase& work) -> std::vector<ticket::Attachment> {
    std::vector<ticket::Attachment> files;
    // What is at hand belongs to the newest revision.
    if (draft.revision != work.row().revision) return files;
    if (work.narrative)
        files.push_back(ticket::evidence_file(draft.dossier_id, draft.revision, work.open_findings(), *work.narrative));
    const bool has_picture = work.context && work.context->blast_radius && work.context->blast_radius->nodes.size() > 1;
    if (has_picture) files.push_back(ticket::picture_file(*work.context->blast_radius));
    return files;
}

} // namespace

auto enclose_evidence(const Stations& stations, const DossierCase& work, const store::Claim& claim, store::Release end)
    -> Task<Result<store::Release>> {
    if (stations.config.mode == Mode::observe) co_return end;
    // Read anew: the steps before have changed its drafts.
    auto row = co_await stations.store.get_dossier(claim.dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    const auto* draft = shown_draft(*row);
    if (draft == nullptr || stations.delivery.is_internal(draft->ticket->sink)) co_return end;
    auto again = co_await stations.delivery.enclose(*draft, *draft->ticket, files_for(*draft, work), "",
                                                    deadline_in(enclosing_limit));
    if (!again) co_return fail(std::move(again.error()));
    if (*again && end.kind == store::Release::Kind::wait) end.ready_at = std::min(end.ready_at, **again);
    if (*again && end.kind == store::Release::Kind::done) {
        end.kind = store::Release::Kind::wait;
        end.ready_at = **again;
    }
    co_return end;
}

} // namespace dossier::pipeline
