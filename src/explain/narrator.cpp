#include "dossier/explain/narrator.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/explain/grounding.hpp"
#include "drafted_check.hpp"
#include "evidence_fit.hpp"
#include "prompt_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::explain {
namespace {

/// One narration under way. The gateway's call-backs hold it.
struct Telling {
    NarrationInput input;
    redact::Redaction redaction;
    EvidenceList all;   ///< redacted
    EvidenceList shown; ///< what the model asked last has seen
    Prompt prompt;
};

/// Text that outsiders wrote is redacted in what the template narrator says, too; who owns and who may reach it stays.
auto template_evidence(const EvidenceList& evidence, const redact::Redactor& redactor) -> EvidenceList {
    redact::Redaction redaction;
    auto redacted = redact_evidence(evidence, redactor, redaction);
    for (std::size_t i = 0; i < redacted.size(); ++i) {
        static constexpr std::string_view own_words[] = {"owner", "owner_candidate", "access", "access_log", "business"};
        if (std::ranges::find(own_words, std::string_view(evidence[i].kind)) != std::end(own_words))
            redacted[i] = evidence[i];
    }
    return redacted;
}

auto verdict_on(const std::string& text, Telling& telling) -> LlmVerdict {
    const auto drafted = parse_answer(text, telling.prompt.schema);
    if (!drafted) {
        const auto& error = drafted.error();
        return {.reason = fmt::format("{}: {}", name_of(error.code), error.message),
                .repair = fmt::format("{}. Answer again with one JSON object that follows the schema, and nothing "
                                      "else.",
                                      error.message)};
    }
    const auto checked = check_draft(*drafted, telling.shown);
    LlmVerdict verdict{.is_usable = !checked.kept.empty(), .score = checked.score};
    if (!verdict.is_usable) verdict.reason = "nothing in its answer stood up to the evidence";
    if (!checked.is_flawless()) verdict.repair = repair_message(checked);
    return verdict;
}

auto compose(const std::shared_ptr<Telling>& telling, std::size_t room) -> LlmMaterial {
    auto fitted = fit_evidence(telling->all, room);
    telling->shown = std::move(fitted.shown);
    LlmMaterial material;
    material.hash = sha256_hex(evidence_lines(telling->shown));
    material.content = user_message(telling->shown, "evidence-" + random_hex(12));
    material.left_out = std::move(fitted.left_out);
    material.judge = [telling](const std::string& text) { return verdict_on(text, *telling); };
    return material;
}

auto purpose_of(const NarrationInput& input) -> LlmPurpose {
    LlmPurpose purpose{.what = "narrative", .route = input.route, .dossier_id = input.dossier_id};
    if (!input.findings.empty()) {
        purpose.source = input.findings.front().source;
        purpose.finding_id = input.findings.front().id;
    }
    return purpose;
}

/// The model's words, as far as they stand up to what it was shown.
auto told_by_llm(Telling& telling, LlmReply& reply) -> Narrative {
    Narrative narrative;
    narrative.author = "llm";
    narrative.provider = reply.provider;
    narrative.model = reply.model;
    narrative.prompt = telling.prompt.ref;
    narrative.llm_session_id = reply.answer->session_id;
    narrative.notes = std::move(reply.notes);
    narrative.left_out = std::move(reply.left_out);
    narrative.cost = reply.cost;
    const auto drafted = parse_answer(reply.answer->text, telling.prompt.schema);
    auto checked = drafted ? check_draft(*drafted, telling.shown) : CheckedDraft{};
    narrative.sentences = std::move(checked.kept);
    narrative.removed = std::move(checked.removed);
    narrative.grounding_score = checked.score;
    narrative.summary = std::move(checked.summary);
    if (narrative.summary.empty()) {
        auto shown = telling.input;
        shown.evidence = telling.shown;
        narrative.summary = narrate_by_template(shown).summary;
        narrative.notes.emplace_back("the summary was written by the template narrator");
    }
    if (reply.is_from_cache) narrative.notes.emplace_back("the answer was taken from the cache");
    narrative.evidence = std::move(telling.shown);
    return narrative;
}

auto told_by_template(Telling& telling, std::vector<std::string> notes, const redact::Redactor& redactor) -> Narrative {
    telling.input.evidence = template_evidence(telling.input.evidence, redactor);
    auto narrative = narrate_by_template(telling.input);
    if (!notes.empty()) notes.emplace_back("written by the template narrator");
    narrative.notes = std::move(notes);
    return narrative;
}

} // namespace

Narrator::Narrator(LlmGateway& gateway, std::shared_ptr<const PromptCatalogue> prompts,
                   std::shared_ptr<const redact::Redactor> redactor, Metrics& metrics)
    : gateway_(gateway), prompts_(std::move(prompts)), redactor_(std::move(redactor)), metrics_(metrics) {}

auto Narrator::narrate(NarrationInput input, Deadline deadline) -> Task<Narration> {
    const auto telling = std::make_shared<Telling>();
    telling->input = std::move(input);
    Narration narration;
    LlmReply reply;
    if (gateway_.has_providers() && !telling->input.why_no_llm.empty()) {
        reply.notes.push_back(telling->input.why_no_llm);
    } else if (gateway_.has_providers()) {
        auto prompt = prompts_->find("narrative");
        if (prompt) {
            telling->prompt = std::move(*prompt);
            telling->all = shown_evidence(telling->input.evidence, *redactor_, telling->redaction);
            LlmQuestion question{.prompt = telling->prompt,
                                 .purpose = purpose_of(telling->input),
                                 .traceparent = telling->input.traceparent,
                                 .compose = [telling](std::size_t room) { return compose(telling, room); },
                                 .mask =
                                     [telling, redactor = redactor_](std::string_view text) {
                                         return redactor->redact_answer(text, telling->redaction);
                                     },
                                 .on_text = telling->input.on_text,
                                 .on_restart = telling->input.on_restart};
            reply = co_await gateway_.ask(std::move(question), deadline);
        } else {
            const auto& error = prompt.error();
            reply.notes.push_back(fmt::format("{}: {}", name_of(error.code), error.message));
        }
    }
    narration.audit = std::move(reply.audit);
    if (reply.answer) {
        narration.narrative = told_by_llm(*telling, reply);
    } else {
        narration.narrative = told_by_template(*telling, std::move(reply.notes), *redactor_);
        narration.narrative.cost = reply.cost; // failed calls may have cost something, too
    }
    metrics_.count("dossier_narratives_total", {{"author", narration.narrative.author}});
    co_return narration;
}

} // namespace dossier::explain
