#pragma once
// What the stages of one run share: how long each takes, and how each says what it did.

#include "dossier_case.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/metrics.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace dossier::pipeline {

/// Measures one stage; counts it as failed unless `done` was said.
class StageTimer {
public:
    StageTimer(Metrics& metrics, std::string_view stage) : metrics_(metrics), stage_(stage) {}
    StageTimer(const StageTimer&) = delete;
    auto operator=(const StageTimer&) -> StageTimer& = delete;
    ~StageTimer() {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
        metrics_.observe("dossier_stage_seconds", took.count(), {{"stage", stage_}});
        metrics_.count("dossier_stages_total", {{"stage", stage_}, {"outcome", done_ ? "done" : "failed"}});
    }
    void done() { done_ = true; }

private:
    Metrics& metrics_;
    std::string_view stage_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    bool done_ = false;
};

/// An audit entry of the dossier under work.
[[nodiscard]] inline auto stage_entry(const DossierCase& work, std::string action, Json details, Timestamp at)
    -> store::AuditEntry {
    return {.time = at,
            .action = std::move(action),
            .finding_id = work.row().findings.empty() ? "" : work.row().findings.front().id,
            .dossier_id = work.row().id,
            .details = dump_json(details)};
}

/// What the owner column shows: e-mail, else id.
[[nodiscard]] inline auto owner_column(const Owner& owner) -> std::string {
    return owner.email.empty() ? owner.id : owner.email;
}

} // namespace dossier::pipeline
