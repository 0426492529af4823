// Money is booked before it is spent: by the price of who is asked, for the repair as well, and never freed on a guess.
#include "support/run_task.hpp"

#include "budget.hpp"

#include "dossier/explain/llm_gateway.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>

namespace dossier::explain {
namespace {

/// The day can be turned.
class DayClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override { return at; }
    Timestamp at{std::chrono::milliseconds(1'795'000'000'000)};
};

/// Gives its answers one after the other, the last one for ever.
class PricedProvider final : public LlmProvider {
public:
    PricedProvider(std::string name, LlmPrice price, std::deque<Result<LlmAnswer>> answers)
        : name_(std::move(name)), price_(price), answers_(std::move(answers)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto model() const -> const std::string& override { return name_; }
    [[nodiscard]] auto price() const -> LlmPrice override { return price_; }
    auto complete(LlmRequest request, Deadline) -> Task<Result<LlmAnswer>> override {
        ++calls;
        severities.push_back(request.flow.severity);
        if (on_call) on_call();
        if (takes.count() > 0) co_await sleep_for(takes);
        auto answer = answers_.front();
        if (answers_.size() > 1) answers_.pop_front();
        co_return answer;
    }
    int calls = 0;
    std::vector<std::int64_t> severities; ///< of the calls
    Duration takes{0};
    std::function<void()> on_call;

private:
    std::string name_;
    LlmPrice price_;
    std::deque<Result<LlmAnswer>> answers_;
};

/// A store's account in which something happens once money is booked, before whoever booked it hears of it.
class WatchedSpending final : public store::SpendStore {
public:
    explicit WatchedSpending(store::SpendStore& under) : under_(under) {}
    std::function<void()> on_booked;

    auto reserve_spend(store::Reservation reservation) -> Task<Result<std::optional<store::SpendRefusal>>> override {
        auto refusal = co_await under_.reserve_spend(std::move(reservation));
        on_booked();
        co_return refusal;
    }
    auto settle_spend(store::Settlement settlement) -> Task<Result<void>> override {
        return under_.settle_spend(std::move(settlement));
    }
    auto spending(store::SpendFilter filter) -> Task<Result<std::vector<store::SpendDay>>> override {
        return under_.spending(std::move(filter));
    }
    auto take_narrative_turn(store::NarrativeTurn turn) -> Task<Result<store::NarrativeRank>> override {
        return under_.take_narrative_turn(std::move(turn));
    }

private:
    store::SpendStore& under_;
};

constexpr LlmPrice dollar_a_kilotoken{.input = 1'000, .output = 1'000}; // a token is a tenth of a cent

auto plain_record(const store::AuditEntry& entry, std::int64_t seq, const std::string&) -> store::AuditRow {
    return {.seq = seq, .action = entry.action, .record = "{}", .hash = std::to_string(seq)};
}

auto answered(std::int64_t prompt, std::int64_t completion, std::string text = "good") -> LlmAnswer {
    return {.text = std::move(text), .prompt_tokens = prompt, .completion_tokens = completion};
}

auto refused_with_status() -> Error {
    return {.code = Errc::rejected, .message = "bad request", .context = {{"status", "400"}}, .retry_after = {}};
}

class BudgetTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "dossier-budget-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        open_store();
    }
    void TearDown() override {
        store.reset();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    void open_store() {
        store.reset();
        auto opened = store::open_store({.url = "sqlite:" + (directory_ / "d.db").string()}, plain_record);
        ASSERT_TRUE(opened) << opened.error().message;
        store = *std::move(opened);
    }
    template <class T>
    auto run(Task<T> task) -> T {
        asio::io_context context;
        return dossier::test::run_on(context, std::move(task));
    }
    auto spent() -> store::SpendDay {
        store::SpendDay sum;
        for (const auto& day : run(store->spending({})).value()) {
            sum.calls += day.calls;
            sum.spent_nanos += day.spent_nanos;
            sum.reserved_nanos += day.reserved_nanos;
            sum.refused += day.refused;
        }
        return sum;
    }
    auto provider(const std::string& name, LlmPrice price, std::deque<Result<LlmAnswer>> answers) -> PricedProvider& {
        auto made = std::make_unique<PricedProvider>(name, price, std::move(answers));
        auto& reference = *made;
        providers_.push_back(std::move(made));
        return reference;
    }
    void open(LlmBudget budget) { open(std::move(budget), *store); }
    void open(LlmBudget budget, store::SpendStore& spending) {
        gateway_ = std::make_unique<LlmGateway>(std::move(providers_), LlmConfig{.budget = std::move(budget)}, nullptr,
                                                clock, metrics, &spending);
        providers_.clear();
    }
    /// An answer is usable unless it says "bad", and flawed where it says "flawed".
    static auto question(const std::string& source, const std::string& route, Flow flow = {}) -> LlmQuestion {
        LlmQuestion question;
        question.flow = std::move(flow);
        question.prompt.text = "Explain.";
        question.prompt.schema = "{}";
        question.prompt.max_tokens = 100;
        question.purpose = {.what = "narrative", .source = source, .route = route};
        question.compose = [](std::size_t) {
            return LlmMaterial{.content = "evidence", .judge = [](const std::string& text) {
                                   return LlmVerdict{.is_usable = text != "bad",
                                                     .score = text == "flawed" ? 0.5 : 1.0,
                                                     .repair = text == "flawed" ? "mend it" : ""};
                               }};
        };
        question.mask = [](std::string_view text) { return std::string(text); };
        return question;
    }
    auto ask(const std::string& source = "wiz", const std::string& route = "rest") -> LlmReply {
        return run(gateway_->ask(question(source, route), deadline_in(std::chrono::seconds{30})));
    }
    auto ask(LlmQuestion question, Deadline deadline) -> LlmReply {
        return run(gateway_->ask(std::move(question), deadline));
    }
    /// Asks until it is called off.
    void ask(LlmQuestion question, asio::io_context& context, asio::cancellation_signal& stop) {
        asio::co_spawn(context, gateway_->ask(std::move(question), deadline_in(std::chrono::hours{1})),
                       asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&, const LlmReply&) {}));
        context.run();
    }
    auto ask_at_once(const std::vector<Flow>& flows) -> std::vector<LlmReply> {
        asio::io_context context;
        std::vector<std::future<LlmReply>> results;
        for (const auto& flow : flows)
            results.push_back(dossier::test::start_task(
                context, gateway_->ask(question("wiz", "rest", flow), deadline_in(std::chrono::seconds{120}))));
        context.run();
        std::vector<LlmReply> replies;
        for (auto& result : results) replies.push_back(result.get());
        return replies;
    }

    DayClock clock;
    Metrics metrics;
    std::unique_ptr<store::Store> store;

private:
    std::filesystem::path directory_;
    std::vector<std::unique_ptr<LlmProvider>> providers_;
    std::unique_ptr<LlmGateway> gateway_;
};

TEST_F(BudgetTest, SettlesWithWhatIsKnownAndKeepsTheRestReserved) {
    constexpr std::int64_t token = 1'000'000; // nano-dollars
    struct Row {
        const char* name;
        Result<LlmAnswer> outcome;
        std::int64_t spent;
        std::int64_t reserved;
    };
    const Row rows[] = {
        {"usage told", answered(30, 12), 42 * token, 0},
        {"more used than booked", answered(300, 120), 420 * token, 0},
        {"no usage told", answered(0, 0, "123456789"), (50 + 4) * token, 0},
        {"never got there", fail(Errc::unavailable, "refused"), 0, 0},
        {"never sent", fail(Errc::timeout, "not sent"), 0, 0},
        {"no money there", fail(Errc::quota_exhausted, "credit is gone"), 0, 0},
        {"request refused", fail(refused_with_status()), 0, 0},
        {"refused by the model", fail(Errc::rejected, "content filter"), 150 * token, 0},
        {"cut at its limit", fail(Errc::malformed, "cut"), 150 * token, 0},
        {"no answer came", fail(Errc::outcome_unknown, "broken stream"), 0, 150 * token},
        {"cancelled", fail(Errc::cancelled, "cancelled"), 0, 150 * token},
        {"broken", fail(Errc::internal, "broken"), 0, 150 * token},
    };
    Budget budget({}, store.get(), clock, metrics);
    store::SpendDay before;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto booking =
            run(budget.reserve({.source = "wiz", .provider = "main", .purpose = "narrative"}, dollar_a_kilotoken,
                               {.prompt_tokens = 50, .answer_tokens = 100}, deadline_in(std::chrono::seconds{5})));
        ASSERT_TRUE(booking);
        EXPECT_EQ(spent().reserved_nanos - before.reserved_nanos, 150 * token);
        const auto charge = run(budget.settle(*booking, row.outcome));
        const auto after = spent();
        EXPECT_EQ(after.spent_nanos - before.spent_nanos, row.spent);
        EXPECT_EQ(after.reserved_nanos - before.reserved_nanos, row.reserved);
        EXPECT_DOUBLE_EQ(charge.usd, static_cast<double>(row.spent) / 1e9);
        before = after;
    }
}

TEST_F(BudgetTest, GoesToACheaperProviderAndThenToNobodyAndSaysSo) {
    auto& dear = provider("dear", dollar_a_kilotoken, {answered(400, 100)});
    auto& cheap = provider("cheap", {.input = 100, .output = 100}, {answered(400, 100)});
    open({.usd_per_day = 0.6});
    const auto first = ask();
    EXPECT_EQ(first.provider, "dear");
    EXPECT_DOUBLE_EQ(first.cost.usd, 0.5);
    const auto second = ask();
    EXPECT_EQ(second.provider, "cheap") << "judged by its own price";
    ASSERT_EQ(second.notes.size(), 1U);
    EXPECT_EQ(second.notes[0], "llm dear was not asked: the budget of $0.6 a day has no room for it");
    EXPECT_EQ(ask().provider, "cheap");
    const auto third = ask();
    EXPECT_FALSE(third.answer);
    EXPECT_EQ(third.notes.size(), 2U);
    EXPECT_EQ(third.cost.calls, 0);
    EXPECT_EQ(dear.calls, 1);
    EXPECT_EQ(cheap.calls, 2);
    EXPECT_LE(spent().spent_nanos + spent().reserved_nanos, 600'000'000);
    EXPECT_TRUE(metrics.render().contains(R"(dossier_llm_budget_refused_total{scope="day"})"));

    clock.at += std::chrono::days(1);
    EXPECT_EQ(ask().provider, "dear") << "a new day";
}

TEST_F(BudgetTest, ARestartForgetsNothing) {
    provider("main", dollar_a_kilotoken, {answered(400, 100)});
    open({.usd_per_day = 0.6});
    EXPECT_TRUE(ask().answer);
    open_store();
    auto& again = provider("main", dollar_a_kilotoken, {answered(400, 100)});
    open({.usd_per_day = 0.6});
    EXPECT_FALSE(ask().answer);
    EXPECT_EQ(again.calls, 0);
}

TEST_F(BudgetTest, ARepairNeedsMoneyOfItsOwn) {
    auto& main = provider("main", dollar_a_kilotoken, {answered(100, 100, "flawed")});
    open({.usd_per_day = 0.35});
    const auto reply = ask();
    ASSERT_TRUE(reply.answer) << "what the first answer gave is taken";
    EXPECT_EQ(main.calls, 1);
    EXPECT_EQ(spent().refused, 1);
}

TEST_F(BudgetTest, AStormOfTenThousandSpendsItsFiveDollarsAndNoMore) {
    const std::size_t questions = std::getenv("DOSSIER_SLOW") == nullptr ? 10'000 : 1'000; // sanitizers take ten times
    // A call may cost 15 cents and costs 2: what is reserved for those under way is waited for.
    auto& main = provider("main", {.input = 100, .output = 1'000}, {answered(100, 10)});
    main.takes = std::chrono::milliseconds{2};
    open({.usd_per_day = 5});
    const auto replies = ask_at_once(std::vector<Flow>(questions));
    const auto answered_ones = std::ranges::count_if(replies, [](const auto& one) { return one.answer.has_value(); });
    EXPECT_EQ(main.calls, answered_ones);
    EXPECT_LE(main.calls * 0.02, 5.0);
    EXPECT_GT(main.calls, 50) << "more than have room at once: what calls under way leave is used, too";
    const auto sum = spent();
    EXPECT_EQ(sum.calls, main.calls);
    EXPECT_EQ(sum.reserved_nanos, 0);
    EXPECT_EQ(sum.refused, static_cast<std::int64_t>(questions) - main.calls);
    for (const auto& reply : replies)
        if (!reply.answer) ASSERT_TRUE(reply.notes.at(0).contains("$5 a day")) << reply.notes.at(0);
}

TEST_F(BudgetTest, OfThoseWhoWaitForRoomTheWorstComesFirst) {
    // A call may cost 10 to 15 cents and costs a fifth of one: there is room for one at a time.
    auto& main = provider("main", {.input = 100, .output = 1'000}, {answered(10, 1)});
    main.takes = std::chrono::milliseconds{20};
    open({.usd_per_day = 0.17});
    const Flow low{.source = "wiz", .severity = 1};
    const auto replies = ask_at_once({low, low, low, {.source = "wiz", .severity = 4}});
    for (const auto& reply : replies) EXPECT_TRUE(reply.answer);
    // The second looks for room already when the last one comes.
    EXPECT_EQ(main.severities, (std::vector<std::int64_t>{1, 1, 4, 1}));
}

TEST_F(BudgetTest, HoldsTheLimitOfASourceAndOfARoute) {
    auto& main = provider("main", dollar_a_kilotoken, {answered(100, 100)});
    open({.usd_per_source = {{"wiz", 0.3}}, .usd_per_route = {{"digest", 0.3}}});
    EXPECT_TRUE(ask("wiz", "rest").answer);
    const auto over_source = ask("wiz", "rest");
    ASSERT_EQ(over_source.notes.size(), 1U);
    EXPECT_TRUE(over_source.notes[0].contains("for the source wiz")) << over_source.notes[0];
    EXPECT_TRUE(ask("orca", "digest").answer);
    const auto over_route = ask("prisma", "digest");
    ASSERT_EQ(over_route.notes.size(), 1U);
    EXPECT_TRUE(over_route.notes[0].contains("for the route digest")) << over_route.notes[0];
    EXPECT_TRUE(ask("prisma", "rest").answer);
    EXPECT_EQ(main.calls, 3);
}

TEST_F(BudgetTest, HoldsTokensAMinute) {
    auto& main = provider("main", {}, {answered(100, 100)});
    open({.tokens_per_minute = 450});
    EXPECT_TRUE(ask().answer);
    EXPECT_TRUE(ask().answer);
    const auto over = ask();
    EXPECT_FALSE(over.answer);
    EXPECT_TRUE(over.notes.at(0).contains("450 tokens a minute")) << over.notes.at(0);
    EXPECT_TRUE(metrics.render().contains(R"(outcome="over_budget")"));
    clock.at += std::chrono::minutes(1);
    EXPECT_TRUE(ask().answer);
    EXPECT_EQ(main.calls, 3);
}

TEST_F(BudgetTest, ALimitThatCantBeHeldSpendsNothing) {
    store->close();
    auto& careful = provider("main", dollar_a_kilotoken, {answered(1, 1)});
    open({.usd_per_day = 1'000});
    const auto reply = ask();
    EXPECT_FALSE(reply.answer);
    EXPECT_TRUE(reply.notes.at(0).contains("can't be kept")) << reply.notes.at(0);
    EXPECT_EQ(careful.calls, 0);

    auto& free = provider("main", dollar_a_kilotoken, {answered(1, 1)});
    open({});
    EXPECT_TRUE(ask().answer) << "without a limit a sick store blocks no explanation";
    EXPECT_EQ(free.calls, 1);
}

TEST_F(BudgetTest, APlaceIsHeldWhileTheModelWritesAndNoLonger) {
    net::InFlightLimit places(1);
    const auto is_free = [&] { return run(places.acquire(deadline_in(Duration{0}))).has_value(); };
    std::vector<bool> free_while_asked;
    std::vector<bool> free_while_judged;
    auto& model = provider("main", dollar_a_kilotoken, {answered(10, 10)});
    model.on_call = [&] { free_while_asked.push_back(is_free()); };
    open({});
    auto asked = question("wiz", "rest");
    asked.places = &places;
    asked.compose = [&](std::size_t) {
        return LlmMaterial{.content = "evidence", .judge = [&](const std::string&) {
                               free_while_judged.push_back(is_free());
                               return LlmVerdict{.is_usable = true, .score = 1.0};
                           }};
    };
    const auto reply = ask(std::move(asked), deadline_in(std::chrono::seconds{30}));
    EXPECT_TRUE(reply.answer);
    EXPECT_FALSE(reply.no_place);
    EXPECT_EQ(free_while_asked, std::vector{false});
    EXPECT_EQ(free_while_judged, std::vector{true});
    EXPECT_TRUE(is_free());
}

TEST_F(BudgetTest, WithoutAPlaceInTimeNobodyIsAskedAndNothingIsPaid) {
    net::InFlightLimit places(1);
    const auto taken = run(places.acquire(deadline_in(Duration{0})));
    ASSERT_TRUE(taken);
    auto& first = provider("main", dollar_a_kilotoken, {answered(10, 10)});
    auto& second = provider("spare", dollar_a_kilotoken, {answered(10, 10)});
    open({});
    auto asked = question("wiz", "rest");
    asked.places = &places;
    const auto reply = ask(std::move(asked), deadline_in(Duration{50}));
    EXPECT_FALSE(reply.answer);
    ASSERT_TRUE(reply.no_place);
    EXPECT_EQ(reply.no_place->code, Errc::timeout);
    EXPECT_EQ(first.calls + second.calls, 0);
    EXPECT_EQ(spent().reserved_nanos, 0);
    EXPECT_EQ(spent().spent_nanos, 0);
}

TEST_F(BudgetTest, WhoLeavesBeforeItsPlaceTakesItsBookingAlong) {
    net::InFlightLimit places(1);
    const auto taken = run(places.acquire(deadline_in(Duration{0})));
    ASSERT_TRUE(taken);
    struct Row {
        const char* when;
        std::function<void(const asio::any_io_executor&, asio::cancellation_signal&)> leave;
    };
    const auto terminal = asio::cancellation_type::terminal;
    const Row rows[] = {
        {"while the money is booked", [&](const auto&, auto& stop) { stop.emit(terminal); }},
        {"while a place is waited for",
         [&](const auto& executor, auto& stop) { asio::post(executor, [&] { stop.emit(terminal); }); }},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.when);
        asio::cancellation_signal stop;
        WatchedSpending spending(*store);
        auto& model = provider("main", dollar_a_kilotoken, {answered(10, 10)});
        open({}, spending);
        auto asked = question("wiz", "rest");
        asked.places = &places;
        asio::io_context context;
        spending.on_booked = [&] {
            EXPECT_GT(spent().reserved_nanos, 0);
            row.leave(context.get_executor(), stop);
        };
        ask(std::move(asked), context, stop);
        EXPECT_EQ(model.calls, 0);
        EXPECT_EQ(spent().reserved_nanos, 0);
        EXPECT_EQ(spent().spent_nanos, 0);
    }
}

} // namespace
} // namespace dossier::explain
