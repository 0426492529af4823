#include "dossier/explain/llm_gateway.hpp"

#include "budget.hpp"
#include "dossier/base/byte_block.hpp"
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
#include <bit>
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
    std::shared_ptr<LlmReply> into;
};

struct Usable {
    LlmAnswer answer;
    LlmVerdict verdict;
    bool is_from_cache = false;
};

/// What became of one provider: something usable, or why not. Handed on as a pointer: each coroutine that waits for one
/// has room in its frame for what it waits for, three times over.
struct Attempted {
    std::unique_ptr<Usable> usable;
    std::vector<std::string> left_out;
    std::string reason;
    bool was_asked = true;
    bool was_too_long = false; ///< the model's window is smaller than we thought
    bool stop = false;         ///< cancelled: ask nobody else
};

struct CallTime {
    SteadyClock::duration took{};
    int attempt = 0;
};

auto unanswered(std::unexpected<Error> error) -> std::unique_ptr<Result<LlmAnswer>> {
    return std::make_unique<Result<LlmAnswer>>(std::move(error));
}

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

    auto ask(std::shared_ptr<Asking> asking) -> Task<void>;
    /// @return whether nobody else is to be asked
    static auto take(Asking& asking, const LlmProvider& provider, Attempted attempted) -> bool;
    auto try_provider(std::shared_ptr<Asking> asking, LlmProvider* provider) -> Task<std::unique_ptr<Attempted>>;
    /// @param room tokens that the content may take; becomes what it took where that was too much
    auto try_in_room(std::shared_ptr<Asking> asking, LlmProvider* provider, std::size_t* room)
        -> Task<std::unique_ptr<Attempted>>;
    auto ask_and_repair(std::shared_ptr<Asking> asking, LlmProvider* provider, std::shared_ptr<LlmMaterial> material)
        -> Task<std::unique_ptr<Attempted>>;
    /// @param request lives in whoever awaits this, here and below
    auto call(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request, int attempt)
        -> Task<std::unique_ptr<Result<LlmAnswer>>>;
    using Place = std::optional<net::InFlightLimit::Permit>;
    static auto take_place(std::shared_ptr<Asking> asking) -> Task<Result<Place>>;
    auto book(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request)
        -> Task<Result<std::unique_ptr<Booking>>>;
    static auto complete(LlmProvider* provider, const LlmRequest* request, Deadline deadline)
        -> Task<std::unique_ptr<Result<LlmAnswer>>>;
    /// Money, figures and the record of a call that has ended.
    auto close_books(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request,
                     std::unique_ptr<Booking> booking, const Result<LlmAnswer>* answer, CallTime time) -> Task<void>;
    [[nodiscard]] auto keeps_answers() const -> bool { return config.cache && cache != nullptr; }
    /// "" where answers are not kept: nobody hashes what has just been written for nothing.
    [[nodiscard]] auto key_in_cache(const LlmQuestion& question, const LlmMaterial& material,
                                    const LlmProvider& provider) const -> std::string {
        if (!keeps_answers()) return {};
        return sha256_hex(question.prompt.ref.hash + "\n" + (material.hash ? material.hash() : std::string()) + "\n" +
                          provider.model());
    }
    auto from_cache(std::shared_ptr<LlmMaterial> material, std::string key) -> Task<std::unique_ptr<Usable>>;
    auto keep_in_cache(std::string key, std::string answer) -> Task<void>;
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
    auto& cost = asking.into->cost;
    ++cost.calls;
    cost.prompt_tokens += charge.prompt_tokens;
    cost.completion_tokens += charge.completion_tokens;
    cost.usd += charge.usd;
    metrics.count("dossier_llm_tokens_total", {{"provider", provider.name()}, {"kind", "prompt"}},
                  static_cast<double>(charge.prompt_tokens));
    metrics.count("dossier_llm_tokens_total", {{"provider", provider.name()}, {"kind", "completion"}},
                  static_cast<double>(charge.completion_tokens));
}

auto LlmGateway::Impl::take_place(std::shared_ptr<Asking> asking) -> Task<Result<Place>> {
    if (asking->question.places == nullptr) co_return Place();
    auto place = co_await asking->question.places->acquire(asking->deadline, asking->question.flow);
    if (place) co_return std::move(*place);
    asking->into->no_place = place.error();
    co_return fail(std::move(place.error()));
}

auto LlmGateway::Impl::book(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request)
    -> Task<Result<std::unique_ptr<Booking>>> {
    auto booking = co_await budget.reserve(account_of(asking->question.purpose, *provider), provider->price(),
                                           estimate_of(*request), asking->deadline, request->flow);
    if (booking) co_return std::make_unique<Booking>(*std::move(booking));
    count(provider->name(), "over_budget");
    co_return fail(std::move(booking.error()).with("asked", "no"));
}

auto LlmGateway::Impl::complete(LlmProvider* provider, const LlmRequest* request, Deadline deadline)
    -> Task<std::unique_ptr<Result<LlmAnswer>>> {
    co_return std::make_unique<Result<LlmAnswer>>(co_await provider->complete(*request, deadline));
}

auto LlmGateway::Impl::close_books(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request,
                                   std::unique_ptr<Booking> booking, const Result<LlmAnswer>* answer, CallTime time)
    -> Task<void> {
    const auto charge = co_await budget.settle(std::move(*booking), *answer);
    keep_account(*asking, *provider, charge);
    count(provider->name(), *answer ? "ok" : name_of(answer->error().code));
    metrics.observe("dossier_llm_seconds", std::chrono::duration<double>(time.took).count(),
                    {{"provider", provider->name()}});
    if (!*answer) rest(provider->name(), answer->error().code);
    asking->into->audit.push_back(audit_entry(asking->question, *provider, *request, *answer, time.attempt, charge,
                                              std::chrono::duration_cast<Duration>(time.took), clock.now()));
}

/// What comes before and after the wait are coroutines of their own: they are gone while it lasts.
auto LlmGateway::Impl::call(std::shared_ptr<Asking> asking, LlmProvider* provider, const LlmRequest* request,
                            int attempt) -> Task<std::unique_ptr<Result<LlmAnswer>>> {
    if (SteadyClock::now() >= asking->deadline)
        co_return unanswered(fail(Errc::timeout, "no time is left for another call"));
    auto booking = co_await book(asking, provider, request);
    if (!booking) co_return unanswered(fail(std::move(booking.error())));
    // Last of all: nobody holds a place while there is something else to do.
    Result<Place> place = Place();
    try {
        place = co_await take_place(asking);
    } catch (const std::exception& e) { // cancelled while the money was booked: that is taken back all the same
        place = fail(Errc::cancelled, fmt::format("whoever asked has left: {}", e.what()));
    }
    if (!place) {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await budget.settle(std::move(**booking), fail(Errc::unavailable, "it was not asked"));
        co_await asio::this_coro::throw_if_cancelled(true);
        co_return unanswered(fail(std::move(place.error())));
    }
    const auto begun = SteadyClock::now();
    std::unique_ptr<Result<LlmAnswer>> answer;
    try {
        answer = co_await complete(provider, request, asking->deadline);
    } catch (const std::exception& e) {
        answer = unanswered(fail(Errc::internal, fmt::format("the provider failed: {}", e.what())));
    }
    place->reset();
    const auto took = SteadyClock::now() - begun;
    fault_point("llm.answered");
    // Whoever asked may have left, and with that this coroutine is cancelled: the money and the record stay to be kept.
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await close_books(asking, provider, request, *std::move(booking), answer.get(),
                         {.took = took, .attempt = attempt});
    co_await asio::this_coro::throw_if_cancelled(true);
    co_return answer;
}

namespace {

/// A question to one provider: at most two tries.
struct Tries {
    LlmRequest request;
    std::unique_ptr<Usable> best;
    std::string reason;

    /// After a try that gave no answer. @return what ends it; null = the same question may be tried again
    auto unanswered(const Error& error, bool is_first) -> std::unique_ptr<Attempted> {
        const auto end = [](Attempted attempted) { return std::make_unique<Attempted>(std::move(attempted)); };
        reason = error_words(error);
        if (is_first && is_over_budget(error)) return end({.reason = error.message, .was_asked = false});
        if (error.code == Errc::cancelled) return end({.reason = reason, .stop = true});
        if (is_first && error.code == Errc::too_large) return end({.reason = reason, .was_too_long = true});
        if (error.code != Errc::malformed) return ended();
        // most likely cut at its limit: the same question, with more room
        request.max_tokens = 2 * answer_tokens(request.max_tokens);
        return nullptr;
    }

    /// @return what ends it; null = the model was told what is wrong and may try again
    auto answered(LlmAnswer answer, const LlmQuestion& question, const LlmMaterial& material)
        -> std::unique_ptr<Attempted> {
        auto verdict = material.judge(answer.text);
        const auto repair = verdict.repair;
        reason = verdict.is_usable ? "" : verdict.reason;
        auto shown = question.mask(shorten(answer.text, answer_shown_limit));
        if (!best || is_better(verdict, best->verdict))
            best = std::make_unique<Usable>(Usable{.answer = std::move(answer), .verdict = std::move(verdict)});
        if (best->verdict.is_usable && best->verdict.repair.empty()) return ended();
        if (repair.empty()) return ended(); // nothing that the model could be told
        request.messages.push_back({.role = "assistant", .content = std::move(shown)});
        request.messages.push_back({.role = "user", .content = question.mask(repair)});
        return nullptr;
    }

    /// What it came to.
    auto ended() -> std::unique_ptr<Attempted> {
        auto attempted = std::make_unique<Attempted>();
        if (best && best->verdict.is_usable)
            attempted->usable = std::move(best);
        else
            attempted->reason = reason.empty() ? std::string(nothing_stood) : std::move(reason);
        return attempted;
    }
};

} // namespace

auto LlmGateway::Impl::ask_and_repair(std::shared_ptr<Asking> asking, LlmProvider* provider,
                                      std::shared_ptr<LlmMaterial> material) -> Task<std::unique_ptr<Attempted>> {
    const auto& question = asking->question;
    Tries tries{.request = request_for(question, *material), .best = nullptr, .reason = {}};
    for (int attempt = 1; attempt <= 2; ++attempt) {
        if (attempt > 1 && question.on_restart) question.on_restart();
        auto answer = co_await call(asking, provider, &tries.request, attempt);
        auto end = *answer ? tries.answered(std::move(**answer), question, *material)
                           : tries.unanswered(answer->error(), attempt == 1);
        if (end) co_return end;
    }
    co_return tries.ended();
}

auto LlmGateway::Impl::from_cache(std::shared_ptr<LlmMaterial> material, std::string key)
    -> Task<std::unique_ptr<Usable>> {
    if (!keeps_answers()) co_return nullptr;
    const auto found = co_await cache->cached_answer(std::move(key));
    if (!found) co_return nullptr; // a store that can't be read costs a call, no more
    const auto& text = found.value();
    if (!text) co_return nullptr;
    auto answer = from_cache_text(*text);
    if (!answer) co_return nullptr;
    auto verdict = material->judge(answer->text);
    if (!verdict.is_usable) co_return nullptr;
    co_return std::make_unique<Usable>(
        Usable{.answer = *std::move(answer), .verdict = std::move(verdict), .is_from_cache = true});
}

auto LlmGateway::Impl::keep_in_cache(std::string key, std::string answer) -> Task<void> {
    if (!keeps_answers()) co_return;
    const auto kept = co_await cache->cache_answer(std::move(key), std::move(answer), clock.now());
    fault_point("llm.kept");
    if (!kept) log::warn("llm.answer_not_cached", {{"error", name_of(kept.error().code)}});
}

auto LlmGateway::Impl::try_provider(std::shared_ptr<Asking> asking, LlmProvider* provider)
    -> Task<std::unique_ptr<Attempted>> {
    auto room = room_for_content(*provider, asking->question.prompt);
    auto attempted = co_await try_in_room(asking, provider, &room);
    if (!attempted->was_too_long) co_return attempted;
    // the server knows its window better than we do: once more, with half of what it was sent
    if (asking->question.on_restart) asking->question.on_restart();
    room /= 2;
    co_return co_await try_in_room(asking, provider, &room);
}

auto LlmGateway::Impl::try_in_room(std::shared_ptr<Asking> asking, LlmProvider* provider, std::size_t* room)
    -> Task<std::unique_ptr<Attempted>> {
    const auto& question = asking->question;
    const auto material = std::make_shared<LlmMaterial>(question.compose(*room));
    const auto key = key_in_cache(question, *material, *provider);
    material->hash = nullptr;
    std::unique_ptr<Attempted> attempted;
    if (auto hit = co_await from_cache(material, key)) {
        count(provider->name(), "cached");
        attempted = std::make_unique<Attempted>();
        attempted->usable = std::move(hit);
    } else if (is_resting(provider->name())) {
        attempted = std::make_unique<Attempted>();
        attempted->reason =
            "it is left alone for a while after it refused our credentials or our model, or its quota ended";
        attempted->was_asked = false;
    } else {
        attempted = co_await ask_and_repair(asking, provider, material);
        if (attempted->usable && keeps_answers()) co_await keep_in_cache(key, to_cache_text(attempted->usable->answer));
    }
    if (attempted->was_too_long) *room = std::min(*room, estimate_tokens(material->content));
    attempted->left_out = material->left_out;
    co_return attempted;
}

auto LlmGateway::Impl::take(Asking& asking, const LlmProvider& provider, Attempted attempted) -> bool {
    auto& reply = *asking.into;
    if (attempted.usable) {
        reply.answer = std::move(attempted.usable->answer);
        reply.provider = provider.name();
        reply.model = reply.answer->model.empty() ? provider.model() : reply.answer->model;
        reply.is_from_cache = attempted.usable->is_from_cache;
        reply.left_out = std::move(attempted.left_out);
        return true;
    }
    const std::string_view what = attempted.was_asked ? "failed" : "was not asked";
    reply.notes.push_back(fmt::format("llm {} {}: {}", provider.name(), what, attempted.reason));
    log::warn(attempted.was_asked ? "llm.failed" : "llm.not_asked",
              {{"provider", provider.name()}, {"dossier", asking.question.purpose.dossier_id}});
    return attempted.stop;
}

auto LlmGateway::Impl::ask(std::shared_ptr<Asking> asking) -> Task<void> {
    bool is_first = true;
    for (const auto& provider : providers) {
        if (!is_first && asking->question.on_restart) asking->question.on_restart();
        is_first = false;
        std::unique_ptr<Attempted> attempted;
        try {
            attempted = co_await try_provider(asking, provider.get());
        } catch (const std::exception& e) { // cancellation of the caller arrives like this
            attempted = std::make_unique<Attempted>();
            attempted->reason = fmt::format("failed: {}", e.what());
            attempted->stop = true;
        }
        if (take(*asking, *provider, std::move(*attempted))) co_return;
    }
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
    const auto reply = std::make_shared<LlmReply>();
    co_await ask(std::move(question), deadline, reply);
    co_return std::move(*reply);
}

auto LlmGateway::ask(LlmQuestion question, Deadline deadline, std::shared_ptr<LlmReply> into) -> Task<void> {
    return impl_->ask(std::make_shared<Asking>(
        Asking{.question = std::move(question), .deadline = deadline, .into = std::move(into)}));
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
    if (text.empty()) return 1;
    std::size_t foreign = 0;
    std::size_t begun = 0;
    unsigned letter_before = 0;
    unsigned digit_before = 0;
    each_block(text, ' ', [&](ByteBlock block, std::size_t) {
        const auto letters = block_bits(((block | 0x20) - 'a') < 26);
        const auto digits = block_bits((block - '0') < 10);
        auto begun_here = (digits & (letters << 1U | letter_before)) | (letters & (digits << 1U | digit_before));
        letter_before = letters >> 15U;
        digit_before = digits >> 15U;
        if (const auto foreign_here = block_bits(block >= 0x80); foreign_here != 0) {
            foreign += static_cast<unsigned>(std::popcount(foreign_here));
            begun_here |= block_bits(block >= 0xF0);
        }
        if (begun_here != 0) begun += static_cast<unsigned>(std::popcount(begun_here));
    });
    const auto plain = text.size() - foreign;
    return plain / 3 + foreign / 2 + begun + 1;
}

} // namespace dossier::explain
