#include "dossier/explain/llm_gateway.hpp"

#include "budget.hpp"
#include "dossier/base/canonical_json.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/fault_point.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_text.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <mutex>

namespace dossier::explain {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration rest_without_money{600'000}; ///< nobody tops up an account within seconds
constexpr Duration rest_without_rights{60'000};
constexpr std::size_t usual_answer_tokens = 2'000;
constexpr std::size_t message_overhead = 96;       ///< tokens of roles and framing, on the safe side
constexpr std::size_t answer_shown_limit = 32'000; ///< bytes of a first answer that go back for the repair
constexpr std::string_view nothing_stood = "nothing in its answer stood up to the evidence";

/// One question on its way through the providers.
struct Asking {
    LlmQuestion question;
    Deadline deadline;
    LlmReply reply;
};

struct Usable {
    LlmAnswer answer;
    LlmVerdict verdict;
    bool is_from_cache = false;
};

/// What became of one provider: something usable, or why not.
struct Attempted {
    std::optional<Usable> usable;
    std::vector<std::string> left_out;
    std::string reason;
    bool was_asked = true;
    bool was_too_long = false; ///< the model's window is smaller than we thought
    bool stop = false;         ///< cancelled: ask nobody else
};

auto error_words(const Error& error) -> std::string {
    return fmt::format("{}: {}", name_of(error.code), shorten(error.message, 200));
}

auto answer_tokens(std::size_t asked) -> std::size_t { return asked > 0 ? asked : usual_answer_tokens; }

auto estimate_of(const LlmRequest& request) -> CallEstimate {
    CallEstimate estimate{.prompt_tokens = estimate_tokens(request.schema) + message_overhead,
                          .answer_tokens = answer_tokens(request.max_tokens)};
    for (const auto& message : request.messages) estimate.prompt_tokens += estimate_tokens(message.content);
    return estimate;
}

auto account_of(const LlmPurpose& purpose, const LlmProvider& provider) -> store::SpendAccount {
    return {.source = purpose.source,
            .route = purpose.route,
            .provider = provider.name(),
            .model = provider.model(),
            .purpose = purpose.what};
}

/// Tokens left for the content once instructions, schema and answer have theirs.
auto room_for_content(const LlmProvider& provider, const Prompt& prompt) -> std::size_t {
    const auto window = provider.context_window();
    if (window == 0) return std::numeric_limits<std::size_t>::max();
    const auto taken = estimate_tokens(prompt.text) + estimate_tokens(prompt.schema) +
                       answer_tokens(prompt.max_tokens) + message_overhead;
    return window > taken ? window - taken : 0;
}

auto to_cache_text(const LlmAnswer& answer) -> std::string {
    return dump_json({{"text", answer.text}, {"model", answer.model}, {"session_id", answer.session_id}});
}

auto from_cache_text(const std::string& text) -> std::optional<LlmAnswer> {
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return std::nullopt;
    return LlmAnswer{
        .text = text_at(*json, "text"), .model = text_at(*json, "model"), .session_id = text_at(*json, "session_id")};
}

/// The later answer is taken where the two are equal.
auto is_better(const LlmVerdict& later, const LlmVerdict& earlier) -> bool {
    if (later.is_usable != earlier.is_usable) return later.is_usable;
    return later.score >= earlier.score;
}

auto request_for(const LlmQuestion& question, const LlmMaterial& material) -> LlmRequest {
    LlmRequest request;
    request.messages.push_back({.role = "system", .content = question.prompt.text});
    request.messages.push_back({.role = "user", .content = material.content});
    request.schema_name = question.prompt.ref.id;
    request.schema = question.prompt.schema;
    request.temperature = question.prompt.temperature;
    request.max_tokens = question.prompt.max_tokens;
    request.traceparent = question.traceparent;
    request.flow = question.flow;
    request.on_text = question.on_text;
    return request;
}

/// Our own word, as opposed to a server that says it is overloaded.
auto is_over_budget(const Error& error) -> bool {
    return std::ranges::any_of(error.context, [](const auto& one) { return one.first == "asked"; });
}

/// The record of one call: what was sent, what came, what it cost.
auto audit_entry(const LlmQuestion& question, const LlmProvider& provider, const LlmRequest& request,
                 const Result<LlmAnswer>& answer, int attempt, const Charge& charge, Duration took, Timestamp now)
    -> store::AuditEntry {
    store::AuditEntry entry;
    entry.time = now;
    entry.action = "llm.called";
    entry.finding_id = question.purpose.finding_id;
    entry.dossier_id = question.purpose.dossier_id;
    const auto member = [&](const char* name) -> std::string& {
        return entry.members.emplace_back(name, std::string()).second;
    };
    const auto text = [&](const char* name, std::string_view value) { append_json_text(member(name), value); };
    const auto number = [&](const char* name, auto value) { member(name) = std::to_string(value); };
    number("attempt", attempt);
    number("completion_tokens", answer ? answer->completion_tokens : 0);
    if (!answer) text("error", answer.error().message);
    number("latency_ms", took.count());
    text("llm_session_id", answer ? std::string_view(answer->session_id) : "");
    text("model", answer && !answer->model.empty() ? answer->model : provider.model());
    text("outcome", answer ? std::string_view("ok") : name_of(answer.error().code));
    canonical::Object prompt(member("prompt"));
    append_json_text(prompt.member("hash"), question.prompt.ref.hash);
    append_json_text(prompt.member("id"), question.prompt.ref.id);
    append_json_text(prompt.member("version"), question.prompt.ref.version);
    prompt.close();
    number("prompt_tokens", answer ? answer->prompt_tokens : 0);
    text("provider", provider.name());
    text("purpose", question.purpose.what);
    canonical::append_list(member("request"), request.messages, [](std::string& list, const LlmMessage& message) {
        canonical::Object one(list);
        append_json_text(one.member("content"), message.content.view());
        append_json_text(one.member("role"), message.role);
        one.close();
    });
    text("response", answer ? std::string_view(answer->text) : "");
    canonical::append(member("usd"), charge.usd);
    return entry;
}

} // namespace

struct LlmGateway::Impl {
    std::vector<std::unique_ptr<LlmProvider>> providers;
    LlmConfig config;
    store::EffectStore* cache;
    const Clock& clock;
    Metrics& metrics;
    Budget budget;
    std::mutex resting_mutex;
    std::map<std::string, SteadyClock::time_point> resting; ///< provider → not before

    auto ask(LlmQuestion question, Deadline deadline) -> Task<LlmReply>;
    auto try_provider(std::shared_ptr<Asking> asking, LlmProvider* provider) -> Task<Attempted>;
    /// @param room tokens that the content may take; becomes what it took
    auto try_in_room(std::shared_ptr<Asking> asking, LlmProvider* provider, std::size_t* room) -> Task<Attempted>;
    auto ask_and_repair(std::shared_ptr<Asking> asking, LlmProvider* provider, std::shared_ptr<LlmMaterial> material)
        -> Task<Attempted>;
    auto call(std::shared_ptr<Asking> asking, LlmProvider* provider, LlmRequest request, int attempt)
        -> Task<Result<LlmAnswer>>;
    auto from_cache(std::shared_ptr<LlmMaterial> material, std::string key) -> Task<std::optional<Usable>>;
    void keep_account(Asking& asking, const LlmProvider& provider, const Charge& charge);

    [[nodiscard]] auto is_resting(const std::string& provider) -> bool {
        const std::scoped_lock lock(resting_mutex);
        const auto found = resting.find(provider);
        return found != resting.end() && SteadyClock::now() < found->second;
    }
    void rest(const std::string& provider, Errc why) {
        const bool money = why == Errc::quota_exhausted;
        const bool is_lasting = why == Errc::unauthenticated || why == Errc::forbidden || why == Errc::not_found;
        if (!money && !is_lasting) return;
        const std::scoped_lock lock(resting_mutex);
        resting[provider] = SteadyClock::now() + (money ? rest_without_money : rest_without_rights);
        log::warn("llm.provider_resting", {{"provider", provider}, {"why", name_of(why)}});
    }
    void count(const std::string& provider, std::string_view outcome) {
        metrics.count("dossier_llm_requests_total", {{"provider", provider}, {"outcome", outcome}});
    }
};

void LlmGateway::Impl::keep_account(Asking& asking, const LlmProvider& provider, const Charge& charge) {
    auto& cost = asking.reply.cost;
    ++cost.calls;
    cost.prompt_tokens += charge.prompt_tokens;
    cost.completion_tokens += charge.completion_tokens;
    cost.usd += charge.usd;
    metrics.count("dossier_llm_tokens_total", {{"provider", provider.name()}, {"kind", "prompt"}},
                  static_cast<double>(charge.prompt_tokens));
    metrics.count("dossier_llm_tokens_total", {{"provider", provider.name()}, {"kind", "completion"}},
                  static_cast<double>(charge.completion_tokens));
}

auto LlmGateway::Impl::call(std::shared_ptr<Asking> asking, LlmProvider* provider, LlmRequest request, int attempt)
    -> Task<Result<LlmAnswer>> {
    const auto begun = SteadyClock::now();
    if (begun >= asking->deadline) co_return fail(Errc::timeout, "no time is left for another call");
    auto booking = co_await budget.reserve(account_of(asking->question.purpose, *provider), provider->price(),
                                           estimate_of(request), asking->deadline, request.flow);
    if (!booking) {
        count(provider->name(), "over_budget");
        co_return fail(std::move(booking.error()).with("asked", "no"));
    }
    Result<LlmAnswer> answer = fail(Errc::internal, "the provider failed");
    try {
        answer = co_await provider->complete(request, asking->deadline);
    } catch (const std::exception& e) {
        answer = fail(Errc::internal, fmt::format("the provider failed: {}", e.what()));
    }
    fault_point("llm.answered");
    const auto took = SteadyClock::now() - begun;
    // Whoever asked may have left, and with that this coroutine is cancelled: the money and the record stay to be kept.
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto charge = co_await budget.settle(*std::move(booking), answer);
    co_await asio::this_coro::throw_if_cancelled(true);
    keep_account(*asking, *provider, charge);
    count(provider->name(), answer ? "ok" : name_of(answer.error().code));
    metrics.observe("dossier_llm_seconds", std::chrono::duration<double>(took).count(),
                    {{"provider", provider->name()}});
    if (!answer) rest(provider->name(), answer.error().code);
    asking->reply.audit.push_back(audit_entry(asking->question, *provider, request, answer, attempt, charge,
                                              std::chrono::duration_cast<Duration>(took), clock.now()));
    co_return answer;
}

auto LlmGateway::Impl::ask_and_repair(std::shared_ptr<Asking> asking, LlmProvider* provider,
                                      std::shared_ptr<LlmMaterial> material) -> Task<Attempted> {
    const auto& question = asking->question;
    auto request = request_for(question, *material);
    std::optional<Usable> best;
    std::string reason;
    for (int attempt = 1; attempt <= 2; ++attempt) {
        if (attempt > 1 && question.on_restart) question.on_restart();
        auto answer = co_await call(asking, provider, request, attempt);
        if (!answer) {
            reason = error_words(answer.error());
            if (attempt == 1 && is_over_budget(answer.error()))
                co_return Attempted{.reason = answer.error().message, .was_asked = false};
            if (answer.error().code == Errc::cancelled) co_return Attempted{.reason = reason, .stop = true};
            if (answer.error().code == Errc::too_large && attempt == 1)
                co_return Attempted{.reason = reason, .was_too_long = true};
            if (answer.error().code != Errc::malformed) break;
            // most likely cut at its limit: the same question, with more room
            request.max_tokens = 2 * answer_tokens(request.max_tokens);
            continue;
        }
        auto verdict = material->judge(answer->text);
        const auto repair = verdict.repair;
        reason = verdict.is_usable ? "" : verdict.reason;
        auto shown = question.mask(shorten(answer->text, answer_shown_limit));
        if (!best || is_better(verdict, best->verdict))
            best = Usable{.answer = *std::move(answer), .verdict = std::move(verdict)};
        if (best->verdict.is_usable && best->verdict.repair.empty()) break;
        if (repair.empty()) break; // nothing that the model could be told
        request.messages.push_back({.role = "assistant", .content = std::move(shown)});
        request.messages.push_back({.role = "user", .content = question.mask(repair)});
    }
    if (best && best->verdict.is_usable) co_return Attempted{.usable = std::move(best)};
    if (reason.empty()) reason = nothing_stood;
    co_return Attempted{.reason = std::move(reason)};
}

auto LlmGateway::Impl::from_cache(std::shared_ptr<LlmMaterial> material, std::string key)
    -> Task<std::optional<Usable>> {
    if (!config.cache || cache == nullptr) co_return std::nullopt;
    const auto found = co_await cache->cached_answer(std::move(key));
    if (!found) co_return std::nullopt; // a store that can't be read costs a call, no more
    const auto& text = found.value();
    if (!text) co_return std::nullopt;
    auto answer = from_cache_text(*text);
    if (!answer) co_return std::nullopt;
    auto verdict = material->judge(answer->text);
    if (!verdict.is_usable) co_return std::nullopt;
    co_return Usable{.answer = *std::move(answer), .verdict = std::move(verdict), .is_from_cache = true};
}

auto LlmGateway::Impl::try_provider(std::shared_ptr<Asking> asking, LlmProvider* provider) -> Task<Attempted> {
    auto room = room_for_content(*provider, asking->question.prompt);
    auto attempted = co_await try_in_room(asking, provider, &room);
    if (!attempted.was_too_long) co_return attempted;
    // the server knows its window better than we do: once more, with half of what it was sent
    if (asking->question.on_restart) asking->question.on_restart();
    room /= 2;
    co_return co_await try_in_room(asking, provider, &room);
}

auto LlmGateway::Impl::try_in_room(std::shared_ptr<Asking> asking, LlmProvider* provider, std::size_t* room)
    -> Task<Attempted> {
    const auto& question = asking->question;
    const auto material = std::make_shared<LlmMaterial>(question.compose(*room));
    *room = std::min(*room, estimate_tokens(material->content));
    const auto key = sha256_hex(question.prompt.ref.hash + "\n" + material->hash + "\n" + provider->model());
    Attempted attempted;
    if (auto hit = co_await from_cache(material, key)) {
        count(provider->name(), "cached");
        attempted.usable = std::move(hit);
    } else if (is_resting(provider->name())) {
        attempted.reason =
            "it is left alone for a while after it refused our credentials or our model, or its quota ended";
        attempted.was_asked = false;
    } else {
        attempted = co_await ask_and_repair(asking, provider, material);
        if (attempted.usable && config.cache && cache != nullptr) {
            const auto kept = co_await cache->cache_answer(key, to_cache_text(attempted.usable->answer), clock.now());
            fault_point("llm.kept");
            if (!kept) log::warn("llm.answer_not_cached", {{"error", name_of(kept.error().code)}});
        }
    }
    attempted.left_out = material->left_out;
    co_return attempted;
}

auto LlmGateway::Impl::ask(LlmQuestion question, Deadline deadline) -> Task<LlmReply> {
    const auto asking = std::make_shared<Asking>();
    asking->question = std::move(question);
    asking->deadline = deadline;
    auto& reply = asking->reply;
    bool is_first = true;
    for (const auto& provider : providers) {
        if (!is_first && asking->question.on_restart) asking->question.on_restart();
        is_first = false;
        Attempted attempted;
        try {
            attempted = co_await try_provider(asking, provider.get());
        } catch (const std::exception& e) { // cancellation of the caller arrives like this
            attempted = {.reason = fmt::format("failed: {}", e.what()), .stop = true};
        }
        if (attempted.usable) {
            reply.answer = std::move(attempted.usable->answer);
            reply.provider = provider->name();
            reply.model = reply.answer->model.empty() ? provider->model() : reply.answer->model;
            reply.is_from_cache = attempted.usable->is_from_cache;
            reply.left_out = std::move(attempted.left_out);
            break;
        }
        const std::string_view what = attempted.was_asked ? "failed" : "was not asked";
        reply.notes.push_back(fmt::format("llm {} {}: {}", provider->name(), what, attempted.reason));
        log::warn(attempted.was_asked ? "llm.failed" : "llm.not_asked",
                  {{"provider", provider->name()}, {"dossier", asking->question.purpose.dossier_id}});
        if (attempted.stop) break;
    }
    co_return std::move(reply);
}

LlmGateway::LlmGateway(std::vector<std::unique_ptr<LlmProvider>> providers, LlmConfig config, store::EffectStore* cache,
                       const Clock& clock, Metrics& metrics, store::SpendStore* spending) {
    auto limits = config.budget;
    impl_.reset(new Impl{.providers = std::move(providers),
                         .config = std::move(config),
                         .cache = cache,
                         .clock = clock,
                         .metrics = metrics,
                         .budget = Budget(std::move(limits), spending, clock, metrics)});
}

LlmGateway::~LlmGateway() = default;

auto LlmGateway::ask(LlmQuestion question, Deadline deadline) -> Task<LlmReply> {
    return impl_->ask(std::move(question), deadline);
}

auto LlmGateway::has_providers() const -> bool { return !impl_->providers.empty(); }

auto LlmGateway::models() const -> std::string {
    std::string models;
    for (const auto& provider : impl_->providers) models += provider->name() + "=" + provider->model() + "\n";
    return models;
}

auto estimate_tokens(std::string_view text) -> std::size_t {
    // Held against cl100k and o200k: English prose has four bytes a token, paths and JSON three; other scripts two, and
    // what has four bytes (emoji) three tokens each. Where letters and digits alternate (hex) each change begins one.
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto is_digit = [&](std::size_t at) { return static_cast<unsigned>(byte(at) >= '0' && byte(at) <= '9'); };
    const auto is_letter = [&](std::size_t at) {
        return static_cast<unsigned>((byte(at) | 0x20U) >= 'a' && (byte(at) | 0x20U) <= 'z');
    };
    if (text.empty()) return 1;
    std::size_t foreign = static_cast<unsigned>(byte(0) >= 0x80);
    std::size_t begun = static_cast<unsigned>(byte(0) >= 0xF0);
    // Without branches, with nothing carried on and counted in bytes: so compilers turn it into vector instructions.
    constexpr std::size_t block = 64;
    for (std::size_t from = 1; from < text.size(); from += block) {
        std::uint8_t foreign_here = 0;
        std::uint8_t begun_here = 0;
        for (auto at = from; at < std::min(from + block, text.size()); ++at) {
            foreign_here += static_cast<std::uint8_t>(byte(at) >= 0x80);
            begun_here +=
                static_cast<std::uint8_t>(static_cast<unsigned>(byte(at) >= 0xF0) | (is_digit(at) & is_letter(at - 1)) |
                                          (is_letter(at) & is_digit(at - 1)));
        }
        foreign += foreign_here;
        begun += begun_here;
    }
    const auto plain = text.size() - foreign;
    return plain / 3 + foreign / 2 + begun + 1;
}

} // namespace dossier::explain
