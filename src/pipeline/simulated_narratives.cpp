#include "simulated_narratives.hpp"

#include "classify_stage.hpp"
#include "narrative_turn.hpp"

#include "dossier/explain/evidence_builder.hpp"
#include "dossier/explain/recorded_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto no_hurry = 1h; // the stand-ins answer at once

} // namespace

/// The narrative that is looked at, and what the stand-ins remember of it. The clock stands where it was written.
struct SimulatedNarratives::Memory final : Clock {
    Timestamp at{};
    const Narrative* told = nullptr;
    std::string usual_answer = std::string(2'000, 'x'); ///< as long as answers use to be, where nothing was answered
    std::vector<std::string> providers;                 ///< in the order in which they are asked

    [[nodiscard]] auto now() const -> Timestamp override { return at; }

    /// Whoever failed then would fail again.
    static auto has_failed(const Narrative& told, const std::string& provider) -> bool {
        const auto failed = fmt::format("llm {} failed", provider);
        return std::ranges::any_of(told.notes, [&](const auto& note) { return note.starts_with(failed); });
    }

    auto recall(const std::string& provider) const -> Result<explain::LlmAnswer> {
        if (has_failed(*told, provider)) return fail(Errc::unavailable, "it failed then");
        if (told->author != "llm") return explain::LlmAnswer{.text = usual_answer};
        return explain::LlmAnswer{.text = usual_answer,
                                  .prompt_tokens = told->cost.prompt_tokens,
                                  .completion_tokens = told->cost.completion_tokens};
    }
};

SimulatedNarratives::SimulatedNarratives(const TriedConfig& config, const SimulationRooms& rooms,
                                         const History& history, SimulatedWindows& windows,
                                         context::ContextReplay& replay)
    : rooms_(rooms),
      history_(history),
      is_limited_(config.llm.budget.is_limited()),
      windows_(windows),
      replay_(replay),
      memory_(std::make_shared<Memory>()) {
    std::vector<std::unique_ptr<explain::LlmProvider>> providers;
    for (const auto& provider : config.llm.providers) {
        if (provider.kind == "template") break; // it ends the list: it never fails
        memory_->providers.push_back(provider.name);
        providers.push_back(explain::make_recorded_provider(
            provider, [memory = memory_](const std::string& name) { return memory->recall(name); }));
    }
    gateway_ = std::make_unique<explain::LlmGateway>(std::move(providers), config.llm, nullptr, *memory_,
                                                     rooms_.metrics, &windows_.store());
}

SimulatedNarratives::~SimulatedNarratives() = default;

auto SimulatedNarratives::may_ask(const PastDecision& past, std::string dossier_id, const RouteConfig* route)
    -> Task<Result<bool>> {
    auto why_not = co_await why_no_llm(windows_.store(), route,
                                       {.dossier_id = std::move(dossier_id),
                                        .risk = past.assessment.risk,
                                        .at = past.told_at.value_or(past.decided_at)});
    if (!why_not) co_return fail(std::move(why_not.error()));
    // Of those that took their turns at the same moment nobody knows in which order: where the rule was the same, which
    // the notes of those left out tell, and the risk is the same, the turn is what it was.
    const bool is_ranked = route != nullptr && route->narrative.who == NarrativeRule::Who::top;
    if (is_ranked && route->name == past.route.route && past.assessment.risk == past.risk_before) {
        const auto note = not_among_the_top(*route);
        const auto& notes = past.narrative.notes;
        if (history_.narrative_notes.contains(note)) co_return std::ranges::find(notes, note) == notes.end();
    }
    co_return why_not->empty();
}

auto SimulatedNarratives::narrate(const PastDecision& past, std::string dossier_id, const RouteConfig* route)
    -> Task<Result<SimulatedNarrative>> {
    const auto& told = past.narrative;
    SimulatedNarrative by_template{
        .usd = 0, .is_estimate = false, .grounding_score = told.author == "template" ? told.grounding_score : 1};
    if (!gateway_->has_providers()) co_return by_template;
    auto may = co_await may_ask(past, dossier_id, route);
    if (!may) co_return fail(std::move(may.error()));
    if (!*may) co_return by_template;
    const bool was_free = told.author == "llm" && told.cost.calls == 0; // kept, or shared with others
    if (was_free) {
        const auto& known = memory_->providers;
        const bool is_there = std::ranges::find(known, told.provider) != known.end();
        co_return SimulatedNarrative{.by = is_there ? told.provider : known.front(),
                                     .grounding_score = told.grounding_score};
    }
    const auto failed = [&told](const std::string& provider) { return Memory::has_failed(told, provider); };
    if (std::ranges::all_of(memory_->providers, failed)) {
        by_template.usd = told.cost.usd; // failed calls may have cost something, too
        co_return by_template;
    }
    auto reply = co_await ask(past, std::move(dossier_id), route);
    if (!reply) co_return fail(std::move(reply.error()));
    if (!reply->answer) co_return by_template;
    co_return SimulatedNarrative{.by = reply->provider,
                                 .usd = reply->cost.usd,
                                 .is_estimate = told.author != "llm",
                                 .grounding_score = told.author == "llm" ? told.grounding_score : 1};
}

auto SimulatedNarratives::input_of(const PastDecision& past, std::string dossier_id)
    -> Task<Result<explain::NarrationInput>> {
    explain::NarrationInput input;
    input.dossier_id = std::move(dossier_id);
    input.findings.push_back(past.worst);
    input.evidence = [] { return EvidenceList(); };
    // What was used is known, and without a limit nobody weighs the prompt.
    if (!is_limited_ && past.narrative.author == "llm") co_return input;
    // The whole of it is read again: kept for all dossiers it would take more memory than a machine has.
    auto row = co_await rooms_.history.get_dossier(input.dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    auto read = stored_revision(*row, past.revision);
    if (!read) co_return fail(std::move(read.error()));
    if (!*read) co_return fail(Errc::storage, "the store has changed meanwhile: dossier " + input.dossier_id);
    auto& stored = **read;
    auto context = co_await replay_.context_of(stored.findings, stored.context);
    if (!context) co_return fail(std::move(context.error()));
    input.findings = std::move(stored.findings);
    auto assessment = rooms_.assessor.assess(with_classes(input.findings, stored.assessment.classification), *context);
    assessment.classification = std::move(stored.assessment.classification);
    input.evidence = [evidence = explain::build_evidence(input.findings, *context, assessment)] { return evidence; };
    co_return input;
}

auto SimulatedNarratives::ask(const PastDecision& past, std::string dossier_id, const RouteConfig* route)
    -> Task<Result<explain::LlmReply>> {
    auto input = co_await input_of(past, std::move(dossier_id));
    if (!input) co_return fail(std::move(input.error()));
    input->route = route == nullptr ? "none" : route->name;
    auto question = explain::narrative_question(std::move(*input), *rooms_.prompts, rooms_.redactor);
    if (!question) co_return explain::LlmReply{}; // no prompt, no question
    question->compose = [compose = std::move(question->compose)](std::size_t room) {
        auto material = compose(room);
        material.judge = [](const std::string&) { return explain::LlmVerdict{.is_usable = true, .score = 1}; };
        return material;
    };
    memory_->at = past.told_at.value_or(past.decided_at);
    memory_->told = &past.narrative;
    co_return co_await gateway_->ask(std::move(*question), deadline_in(no_hurry));
}

} // namespace dossier::pipeline
