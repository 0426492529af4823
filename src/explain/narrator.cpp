#include "dossier/explain/narrator.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/grounding.hpp"
#include "drafted_check.hpp"
#include "prompt_assembly.hpp"
#include "token_budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

namespace dossier::explain {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration rest_without_money{600'000}; ///< nobody tops up an account within seconds
constexpr Duration rest_without_rights{60'000};
constexpr std::size_t usual_answer_tokens = 2'000;
constexpr std::size_t bytes_a_token = 3; ///< an estimate on the safe side

/// One narration under way.
struct Run {
    NarrationInput input;
    Prompt prompt;
    EvidenceList shown;
    redact::Redaction redaction;
    std::string evidence_hash;
    Narration result;
    Deadline deadline;
};

struct Usable {
    CheckedDraft draft;
    LlmAnswer answer;
    bool from_cache = false;
};

/// What became of one provider: something usable, or why not.
struct Attempted {
    std::optional<Usable> usable;
    std::string reason;
    bool stop = false; ///< cancelled: ask nobody else
};

auto outcome_word(const Error& error) -> std::string_view { return name_of(error.code); }

auto error_words(const Error& error) -> std::string {
    return fmt::format("{}: {}", name_of(error.code), shorten(error.message, 200));
}

auto estimate_tokens(const LlmRequest& request) -> std::size_t {
    std::size_t bytes = request.schema.size();
    for (const auto& message : request.messages) bytes += message.content.size();
    return bytes / bytes_a_token + (request.max_tokens > 0 ? request.max_tokens : usual_answer_tokens);
}

auto cache_text(const LlmAnswer& answer) -> std::string {
    return dump_json({{"text", answer.text}, {"model", answer.model}, {"session_id", answer.session_id}});
}

auto cached(const std::string& text) -> std::optional<LlmAnswer> {
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return std::nullopt;
    return LlmAnswer{
        .text = text_at(*json, "text"), .model = text_at(*json, "model"), .session_id = text_at(*json, "session_id")};
}

/// The better of two checked drafts; the later one where they are equal.
auto is_better(const CheckedDraft& later, const CheckedDraft& earlier) -> bool {
    if (later.kept.empty() != earlier.kept.empty()) return !later.kept.empty();
    return later.score >= earlier.score;
}

/// Text that outsiders wrote is redacted in what the template narrator says, too; who owns and who may reach it stays.
auto template_evidence(const EvidenceList& evidence, const redact::Redactor& redactor) -> EvidenceList {
    redact::Redaction redaction;
    auto redacted = redact_evidence(evidence, redactor, redaction);
    for (std::size_t i = 0; i < redacted.size(); ++i) {
        static constexpr std::string_view own_words[] = {"owner", "owner_candidate", "access", "business"};
        if (std::ranges::find(own_words, std::string_view(evidence[i].kind)) != std::end(own_words))
            redacted[i] = evidence[i];
    }
    return redacted;
}

} // namespace

struct Narrator::Impl {
    std::vector<std::unique_ptr<LlmProvider>> providers;
    std::shared_ptr<const PromptCatalogue> prompts;
    std::shared_ptr<const redact::Redactor> redactor;
    LlmConfig config;
    store::EffectStore* cache;
    const Clock& clock;
    Metrics& metrics;
    TokenBudget budget;
    std::atomic<std::uint64_t> next_booking{1};
    std::mutex resting_mutex;
    std::map<std::string, SteadyClock::time_point> resting; ///< provider → not before

    auto narrate(NarrationInput input, Deadline deadline) -> Task<Narration>;
    auto try_providers(std::shared_ptr<Run> run) -> Task<bool>;
    auto try_provider(std::shared_ptr<Run> run, LlmProvider* provider) -> Task<Attempted>;
    auto ask_and_repair(std::shared_ptr<Run> run, LlmProvider* provider) -> Task<Attempted>;
    auto ask(std::shared_ptr<Run> run, LlmProvider* provider, LlmRequest request, int attempt)
        -> Task<Result<LlmAnswer>>;
    auto from_cache(std::shared_ptr<Run> run, std::string key) -> Task<std::optional<Usable>>;
    void write_by_template(Run& run);
    void accept(Run& run, const LlmProvider& provider, Usable usable);

    [[nodiscard]] auto cache_key(const Run& run, const LlmProvider& provider) const -> std::string {
        return sha256_hex(run.prompt.ref.hash + "\n" + run.evidence_hash + "\n" + provider.model());
    }
    [[nodiscard]] auto is_resting(const std::string& provider) -> bool {
        const std::scoped_lock lock(resting_mutex);
        const auto found = resting.find(provider);
        return found != resting.end() && SteadyClock::now() < found->second;
    }
    void rest(const std::string& provider, Errc why) {
        const bool money = why == Errc::quota_exhausted;
        if (!money && why != Errc::unauthenticated && why != Errc::forbidden) return;
        const std::scoped_lock lock(resting_mutex);
        resting[provider] = SteadyClock::now() + (money ? rest_without_money : rest_without_rights);
        log::warn("llm.provider_resting", {{"provider", provider}, {"why", name_of(why)}});
    }
    void count(const std::string& provider, std::string_view outcome) {
        metrics.count("dossier_llm_requests_total", {{"provider", provider}, {"outcome", outcome}});
    }
};

namespace {

/// The record of one call: what was sent, what came, what it cost.
auto audit_entry(const Run& run, const LlmProvider& provider, const LlmRequest& request,
                 const Result<LlmAnswer>& answer, int attempt, Duration took, Timestamp now) -> store::AuditEntry {
    Json details;
    details["provider"] = provider.name();
    details["model"] = answer && !answer->model.empty() ? answer->model : provider.model();
    details["llm_session_id"] = answer ? answer->session_id : "";
    details["prompt"] = {{"id", run.prompt.ref.id}, {"version", run.prompt.ref.version}, {"hash", run.prompt.ref.hash}};
    details["request"] = Json::array();
    for (const auto& message : request.messages)
        details["request"].push_back({{"role", message.role}, {"content", message.content}});
    details["response"] = answer ? answer->text : "";
    details["prompt_tokens"] = answer ? answer->prompt_tokens : 0;
    details["completion_tokens"] = answer ? answer->completion_tokens : 0;
    details["latency_ms"] = took.count();
    details["outcome"] = answer ? "ok" : outcome_word(answer.error());
    if (!answer) details["error"] = answer.error().message;
    details["attempt"] = attempt;
    store::AuditEntry entry;
    entry.time = now;
    entry.action = "llm.called";
    entry.finding_id = run.input.findings.empty() ? "" : run.input.findings.front().id;
    entry.dossier_id = run.input.dossier_id;
    entry.details = dump_json(details);
    return entry;
}

} // namespace

auto Narrator::Impl::ask(std::shared_ptr<Run> run, LlmProvider* provider, LlmRequest request, int attempt)
    -> Task<Result<LlmAnswer>> {
    const auto begun = SteadyClock::now();
    if (begun >= run->deadline) co_return fail(Errc::timeout, "no time is left for another call");
    const auto booking = next_booking++;
    if (!budget.reserve(booking, estimate_tokens(request), begun)) {
        count(provider->name(), "over_budget");
        co_return fail(Errc::overloaded,
                       fmt::format("the budget of {} tokens a minute is used up", config.tokens_per_minute));
    }
    Result<LlmAnswer> answer = fail(Errc::internal, "the provider failed");
    try {
        answer = co_await provider->complete(request, run->deadline);
    } catch (const std::exception& e) {
        answer = fail(Errc::internal, fmt::format("the provider failed: {}", e.what()));
    }
    const auto took = SteadyClock::now() - begun;
    // what a failed call used is not known; its prompt was read at least
    if (answer) {
        const auto used = answer->prompt_tokens + answer->completion_tokens;
        if (used > 0) budget.settle(booking, static_cast<std::size_t>(used));
        metrics.count("dossier_llm_tokens_total", {{"provider", provider->name()}, {"kind", "prompt"}},
                      static_cast<double>(answer->prompt_tokens));
        metrics.count("dossier_llm_tokens_total", {{"provider", provider->name()}, {"kind", "completion"}},
                      static_cast<double>(answer->completion_tokens));
    } else if (answer.error().code == Errc::unavailable || answer.error().code == Errc::quota_exhausted) {
        budget.settle(booking, 0);
    }
    count(provider->name(), answer ? "ok" : outcome_word(answer.error()));
    metrics.observe("dossier_llm_seconds", std::chrono::duration<double>(took).count(),
                    {{"provider", provider->name()}});
    if (!answer) rest(provider->name(), answer.error().code);
    run->result.audit.push_back(audit_entry(*run, *provider, request, answer, attempt,
                                            std::chrono::duration_cast<Duration>(took), clock.now()));
    co_return answer;
}

auto Narrator::Impl::ask_and_repair(std::shared_ptr<Run> run, LlmProvider* provider) -> Task<Attempted> {
    auto request = assemble(run->prompt, run->shown, "evidence-" + random_hex(12));
    request.traceparent = run->input.traceparent;
    std::optional<Usable> best;
    std::string reason;
    for (int attempt = 1; attempt <= 2; ++attempt) {
        auto answer = co_await ask(run, provider, request, attempt);
        if (!answer) {
            reason = error_words(answer.error());
            if (answer.error().code == Errc::cancelled) co_return Attempted{.reason = reason, .stop = true};
            if (answer.error().code != Errc::malformed) break;
            // most likely cut at its limit: the same question, with more room
            request.max_tokens = 2 * (request.max_tokens > 0 ? request.max_tokens : usual_answer_tokens);
            continue;
        }
        const auto draft = parse_answer(answer->text, run->prompt.schema);
        std::string repair;
        if (draft) {
            auto checked = check_draft(*draft, run->shown);
            reason = checked.kept.empty() ? "nothing in its answer stood up to the evidence" : "";
            repair = checked.is_flawless() ? "" : repair_message(checked);
            if (!best || is_better(checked, best->draft)) best = Usable{std::move(checked), *answer};
            if (best->draft.is_flawless()) break;
        } else {
            reason = error_words(draft.error());
            repair = fmt::format("{}. Answer again with one JSON object that follows the schema, and nothing else.",
                                 draft.error().message);
        }
        // what the LLM wrote goes back through the gate like everything else
        request.messages.push_back(
            {.role = "assistant", .content = redactor->redact_answer(shorten(answer->text, 32'000), run->redaction)});
        request.messages.push_back({.role = "user", .content = redactor->redact_answer(repair, run->redaction)});
    }
    if (best && !best->draft.kept.empty()) co_return Attempted{.usable = std::move(best)};
    if (reason.empty()) reason = "nothing in its answer stood up to the evidence";
    co_return Attempted{.reason = std::move(reason)};
}

auto Narrator::Impl::from_cache(std::shared_ptr<Run> run, std::string key) -> Task<std::optional<Usable>> {
    if (!config.cache || cache == nullptr) co_return std::nullopt;
    const auto found = co_await cache->cached_answer(std::move(key));
    if (!found) co_return std::nullopt; // a store that can't be read costs a call, no more
    const auto& text = found.value();
    if (!text) co_return std::nullopt;
    auto answer = cached(*text);
    if (!answer) co_return std::nullopt;
    const auto draft = parse_answer(answer->text, run->prompt.schema);
    if (!draft) co_return std::nullopt;
    auto checked = check_draft(*draft, run->shown);
    if (checked.kept.empty()) co_return std::nullopt;
    co_return Usable{std::move(checked), std::move(*answer), true};
}

auto Narrator::Impl::try_provider(std::shared_ptr<Run> run, LlmProvider* provider) -> Task<Attempted> {
    const auto key = cache_key(*run, *provider);
    if (auto hit = co_await from_cache(run, key)) {
        count(provider->name(), "cached");
        co_return Attempted{.usable = std::move(hit)};
    }
    if (is_resting(provider->name())) {
        co_return Attempted{.reason =
                                "it is left alone for a while after it refused our credentials or its quota ended"};
    }
    auto attempted = co_await ask_and_repair(run, provider);
    if (attempted.usable && config.cache && cache != nullptr) {
        const auto kept = co_await cache->cache_answer(key, cache_text(attempted.usable->answer), clock.now());
        if (!kept) log::warn("llm.answer_not_cached", {{"error", name_of(kept.error().code)}});
    }
    co_return attempted;
}

auto Narrator::Impl::try_providers(std::shared_ptr<Run> run) -> Task<bool> {
    for (const auto& provider : providers) {
        Attempted attempted;
        try {
            attempted = co_await try_provider(run, provider.get());
        } catch (const std::exception& e) { // cancellation of the caller arrives like this
            attempted = {.reason = fmt::format("failed: {}", e.what()), .stop = true};
        }
        if (attempted.usable) {
            accept(*run, *provider, std::move(*attempted.usable));
            co_return true;
        }
        run->result.narrative.notes.push_back(fmt::format("llm {} failed: {}", provider->name(), attempted.reason));
        log::warn("llm.failed", {{"provider", provider->name()}, {"dossier", run->input.dossier_id}});
        if (attempted.stop) break;
    }
    co_return false;
}

void Narrator::Impl::accept(Run& run, const LlmProvider& provider, Usable usable) {
    auto& narrative = run.result.narrative;
    auto& draft = usable.draft;
    narrative.author = "llm";
    narrative.provider = provider.name();
    narrative.model = usable.answer.model.empty() ? provider.model() : usable.answer.model;
    narrative.prompt = run.prompt.ref;
    narrative.llm_session_id = usable.answer.session_id;
    narrative.sentences = std::move(draft.kept);
    narrative.removed = std::move(draft.removed);
    narrative.grounding_score = draft.score;
    narrative.summary = std::move(draft.summary);
    if (narrative.summary.empty()) {
        auto shown = run.input;
        shown.evidence = run.shown;
        narrative.summary = narrate_by_template(shown).summary;
        narrative.notes.emplace_back("the summary was written by the template narrator");
    }
    if (usable.from_cache) narrative.notes.emplace_back("the answer was taken from the cache");
    narrative.evidence = std::move(run.shown);
}

void Narrator::Impl::write_by_template(Run& run) {
    auto notes = std::move(run.result.narrative.notes);
    run.input.evidence = template_evidence(run.input.evidence, *redactor);
    run.result.narrative = narrate_by_template(run.input);
    if (!notes.empty()) notes.emplace_back("written by the template narrator");
    run.result.narrative.notes = std::move(notes);
}

auto Narrator::Impl::narrate(NarrationInput input, Deadline deadline) -> Task<Narration> {
    const auto run = std::make_shared<Run>();
    run->input = std::move(input);
    run->deadline = deadline;
    bool written = false;
    if (!providers.empty()) {
        auto prompt = prompts->find("narrative");
        if (prompt) {
            run->prompt = std::move(*prompt);
            run->shown = shown_evidence(run->input.evidence, *redactor, run->redaction);
            run->evidence_hash = sha256_hex(evidence_lines(run->shown));
            written = co_await try_providers(run);
        } else {
            run->result.narrative.notes.push_back(error_words(prompt.error()));
        }
    }
    if (!written) write_by_template(*run);
    metrics.count("dossier_narratives_total", {{"author", run->result.narrative.author}});
    co_return std::move(run->result);
}

Narrator::Narrator(std::vector<std::unique_ptr<LlmProvider>> providers, std::shared_ptr<const PromptCatalogue> prompts,
                   std::shared_ptr<const redact::Redactor> redactor, LlmConfig config, store::EffectStore* cache,
                   const Clock& clock, Metrics& metrics) {
    const auto limit = config.tokens_per_minute;
    impl_.reset(new Impl{.providers = std::move(providers),
                         .prompts = std::move(prompts),
                         .redactor = std::move(redactor),
                         .config = std::move(config),
                         .cache = cache,
                         .clock = clock,
                         .metrics = metrics,
                         .budget = TokenBudget(limit)});
}

Narrator::~Narrator() = default;

auto Narrator::narrate(NarrationInput input, Deadline deadline) -> Task<Narration> {
    return impl_->narrate(std::move(input), deadline);
}

} // namespace dossier::explain
