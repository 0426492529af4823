#include "dossier/explain/narrator.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/explain/grounding.hpp"
#include "dossier/finding/flow.hpp"
#include "drafted_check.hpp"
#include "evidence_fit.hpp"
#include "likeness.hpp"
#include "prompt_assembly.hpp"
#include "shared_texts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::explain {

/// One narration under way, and all that is kept of it while a model writes. The gateway's call-backs hold it.
struct Telling {
    LlmPurpose purpose;
    Flow turn;
    redact::Redaction redaction;
    std::function<EvidenceList()> make_all;
    std::shared_ptr<const EvidenceList> all; ///< redacted; null = to be made again
    RestingText content;                     ///< the message that the model asked last has seen
    std::optional<EvidenceList> shown;       ///< what stands in it, once it was read
    Prompt prompt;
    /// The answer judged last, and what of it stood up to `shown`.
    struct Judged {
        std::string text;
        CheckedDraft checked;
    };
    std::unique_ptr<Judged> judged; // on the heap, as `told`, so that the wait for them needs no room for them
    LlmReply reply;
    std::unique_ptr<Narrative> told; ///< once somebody has written it

    [[nodiscard]] auto all_evidence() -> std::shared_ptr<const EvidenceList> {
        if (!all) all = std::make_shared<const EvidenceList>(make_all());
        return all;
    }
    [[nodiscard]] auto shown_evidence() -> const EvidenceList& {
        if (!shown) shown = evidence_shown_in(content);
        return *shown;
    }
    /// The same for good: whoever asks again has it read anew.
    [[nodiscard]] auto take_shown_evidence() -> EvidenceList {
        auto taken = shown ? *std::move(shown) : evidence_shown_in(content);
        shown.reset();
        return taken;
    }
};

namespace {

/// Of a text that was written for another finding: with less of it standing, a text of its own is better.
constexpr double least_shared_score = 0.5;

/// Text that outsiders wrote is redacted in what the template narrator says, too; who owns and who may reach it stays.
auto template_evidence(const EvidenceList& evidence, const redact::Redactor& redactor) -> EvidenceList {
    redact::Redaction redaction;
    auto redacted = redact_evidence(evidence, redactor, redaction);
    for (std::size_t i = 0; i < redacted.size(); ++i) {
        static constexpr std::string_view own_words[] = {"owner", "owner_candidate", "access", "access_log",
                                                         "business"};
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
    telling.judged = std::make_unique<Telling::Judged>(
        Telling::Judged{.text = text, .checked = check_draft(*drafted, telling.shown_evidence())});
    const auto& checked = telling.judged->checked;
    LlmVerdict verdict{.is_usable = !checked.kept.empty(), .score = checked.score};
    if (!verdict.is_usable) verdict.reason = "nothing in its answer stood up to the evidence";
    if (!checked.is_flawless()) verdict.repair = repair_message(checked);
    return verdict;
}

auto compose(const std::shared_ptr<Telling>& telling, std::size_t room) -> LlmMaterial {
    auto fitted = fit_evidence(telling->all_evidence(), room);
    telling->shown.reset();
    telling->judged.reset(); // by what was shown before
    LlmMaterial material;
    auto lines = evidence_lines(*fitted.shown);
    material.content = user_message(lines, "evidence-" + random_hex(12));
    telling->content = material.content;
    telling->all = nullptr; // what waits for a model keeps the message alone
    material.hash = [lines = std::move(lines)] { return sha256_hex(lines); };
    material.left_out = std::move(fitted.left_out);
    material.judge = [telling](const std::string& text) { return verdict_on(text, *telling); };
    return material;
}

/// What a version of the prompt is chosen by: the same for a dossier whenever it is explained.
auto rollout_key(const NarrationInput& input) -> std::string {
    if (!input.dossier_id.empty() || input.findings.empty()) return input.dossier_id;
    return input.findings.front().fingerprint;
}

auto purpose_of(const NarrationInput& input) -> LlmPurpose {
    LlmPurpose purpose{.what = "narrative", .route = input.route, .dossier_id = input.dossier_id};
    if (!input.findings.empty()) {
        purpose.source = input.findings.front().source;
        purpose.finding_id = input.findings.front().id;
    }
    return purpose;
}

/// On demand there is no dossier, and a person waits.
auto turn_of(const NarrationInput& input) -> Flow {
    return input.dossier_id.empty() ? Flow{} : flow_of(input.findings);
}

auto question_of(const std::shared_ptr<Telling>& telling, NarrationInput input,
                 std::shared_ptr<const redact::Redactor> redactor) -> LlmQuestion {
    return {.prompt = telling->prompt,
            .purpose = telling->purpose,
            .traceparent = std::move(input.traceparent),
            .flow = telling->turn,
            .places = input.places,
            .compose = [telling](std::size_t room) { return compose(telling, room); },
            .mask = [telling, redactor = std::move(redactor)](
                        std::string_view text) { return redactor->redact_answer(text, telling->redaction); },
            .on_text = std::move(input.on_text),
            .on_restart = std::move(input.on_restart)};
}

/// Chooses the prompt and takes in what it shows.
auto prepare(Telling& telling, const NarrationInput& input, const PromptCatalogue& prompts,
             std::shared_ptr<const redact::Redactor> redactor) -> Result<void> {
    auto prompt = prompts.choose("narrative", rollout_key(input));
    if (!prompt) return fail(std::move(prompt.error()));
    telling.prompt = std::move(*prompt);
    telling.prompt.changes = std::vector<std::string>(); // words for people
    telling.purpose = purpose_of(input);
    telling.turn = turn_of(input);
    telling.make_all = [&redaction = telling.redaction, evidence = input.evidence, redactor = std::move(redactor)] {
        return shown_evidence(evidence(), *redactor, redaction);
    };
    return {};
}

/// What stood up to the evidence; a summary that didn't is the template's.
void take_checked(Narrative& narrative, CheckedDraft checked, EvidenceList evidence) {
    narrative.sentences = std::move(checked.kept);
    narrative.removed = std::move(checked.removed);
    narrative.grounding_score = checked.score;
    narrative.summary = std::move(checked.summary);
    if (narrative.summary.empty()) {
        narrative.summary = narrate_by_template(evidence).summary;
        narrative.notes.emplace_back("the summary was written by the template narrator");
    }
    narrative.evidence = std::move(evidence);
}

auto stood_of(const LlmAnswer& answer, Telling& telling) -> CheckedDraft {
    if (telling.judged && telling.judged->text == answer.text) return std::move(telling.judged->checked);
    const auto drafted = parse_answer(answer.text, telling.prompt.schema);
    return drafted ? check_draft(*drafted, telling.shown_evidence()) : CheckedDraft{};
}

/// The model's words, as far as they stand up to what it was shown.
auto told_by_llm(Telling& telling) -> std::unique_ptr<Narrative> {
    auto& reply = telling.reply;
    auto written = std::make_unique<Narrative>();
    auto& narrative = *written;
    narrative.author = "llm";
    narrative.provider = reply.provider;
    narrative.model = reply.model;
    narrative.prompt = telling.prompt.ref;
    narrative.llm_session_id = reply.answer->session_id;
    narrative.notes = std::move(reply.notes);
    narrative.left_out = std::move(reply.left_out);
    narrative.cost = reply.cost;
    auto stood = stood_of(*reply.answer, telling);
    take_checked(narrative, std::move(stood), telling.take_shown_evidence());
    if (reply.is_from_cache) narrative.notes.emplace_back("the answer was taken from the cache");
    return written;
}

/// A text that was written for a like finding, as far as it stands up to the evidence of this one; null where too
/// little does.
auto told_for_another(const SharedText& shared, const Likeness& likeness, Telling& telling)
    -> std::unique_ptr<Narrative> {
    const auto all = telling.all_evidence();
    auto checked = check_draft(likeness.fill(shared.text), *all);
    if (checked.kept.empty() || checked.score < least_shared_score) return nullptr;
    auto written = std::make_unique<Narrative>();
    auto& narrative = *written;
    narrative.author = "llm";
    narrative.provider = shared.provider;
    narrative.model = shared.model;
    narrative.prompt = telling.prompt.ref;
    narrative.llm_session_id = shared.session_id;
    narrative.left_out = shared.left_out;
    narrative.shared_from = shared.dossier_id;
    narrative.notes.push_back(fmt::format("the text is shared with like findings: it was written for dossier {}, and "
                                          "the facts of this one were filled in by code",
                                          shared.dossier_id));
    take_checked(narrative, std::move(checked), *all);
    return written;
}

/// What of an own text may serve others: what stood, without its particulars.
auto to_share(const Narrative& narrative, const std::string& dossier_id,
              const std::vector<std::string>& summary_evidence, const Likeness& likeness) -> SharedText {
    return {
        .dossier_id = dossier_id,
        .provider = narrative.provider,
        .model = narrative.model,
        .session_id = narrative.llm_session_id,
        .left_out = narrative.left_out,
        .text = likeness.generalise(
            {.summary = narrative.summary, .summary_evidence = summary_evidence, .sentences = narrative.sentences})};
}

auto sharing_entry(const Telling& telling, const Narrative& narrative, Timestamp at) -> store::AuditEntry {
    return {
        .time = at,
        .action = "narrative.shared",
        .finding_id = telling.purpose.finding_id,
        .dossier_id = telling.purpose.dossier_id,
        .details = dump_json(
            {{"from", narrative.shared_from},
             {"provider", narrative.provider},
             {"model", narrative.model},
             {"llm_session_id", narrative.llm_session_id},
             {"prompt",
              {{"id", narrative.prompt.id}, {"version", narrative.prompt.version}, {"hash", narrative.prompt.hash}}},
             {"grounding_score", narrative.grounding_score}})};
}

auto told_by_template(const NarrationInput& input, std::vector<std::string> notes, const redact::Redactor& redactor)
    -> Narrative {
    auto narrative = narrate_by_template(template_evidence(input.evidence(), redactor));
    if (!notes.empty()) notes.emplace_back("written by the template narrator");
    narrative.notes = std::move(notes);
    return narrative;
}

} // namespace

auto narrative_question(NarrationInput input, const PromptCatalogue& prompts,
                        std::shared_ptr<const redact::Redactor> redactor) -> Result<LlmQuestion> {
    const auto telling = std::make_shared<Telling>();
    if (auto prepared = prepare(*telling, input, prompts, redactor); !prepared)
        return fail(std::move(prepared.error()));
    return question_of(telling, std::move(input), std::move(redactor));
}

Narrator::Narrator(LlmGateway& gateway, std::shared_ptr<const PromptCatalogue> prompts,
                   std::shared_ptr<const redact::Redactor> redactor, Metrics& metrics, std::optional<Sharing> sharing)
    : gateway_(gateway), prompts_(std::move(prompts)), redactor_(std::move(redactor)), metrics_(metrics) {
    if (sharing) shared_ = std::make_unique<SharedTexts>(sharing->store, sharing->clock, sharing->from);
}

Narrator::~Narrator() = default;

namespace {

auto leave_it() -> Task<void> { co_return; }

/// @param asked fills in the reply
auto take_answer(std::shared_ptr<Telling> telling, Task<void> asked) -> Task<void> {
    co_await std::move(asked);
    if (telling->reply.answer) telling->told = told_by_llm(*telling);
}

} // namespace

/// A text of its own. No coroutine: the question is the gateway's alone once it is asked.
auto Narrator::ask(std::shared_ptr<Telling> telling, LlmQuestion question, Deadline deadline) -> Task<void> {
    auto asked = gateway_.ask(std::move(question), deadline, {telling, &telling->reply});
    return take_answer(std::move(telling), std::move(asked));
}

/// The text of a like finding; where there is none, one that may serve others.
auto Narrator::share(std::shared_ptr<Telling> telling, LlmQuestion question, Deadline deadline) -> Task<void> {
    const auto likeness = std::make_shared<const Likeness>(*telling->all_evidence());
    bool asked = false;
    SharedTexts::Write write = [this, telling, &question, likeness, deadline,
                                &asked]() -> Task<std::optional<SharedText>> {
        asked = true;
        co_await ask(telling, question, deadline);
        if (!telling->told) co_return std::nullopt;
        const auto drafted = parse_answer(telling->reply.answer->text, telling->prompt.schema);
        auto text = to_share(*telling->told, telling->purpose.dossier_id,
                             drafted ? drafted->summary_evidence : std::vector<std::string>{}, *likeness);
        if (text.text.sentences.empty()) co_return std::nullopt; // it speaks of its own particulars alone
        co_return text;
    };
    std::optional<SharedText> shared;
    std::unique_ptr<Crowds::Member> one_of_many;
    if (!likeness->key().empty()) {
        auto key =
            sha256_hex(fmt::format("shared\n{}\n{}\n{}", telling->prompt.ref.hash, gateway_.models(), likeness->key()));
        one_of_many = shared_->join(key);
        if (shared_->is_storm(*one_of_many)) shared = co_await shared_->get(std::move(key), std::move(write), deadline);
    }
    if (asked) co_return; // it leads, and has what it asked for or knows why not
    // Whoever asks again for the finding for which the text was written wants more than that text.
    if (shared && shared->dossier_id != telling->purpose.dossier_id)
        telling->told = told_for_another(*shared, *likeness, *telling);
    if (!telling->told) co_await ask(telling, std::move(question), deadline);
}

/// No coroutine: what only leads up to the question takes no room in a frame that waits for its answer.
auto Narrator::tell(const std::shared_ptr<Telling>& telling, NarrationInput& input, Deadline deadline) -> Task<void> {
    auto& notes = telling->reply.notes;
    if (!gateway_.has_providers()) return leave_it();
    if (!input.why_no_llm.empty()) {
        notes.push_back(input.why_no_llm);
        return leave_it();
    }
    if (const auto prepared = prepare(*telling, input, *prompts_, redactor_); !prepared) {
        const auto& error = prepared.error();
        notes.push_back(fmt::format("{}: {}", name_of(error.code), error.message));
        return leave_it();
    }
    input.findings = std::vector<Finding>(); // what is needed of them was taken in; `{}` would leave their room
    // What somebody waits for is asked for anew.
    const bool may_share = shared_ && !input.dossier_id.empty() && !input.on_text;
    auto question = question_of(telling, input, redactor_);
    return may_share ? share(telling, std::move(question), deadline) : ask(telling, std::move(question), deadline);
}

auto Narrator::narration_of(Telling& telling, const NarrationInput& input) -> std::unique_ptr<Narration> {
    auto made = std::make_unique<Narration>();
    auto& narration = *made;
    narration.audit = std::move(telling.reply.audit);
    if (!telling.told && telling.reply.no_place) {
        narration.no_place = std::move(telling.reply.no_place);
        return made;
    }
    if (telling.told) {
        narration.narrative = std::move(*telling.told);
        if (!narration.narrative.shared_from.empty()) {
            narration.audit.push_back(sharing_entry(telling, narration.narrative, shared_->now()));
            metrics_.count("dossier_narratives_shared_total");
        }
    } else {
        narration.narrative = told_by_template(input, std::move(telling.reply.notes), *redactor_);
        narration.narrative.cost = telling.reply.cost; // failed calls may have cost something, too
    }
    metrics_.count("dossier_narratives_total", {{"author", narration.narrative.author}});
    return made;
}

auto Narrator::narrate(NarrationInput input, Deadline deadline) -> Task<Narration> {
    co_return std::move(*co_await narrate_apart(std::move(input), deadline));
}

auto Narrator::narrate_apart(NarrationInput input, Deadline deadline) -> Task<std::unique_ptr<Narration>> {
    const auto telling = std::make_shared<Telling>();
    co_await tell(telling, input, deadline);
    co_return narration_of(*telling, input);
}

} // namespace dossier::explain
