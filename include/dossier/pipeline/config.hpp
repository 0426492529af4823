#pragma once
// Sections `mode`, `queue`, `routes` and `automate`.

#include "dossier/base/config.hpp"
#include "dossier/finding/vocabulary.hpp"
#include "dossier/ticket/due.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace dossier::pipeline {

enum class Mode { observe, assist, automate };

struct QueueConfig {
    std::size_t capacity = 10'000;
    std::size_t workers = 0;       ///< threads; 0 = one per core
    std::size_t in_flight = 1'024; ///< dossiers that may wait for a model at once
    Duration lease{60'000};
    int max_attempts = 8;
    Duration backoff_base{500};
    Duration backoff_max{300'000};

    /// Dossiers under work at once: those that may wait for a model, and half as many (at most 512) that are made ready
    /// for it or brought out after it meanwhile, so that no place of the wait stays empty for as long.
    [[nodiscard]] auto under_work() const -> std::size_t {
        return in_flight + std::min<std::size_t>(in_flight / 2, 512);
    }
};

/// Whose narrative an LLM may be asked for; the others have the template's.
struct NarrativeRule {
    enum class Who { everyone, nobody, top } who = Who::everyone;
    double top_percent = 0; ///< for `top`: of the route's dossiers within the window, by risk
    Duration window{24 * 3'600'000};
};

struct RouteConfig {
    std::string name;
    struct When { ///< every given list must contain the value; an empty list matches anything
        std::vector<std::string> severity;
        std::vector<std::string> exposure;
        std::vector<std::string> finding_type;
        std::vector<std::string> source;
        std::vector<std::string> environment;
        std::vector<std::string> data;    ///< any data class
        std::vector<std::string> account; ///< globs
    } when;
    std::string action = "ticket"; ///< `do:` ticket | classify | digest
    std::string sink;              ///< "" = the first configured sink
    std::string approval;          ///< "" = tickets.approval | none | before_create | before_assign
    double min_confidence = 0;
    bool policy_drafts = false;         ///< policies that close the exposure become drafts of their own, for review
    std::optional<ticket::DueDays> due; ///< in place of those of `tickets.due`; empty = `none`
    std::string scan;                   ///< action that scans the store, once a person approved it; "" = none
    std::string policy_sink;            ///< where they go: a target of `actions` or a ticket sink; "" = the outbox
    NarrativeRule narrative;            ///< `narrative:` always | never | {top_percent, window}
};

struct AutomateConfig {
    Severity max_severity = Severity::medium;
    double min_confidence = 0.8;
    int max_actions_per_hour = 50;
};

struct PipelineConfig {
    Mode mode = Mode::assist;
    QueueConfig queue;
    std::vector<RouteConfig> routes; ///< none = every finding gets a draft in the first sink
    AutomateConfig automate;
};

/// @param root the whole configuration: reads `mode`, `queue`, `routes`, `automate`
[[nodiscard]] auto read_pipeline(config::Section& root) -> PipelineConfig;

} // namespace dossier::pipeline
