#include "support/run_task.hpp"

#include "dossier/explain/narrator.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "sample_evidence.hpp"
#include "support/live_bytes.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <map>

namespace dossier::explain {
namespace {

using testing::ids_of;
using testing::sample_evidence;

class FixedClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override {
        return Timestamp(std::chrono::milliseconds(1'795'000'000'000));
    }
};

/// Says its lines one after the other and remembers what it was asked.
class ScriptedProvider final : public LlmProvider {
public:
    struct Script {
        std::deque<Result<LlmAnswer>> lines;
        std::vector<LlmRequest> asked;
        bool throws = false;
        bool waits_for_the_deadline = false;
        std::size_t window = 0;
        LlmPrice price;
    };
    ScriptedProvider(std::string name, std::shared_ptr<Script> script)
        : name_(std::move(name)), script_(std::move(script)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto model() const -> const std::string& override { return model_; }
    [[nodiscard]] auto context_window() const -> std::size_t override { return script_->window; }
    [[nodiscard]] auto price() const -> LlmPrice override { return script_->price; }
    auto complete(LlmRequest request, Deadline deadline) -> Task<Result<LlmAnswer>> override {
        script_->asked.push_back(std::move(request));
        if (script_->throws) throw std::runtime_error("broken");
        if (script_->waits_for_the_deadline) {
            co_await sleep_for(deadline - std::chrono::steady_clock::now());
            co_return fail(Errc::timeout, "too slow");
        }
        if (script_->lines.empty()) co_return fail(Errc::internal, "nothing left to say");
        auto line = std::move(script_->lines.front());
        script_->lines.pop_front();
        co_return line;
    }

private:
    std::string name_;
    std::string model_ = "model-1";
    std::shared_ptr<Script> script_;
};

class MemoryCache final : public store::EffectStore {
public:
    auto begin_intent(store::Intent intent) -> Task<Result<store::Intent>> override { co_return intent; }
    auto save_intent(store::Intent, std::vector<store::AuditEntry>) -> Task<Result<void>> override {
        co_return Result<void>{};
    }
    auto intents_of(std::string) -> Task<Result<std::vector<store::Intent>>> override {
        co_return std::vector<store::Intent>{};
    }
    auto intents_to_sweep(Timestamp, std::size_t) -> Task<Result<std::vector<store::Intent>>> override {
        co_return std::vector<store::Intent>{};
    }
    auto automatic_actions_since(Timestamp) -> Task<Result<std::size_t>> override { co_return std::size_t{0}; }
    auto cached_answer(std::string key) -> Task<Result<std::optional<std::string>>> override {
        if (broken) co_return fail(Errc::storage, "the disk is gone");
        const auto found = answers.find(key);
        if (found == answers.end()) co_return std::optional<std::string>{};
        co_return std::optional<std::string>{found->second};
    }
    auto cache_answer(std::string key, std::string answer, Timestamp) -> Task<Result<void>> override {
        if (broken) co_return fail(Errc::storage, "the disk is gone");
        answers[key] = std::move(answer);
        co_return Result<void>{};
    }
    std::map<std::string, std::string> answers;
    bool broken = false;
};

struct Said {
    std::string text;
    std::vector<std::string> kinds;
};

auto answer_with(const Said& summary, const std::vector<Said>& sentences) -> LlmAnswer {
    const auto evidence = sample_evidence();
    Json json{
        {"summary", summary.text}, {"summary_evidence", ids_of(evidence, summary.kinds)}, {"sentences", Json::array()}};
    for (const auto& sentence : sentences)
        json["sentences"].push_back({{"text", sentence.text}, {"evidence", ids_of(evidence, sentence.kinds)}});
    return {.text = dump_json(json),
            .model = "model-1-0611",
            .session_id = "chatcmpl-1",
            .finish_reason = "stop",
            .prompt_tokens = 900,
            .completion_tokens = 100};
}

const Said true_summary{"The bucket payments-export is publicly exposed. The severity is critical.",
                        {"resource", "exposure", "severity"}};
const Said false_summary{"No action is needed.", {"severity"}};
const Said true_sentence{"The severity is critical.", {"severity"}};
const Said other_truth{"Its exposure is public.", {"exposure"}};
const Said lie{"The owner is Mallory Grey.", {"owner"}};

auto honest() -> LlmAnswer { return answer_with(true_summary, {true_sentence, other_truth}); }
auto garbage() -> LlmAnswer {
    return {.text = "I would rather write a poem.", .prompt_tokens = 10, .completion_tokens = 10};
}

/// The members of a record beside its named ones; each has to be in canonical form, as it is sealed.
auto recorded(const store::AuditEntry& entry) -> Json {
    auto details = parse_json(entry.details).value();
    for (const auto& [name, text] : entry.members) {
        const auto value = parse_json(text);
        EXPECT_TRUE(value && canonical_json(*value) == text) << name << ": " << text;
        details[name] = value.value_or(nullptr);
    }
    return details;
}

class NarratorTest : public ::testing::Test {
protected:
    using Script = ScriptedProvider::Script;

    auto provider(const std::string& name, std::deque<Result<LlmAnswer>> lines) -> std::shared_ptr<Script> {
        auto script = std::make_shared<Script>();
        script->lines = std::move(lines);
        providers_.push_back(std::make_unique<ScriptedProvider>(name, script));
        return script;
    }
    void open(LlmConfig config = {}) {
        auto prompts = PromptCatalogue::load(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts");
        ASSERT_TRUE(prompts) << prompts.error().message;
        gateway_ = std::make_unique<LlmGateway>(std::move(providers_), std::move(config), &cache, clock_, metrics);
        narrator_ =
            std::make_unique<Narrator>(*gateway_, std::make_shared<PromptCatalogue>(*std::move(prompts)),
                                       std::shared_ptr<const redact::Redactor>(*redact::Redactor::make({})), metrics);
    }
    auto narrate(Deadline deadline = deadline_in(std::chrono::seconds{30})) -> Narration {
        if (!narrator_) open();
        NarrationInput input{.dossier_id = "dos_1",
                             .findings = {testing::sample_finding()},
                             .evidence =
                                 [this] {
                                     ++evidence_made;
                                     return sample_evidence();
                                 },
                             .traceparent = "00-trace"};
        asio::io_context context;
        return dossier::test::run_on(context, narrator_->narrate(std::move(input), deadline));
    }
    /// How often an answered question is asked for the hash of what it shows.
    auto hashes_of_a_question() -> int {
        const auto prompts = PromptCatalogue::load(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts").value();
        NarrationInput input{.dossier_id = "dos_1", .findings = {testing::sample_finding()}, .evidence = [] {
                                 return sample_evidence();
                             }};
        auto question = narrative_question(std::move(input), prompts,
                                           std::shared_ptr<const redact::Redactor>(*redact::Redactor::make({})))
                            .value();
        int hashed = 0;
        question.compose = [&hashed, compose = std::move(question.compose)](std::size_t room) {
            auto material = compose(room);
            material.hash = [&hashed, hash = std::move(material.hash)] {
                ++hashed;
                return hash();
            };
            return material;
        };
        asio::io_context context;
        const auto reply =
            dossier::test::run_on(context, gateway_->ask(std::move(question), deadline_in(std::chrono::seconds{30})));
        EXPECT_TRUE(reply.answer);
        return hashed;
    }
    /// What each of those holds that wait for a model's answer, beside its message.
    auto bytes_of_a_wait() -> std::size_t {
        const auto main = provider("main", {});
        main->waits_for_the_deadline = true;
        open();
        asio::io_context context;
        const auto wait_for = [&](std::size_t how_many) {
            while (main->asked.size() < how_many) {
                NarrationInput input{.dossier_id = "dos_1", .findings = {testing::sample_finding()}, .evidence = [] {
                                         return sample_evidence();
                                     }};
                asio::co_spawn(context,
                               narrator_->narrate_apart(std::move(input), deadline_in(std::chrono::seconds{30})),
                               asio::detached);
                context.poll();
            }
        };
        constexpr std::size_t many = 128;
        main->asked.reserve(2 * many);
        wait_for(many); // what is made once was made
        const auto before = test::live_bytes();
        wait_for(2 * many);
        return (test::live_bytes() - before) / many - main->asked.back().messages.back().content.size();
    }
    auto has_metric(const std::string& line) -> bool { return metrics.render().contains(line); }

    Metrics metrics;
    MemoryCache cache;
    int evidence_made = 0;

private:
    FixedClock clock_;
    std::vector<std::unique_ptr<LlmProvider>> providers_;
    std::unique_ptr<LlmGateway> gateway_;
    std::unique_ptr<Narrator> narrator_;
};

TEST_F(NarratorTest, KeepsTheMessageAloneAndMakesEvidenceAgainForAnotherModel) {
    const auto first = provider("first", {fail(Errc::unavailable, "down")});
    const auto second = provider("second", {honest()});
    const auto [narrative, audit, no_place] = narrate();
    EXPECT_EQ(narrative.provider, "second");
    EXPECT_EQ(evidence_made, 2); // each model was shown what was made for it, and nobody kept that
    const auto evidence_of = [](const Script& script) {
        const auto content = script.asked.at(0).messages.at(1).content.view();
        return std::string(content.substr(content.find("\n{"), content.find("}\nEND ") - content.find("\n{")));
    };
    EXPECT_EQ(evidence_of(*first), evidence_of(*second));
    EXPECT_FALSE(narrative.evidence.empty()); // read back from what the second was shown
    EXPECT_EQ(narrative.sentences.size(), 2U);
}

TEST_F(NarratorTest, WhatWaitsHoldsItsMessageAndLittleMore) {
    if (!test::counts_live_bytes) GTEST_SKIP();
    EXPECT_LT(bytes_of_a_wait(), 14'000U);
}

TEST_F(NarratorTest, TakesAFaithfulAnswerAtOnce) {
    const auto main = provider("main", {honest()});
    const auto [narrative, audit, no_place] = narrate();
    EXPECT_EQ(narrative.author, "llm");
    EXPECT_EQ(narrative.provider, "main");
    EXPECT_EQ(narrative.model, "model-1-0611");
    EXPECT_EQ(narrative.llm_session_id, "chatcmpl-1");
    EXPECT_EQ(narrative.prompt.id, "narrative");
    EXPECT_EQ(narrative.prompt.hash.size(), 64U);
    EXPECT_EQ(narrative.summary, true_summary.text);
    EXPECT_EQ(narrative.sentences.size(), 2U);
    EXPECT_TRUE(narrative.removed.empty());
    EXPECT_DOUBLE_EQ(narrative.grounding_score, 1);
    ASSERT_EQ(main->asked.size(), 1U);
    EXPECT_EQ(main->asked[0].traceparent, "00-trace");
    EXPECT_FALSE(main->asked[0].messages[1].content.view().contains("alice@acme.test"));
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].action, "llm.called");
    EXPECT_EQ(audit[0].finding_id, "fnd_1");
    EXPECT_EQ(audit[0].dossier_id, "dos_1");
    const auto details = recorded(audit[0]);
    EXPECT_EQ(details["provider"], "main");
    EXPECT_EQ(details["llm_session_id"], "chatcmpl-1");
    EXPECT_EQ(details["prompt"]["version"], narrative.prompt.version);
    EXPECT_EQ(details["prompt_tokens"], 900);
    EXPECT_EQ(details["outcome"], "ok");
    EXPECT_EQ(details["attempt"], 1);
    EXPECT_TRUE(details["latency_ms"].is_number());
    EXPECT_FALSE(details.dump().contains("alice@acme.test"));
    EXPECT_TRUE(has_metric(R"(dossier_narratives_total{author="llm"} 1)"));
    EXPECT_EQ(evidence_made, 1);
}

TEST_F(NarratorTest, KeepsNoEvidenceOfItsOwnWhileAModelWrites) {
    provider("main", {fail(Errc::timeout, "too slow")});
    EXPECT_EQ(narrate().narrative.author, "template");
    EXPECT_EQ(evidence_made, 2) << "once to be shown, and again for the template";
}

TEST_F(NarratorTest, AsksOnceForARepairAndNamesTheFailures) {
    const auto main = provider("main", {answer_with(true_summary, {true_sentence, lie}), honest()});
    const auto [narrative, audit, no_place] = narrate();
    EXPECT_EQ(narrative.author, "llm");
    EXPECT_TRUE(narrative.removed.empty());
    EXPECT_EQ(narrative.sentences.size(), 2U);
    ASSERT_EQ(main->asked.size(), 2U);
    const auto& messages = main->asked[1].messages;
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[2].role, "assistant");
    EXPECT_TRUE(messages[2].content.view().contains("Mallory"));
    EXPECT_EQ(messages[3].role, "user");
    EXPECT_TRUE(messages[3].content.view().contains(lie.text));
    EXPECT_FALSE(messages[3].content.view().contains(true_sentence.text));
    EXPECT_EQ(audit.size(), 2U);
    EXPECT_EQ(recorded(audit[1])["attempt"], 2);
}

TEST_F(NarratorTest, RemovesWhatIsStillFalseAfterTheRepair) {
    const auto lying = answer_with(true_summary, {true_sentence, lie, other_truth});
    const auto main = provider("main", {lying, lying, honest()});
    const auto narrative = narrate().narrative;
    EXPECT_EQ(main->asked.size(), 2U) << "one repair, not more";
    EXPECT_EQ(narrative.author, "llm");
    EXPECT_EQ(narrative.sentences.size(), 2U);
    ASSERT_EQ(narrative.removed.size(), 1U);
    EXPECT_EQ(narrative.removed[0].text, lie.text);
    EXPECT_FALSE(narrative.removed[0].reason.empty());
    EXPECT_DOUBLE_EQ(narrative.grounding_score, 0.75);
}

TEST_F(NarratorTest, ReplacesAFalseSummaryByTheTemplates) {
    const auto lying = answer_with(false_summary, {true_sentence});
    provider("main", {lying, lying});
    const auto narrative = narrate().narrative;
    EXPECT_EQ(narrative.author, "llm");
    EXPECT_TRUE(narrative.summary.contains("payments-export")) << narrative.summary;
    ASSERT_EQ(narrative.removed.size(), 1U);
    EXPECT_EQ(narrative.removed[0].text, false_summary.text);
    EXPECT_DOUBLE_EQ(narrative.grounding_score, 0.5);
}

TEST_F(NarratorTest, KeepsTheFirstAnswerWhenTheRepairIsWorse) {
    provider("main", {answer_with(true_summary, {true_sentence, lie}), garbage()});
    const auto narrative = narrate().narrative;
    EXPECT_EQ(narrative.author, "llm");
    EXPECT_EQ(narrative.sentences.size(), 1U);
    EXPECT_EQ(narrative.removed.size(), 1U);
}

struct NextProviderRow {
    const char* name;
    std::deque<Result<LlmAnswer>> first;
    std::size_t calls;
    const char* note;
};

TEST_F(NarratorTest, GoesToTheNextProviderAndSaysWhy) {
    const auto lies_only = answer_with(false_summary, {lie});
    const std::vector<NextProviderRow> rows = {
        {"garbage twice", {garbage(), garbage()}, 2, "schema"},
        {"only lies", {lies_only, lies_only}, 2, "stood up"},
        {"quota", {fail(Errc::quota_exhausted, "credit is gone")}, 1, "quota_exhausted"},
        {"refused", {fail(Errc::rejected, "content filter")}, 1, "rejected"},
        {"unreachable", {fail(Errc::unavailable, "refused")}, 1, "unavailable"},
        {"unauthenticated", {fail(Errc::unauthenticated, "bad key")}, 1, "unauthenticated"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        cache.answers.clear();
        const auto first = provider("first", row.first);
        provider("second", {honest()});
        open();
        const auto [narrative, audit, no_place] = narrate();
        EXPECT_EQ(first->asked.size(), row.calls);
        EXPECT_EQ(narrative.author, "llm");
        EXPECT_EQ(narrative.provider, "second");
        ASSERT_EQ(narrative.notes.size(), 1U);
        EXPECT_TRUE(narrative.notes[0].contains("first")) << narrative.notes[0];
        EXPECT_TRUE(narrative.notes[0].contains(row.note)) << narrative.notes[0];
        EXPECT_EQ(audit.size(), row.calls + 1);
    }
}

TEST_F(NarratorTest, AsksAgainWithMoreRoomWhenTheAnswerWasCut) {
    const auto main = provider("main", {fail(Errc::malformed, "cut at its token limit"), honest()});
    EXPECT_EQ(narrate().narrative.author, "llm");
    ASSERT_EQ(main->asked.size(), 2U);
    EXPECT_EQ(main->asked[1].max_tokens, 2 * main->asked[0].max_tokens);
    EXPECT_EQ(main->asked[1].messages.size(), 2U);
}

TEST_F(NarratorTest, AsksAgainWithHalfOfItWhenTheWindowIsSmallerThanThought) {
    const auto main = provider("main", {fail(Errc::too_large, "the context window is too small"), honest()});
    const auto narrative = narrate().narrative;
    ASSERT_EQ(main->asked.size(), 2U);
    // half of the evidence, and the frame around it as before
    EXPECT_LT(3 * main->asked[1].messages[1].content.size(), 2 * main->asked[0].messages[1].content.size());
    EXPECT_FALSE(narrative.left_out.empty());
    EXPECT_EQ(narrative.author, "llm");

    cache.answers.clear();
    const auto hopeless =
        provider("hopeless", {fail(Errc::too_large, "too small"), fail(Errc::too_large, "too small")});
    open();
    EXPECT_EQ(narrate().narrative.author, "template");
    EXPECT_EQ(hopeless->asked.size(), 2U) << "once more, and no further";
}

TEST_F(NarratorTest, FallsBackToTheTemplateWhenAllFail) {
    const auto broken = provider("broken", {});
    broken->throws = true;
    provider("poor", {fail(Errc::quota_exhausted, "credit is gone")});
    const auto [narrative, audit, no_place] = narrate();
    EXPECT_EQ(narrative.author, "template");
    EXPECT_GT(narrative.sentences.size(), 5U);
    ASSERT_EQ(narrative.notes.size(), 3U);
    EXPECT_TRUE(narrative.notes[0].contains("broken"));
    EXPECT_TRUE(narrative.notes[1].contains("poor"));
    EXPECT_EQ(narrative.notes[2], "written by the template narrator");
    EXPECT_EQ(audit.size(), 2U);
    EXPECT_TRUE(has_metric(R"(dossier_narratives_total{author="template"} 1)"));
}

TEST_F(NarratorTest, WritesByTemplateWithoutAnyProvider) {
    const auto narrative = narrate().narrative;
    EXPECT_EQ(narrative.author, "template");
    EXPECT_TRUE(narrative.notes.empty()) << "nothing failed";
}

TEST_F(NarratorTest, IsDoneByItsDeadline) {
    const auto slow = provider("slow", {});
    slow->waits_for_the_deadline = true;
    const auto second = provider("second", {honest()});
    const auto begun = std::chrono::steady_clock::now();
    const auto narrative = narrate(deadline_in(std::chrono::milliseconds{50})).narrative;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{5});
    EXPECT_EQ(narrative.author, "template");
    EXPECT_TRUE(second->asked.empty()) << "no time was left to ask it";
}

TEST_F(NarratorTest, AsksNobodyAfterACancellation) {
    provider("first", {fail(Errc::cancelled, "cancelled")});
    const auto second = provider("second", {honest()});
    EXPECT_EQ(narrate().narrative.author, "template");
    EXPECT_TRUE(second->asked.empty());
}

TEST_F(NarratorTest, BuysNoAnswerTwice) {
    const auto main = provider("main", {honest()});
    const auto first = narrate();
    const auto second = narrate();
    EXPECT_EQ(main->asked.size(), 1U);
    EXPECT_EQ(second.narrative.author, "llm");
    EXPECT_EQ(second.narrative.summary, first.narrative.summary);
    EXPECT_EQ(second.narrative.llm_session_id, "chatcmpl-1");
    EXPECT_TRUE(second.audit.empty()) << "no call, no entry";
}

TEST_F(NarratorTest, HashesWhatItShowsOnlyForTheCache) {
    for (const bool is_kept : {true, false}) {
        provider("main", {honest()});
        open({.cache = is_kept});
        EXPECT_EQ(hashes_of_a_question(), is_kept ? 1 : 0);
    }
}

TEST_F(NarratorTest, BelievesNoCachedLie) {
    const auto main = provider("main", {honest(), honest()});
    (void)narrate();
    ASSERT_EQ(cache.answers.size(), 1U);
    cache.answers.begin()->second = R"({"text":"{}","model":"m","session_id":"s"})";
    EXPECT_EQ(narrate().narrative.sentences.size(), 2U);
    EXPECT_EQ(main->asked.size(), 2U);
}

TEST_F(NarratorTest, CallsAgainWhenTheCacheIsOffOrBroken) {
    const auto off = provider("main", {honest(), honest()});
    open({.cache = false});
    (void)narrate();
    EXPECT_EQ(narrate().narrative.author, "llm");
    EXPECT_EQ(off->asked.size(), 2U);
    EXPECT_TRUE(cache.answers.empty());

    cache.broken = true;
    const auto broken = provider("main", {honest()});
    open();
    EXPECT_EQ(narrate().narrative.author, "llm");
    EXPECT_EQ(broken->asked.size(), 1U);
}

TEST_F(NarratorTest, LeavesAProviderWithoutMoneyAlone) {
    const auto poor = provider("poor", {fail(Errc::quota_exhausted, "credit is gone"), honest()});
    EXPECT_EQ(narrate().narrative.author, "template");
    EXPECT_EQ(narrate().narrative.author, "template");
    EXPECT_EQ(poor->asked.size(), 1U);
}

TEST_F(NarratorTest, SaysWhatItCost) {
    const auto main = provider("main", {answer_with(true_summary, {true_sentence, lie}), honest()});
    main->price = {.input = 2.5, .output = 10};
    const auto first = narrate();
    EXPECT_EQ(first.narrative.cost.calls, 2);
    EXPECT_EQ(first.narrative.cost.prompt_tokens, 1'800);
    EXPECT_EQ(first.narrative.cost.completion_tokens, 200);
    EXPECT_DOUBLE_EQ(first.narrative.cost.usd, (1'800 * 2.5 + 200 * 10) / 1e6);
    EXPECT_DOUBLE_EQ(recorded(first.audit[0])["usd"].get<double>(), (900 * 2.5 + 100 * 10) / 1e6);
    EXPECT_EQ(narrate().narrative.cost.calls, 0) << "the cache costs nothing";
}

TEST_F(NarratorTest, ShowsAModelWhatItsWindowHoldsAndNamesTheRest) {
    const auto small = provider("small", {honest()});
    small->window = 4'500;
    const auto narrative = narrate().narrative;
    ASSERT_EQ(small->asked.size(), 1U);
    const auto& asked = small->asked[0];
    EXPECT_LE(estimate_tokens(asked.messages[0].content) + estimate_tokens(asked.messages[1].content) +
                  estimate_tokens(asked.schema) + asked.max_tokens,
              small->window);
    EXPECT_FALSE(narrative.left_out.empty());
    EXPECT_LT(narrative.evidence.size(), sample_evidence().size());
}

} // namespace
} // namespace dossier::explain
