#pragma once
// An audit chain in memory, sealed as the store does it, that a test may tamper with.

#include "dossier/audit/chain.hpp"

#include <algorithm>
#include <vector>

namespace dossier::audit {

class FakeAuditStore final : public store::AuditStore {
public:
    std::vector<store::AuditRow> rows;

    auto append_audit(std::vector<store::AuditEntry> entries) -> Task<Result<void>> override {
        for (const auto& entry : entries) {
            const auto seq = rows.empty() ? 1 : rows.back().seq + 1;
            rows.push_back(seal(entry, seq, rows.empty() ? "" : rows.back().hash));
        }
        co_return Result<void>();
    }
    auto list_audit(store::AuditFilter /*filter*/, store::Page /*page*/)
        -> Task<Result<store::Listing<store::AuditRow>>> override {
        co_return store::Listing<store::AuditRow>{.items = {rows.rbegin(), rows.rend()}, .next_cursor = {}};
    }
    auto audit_after(std::int64_t after, std::size_t limit) -> Task<Result<std::vector<store::AuditRow>>> override {
        std::vector<store::AuditRow> out;
        for (const auto& row : rows)
            if (row.seq > after && out.size() < limit) out.push_back(row);
        co_return out;
    }
    auto audit_head() -> Task<Result<Head>> override {
        co_return rows.empty() ? Head{} : Head{.seq = rows.back().seq, .hash = rows.back().hash};
    }
};

[[nodiscard]] inline auto sample_entry(int number) -> store::AuditEntry {
    return {.time = Timestamp{std::chrono::milliseconds{1'700'000'000'000 + number}},
            .actor_type = "user",
            .actor_id = "alice",
            .action = "draft.approved",
            .finding_id = "fnd_" + std::to_string(number),
            .dossier_id = "dos_1",
            .details = R"({"draft_id":"drf_)" + std::to_string(number) + R"(","tokens":12,"share":0.5})"};
}

} // namespace dossier::audit
