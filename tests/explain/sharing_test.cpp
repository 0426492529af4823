// Like findings share one text; each has its own facts in it, and what doesn't hold for it is gone.
#include "support/run_task.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/narrator.hpp"
#include "sample_evidence.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <future>

namespace dossier::explain {
namespace {

class StillClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override {
        return Timestamp(std::chrono::milliseconds(1'795'000'000'000));
    }
};

/// Answers from the evidence that it is shown; `extra` are further sentences, each citing the items of one field.
class EchoingProvider final : public LlmProvider {
public:
    struct Script {
        int calls = 0;
        bool refuses = false;
        bool says_particulars_only = false;
        std::vector<std::pair<std::string, std::string>> extra; ///< text, field
    };
    explicit EchoingProvider(std::shared_ptr<Script> script) : script_(std::move(script)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto model() const -> const std::string& override { return name_; }
    auto complete(LlmRequest request, Deadline) -> Task<Result<LlmAnswer>> override {
        const auto number = ++script_->calls;
        co_await sleep_for(std::chrono::milliseconds(20)); // so that others come meanwhile
        if (script_->refuses) co_return fail(Errc::rejected, "refused");
        Json answer{{"sentences", Json::array()}};
        const auto add = [&](const std::string& text, const std::string& id) {
            answer["sentences"].push_back({{"text", text}, {"evidence", {id}}});
        };
        for (const auto line : split(request.messages.at(1).content, '\n')) {
            const auto item = parse_json(std::string(line));
            if (!item || !item->is_object()) continue;
            const auto origin = text_at(*item, "origin");
            const auto id = text_at(*item, "id");
            for (const auto& [text, field] : script_->extra)
                if (origin.ends_with(field)) add(text, id);
            if (script_->says_particulars_only) continue;
            if (origin.ends_with(":resource.name") || origin.ends_with(":owner") || origin.ends_with(":severity"))
                add(text_at(*item, "statement"), id);
            if (origin.ends_with(":resource.name")) {
                answer["summary"] = text_at(*item, "statement");
                answer["summary_evidence"] = {id};
            }
        }
        if (!answer.contains("summary")) {
            answer["summary"] = answer["sentences"].at(0)["text"];
            answer["summary_evidence"] = answer["sentences"].at(0)["evidence"];
        }
        co_return LlmAnswer{.text = dump_json(answer),
                            .model = "echo-1",
                            .session_id = "session-" + std::to_string(number),
                            .prompt_tokens = 100,
                            .completion_tokens = 10};
    }

private:
    std::string name_ = "echo";
    std::shared_ptr<Script> script_;
};

auto plain_row(const store::AuditEntry& entry, std::int64_t seq, const std::string&) -> store::AuditRow {
    return {.seq = seq, .action = entry.action, .record = "{}", .hash = std::to_string(seq)};
}

class SharingTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "dossier-sharing-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        store = *store::open_store({.url = "sqlite:" + (directory_ / "d.db").string()}, plain_row);
        open(true);
    }
    void TearDown() override {
        store.reset();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    void open(bool shares, std::size_t from = 0) {
        std::vector<std::unique_ptr<LlmProvider>> providers;
        providers.push_back(std::make_unique<EchoingProvider>(script));
        gateway_ = std::make_unique<LlmGateway>(std::move(providers), LlmConfig{}, store.get(), clock, metrics);
        narrator_ = std::make_unique<Narrator>(
            *gateway_, std::make_shared<PromptCatalogue>(*PromptCatalogue::load("")),
            std::shared_ptr<const redact::Redactor>(*redact::Redactor::make({})), metrics,
            shares ? std::optional(Sharing{.store = *store, .clock = clock, .from = from}) : std::nullopt);
    }
    /// The number-th like finding: another bucket of another owner.
    static auto input(int number) -> NarrationInput {
        auto finding = testing::sample_finding();
        finding.id = "fnd_" + std::to_string(number);
        finding.resource.name = bucket(number);
        finding.resource.id = "arn:aws:s3:::" + bucket(number);
        finding.data.volume = 1'000 + number;
        auto context = testing::sample_context();
        context.owner.name = owner(number);
        context.owner.email = "owner-" + std::to_string(number) + "@acme.test";
        auto assessment = testing::sample_assessment();
        assessment.remediation.clear();
        assessment.reach.clear();
        return {.dossier_id = "dos_" + std::to_string(number), .findings = {finding}, .evidence = [=] {
                    return build_evidence({finding}, context, assessment);
                }};
    }
    static auto bucket(int number) -> std::string { return "bucket-" + std::to_string(number); }
    static auto owner(int number) -> std::string {
        static constexpr const char* names[] = {"Ana", "Bea", "Cleo", "Dora", "Eva", "Flo", "Gina", "Hedda"};
        return std::string(names[number % 8]) + " " + names[number / 8 % 8] + "son";
    }
    auto narrate_all(const std::vector<int>& numbers) -> std::vector<Narration> {
        asio::io_context context;
        std::vector<std::future<Narration>> results;
        for (const auto number : numbers)
            results.push_back(dossier::test::start_task(
                context, narrator_->narrate(input(number), deadline_in(std::chrono::seconds{60}))));
        context.run();
        std::vector<Narration> narrations;
        for (auto& result : results) narrations.push_back(result.get());
        return narrations;
    }
    auto narrate(int number) -> Narration { return std::move(narrate_all({number}).front()); }
    static auto says(const Narrative& narrative, const std::string& text) -> bool {
        return std::ranges::any_of(narrative.sentences, [&](const auto& one) { return one.text.contains(text); });
    }

    std::shared_ptr<EchoingProvider::Script> script = std::make_shared<EchoingProvider::Script>();
    Metrics metrics;
    StillClock clock;
    std::unique_ptr<store::Store> store;

private:
    std::filesystem::path directory_;
    std::unique_ptr<LlmGateway> gateway_;
    std::unique_ptr<Narrator> narrator_;
};

TEST_F(SharingTest, AHundredLikeFindingsAtOnceMakeOneCall) {
    std::vector<int> numbers(100);
    for (int i = 0; i < 100; ++i) numbers[static_cast<std::size_t>(i)] = i;
    const auto narrations = narrate_all(numbers);
    EXPECT_EQ(script->calls, 1);
    int own = 0;
    for (int i = 0; i < 100; ++i) {
        SCOPED_TRACE(i);
        const auto& [narrative, audit, no_place] = narrations[static_cast<std::size_t>(i)];
        EXPECT_EQ(narrative.author, "llm");
        EXPECT_EQ(narrative.provider, "echo");
        EXPECT_EQ(narrative.model, "echo-1");
        EXPECT_EQ(narrative.llm_session_id, "session-1");
        EXPECT_EQ(narrative.prompt.hash.size(), 64U);
        EXPECT_TRUE(says(narrative, bucket(i))) << narrative.sentences.at(0).text;
        EXPECT_TRUE(narrative.summary.contains(bucket(i)));
        EXPECT_TRUE(narrative.removed.empty());
        ASSERT_EQ(audit.size(), 1U);
        if (narrative.shared_from.empty()) {
            ++own;
            EXPECT_EQ(narrative.cost.calls, 1);
            EXPECT_EQ(audit[0].action, "llm.called");
        } else {
            EXPECT_EQ(narrative.shared_from, "dos_0") << "the first to come";
            EXPECT_EQ(narrative.cost.calls, 0);
            ASSERT_EQ(narrative.notes.size(), 1U);
            EXPECT_TRUE(narrative.notes[0].contains("dos_0")) << narrative.notes[0];
            EXPECT_EQ(audit[0].action, "narrative.shared");
        }
    }
    EXPECT_EQ(own, 1);
    EXPECT_TRUE(metrics.render().contains("dossier_narratives_shared_total 99"));
}

TEST_F(SharingTest, IsKeptOverARestartAndHeldAgainstTheEvidenceOfEach) {
    script->extra = {{"<PERSON_1> may be asked first.", ":owner"}, // whoever that is: names stay here
                     {"More than 900 records are concerned.", ":data.volume"}};
    const auto first = narrate(0);
    EXPECT_TRUE(says(first.narrative, "<PERSON_1> may be asked first."));
    EXPECT_TRUE(says(first.narrative, "More than 900"));
    open(true);
    const auto second = narrate(4'001).narrative;
    EXPECT_EQ(script->calls, 1);
    EXPECT_EQ(second.shared_from, "dos_0");
    EXPECT_TRUE(says(second, bucket(4'001)));
    EXPECT_TRUE(says(second, "<PERSON_1> may be asked first.")) << "the owner of each, by the same pseudonym";
    EXPECT_FALSE(says(second, "Ana"));
    ASSERT_EQ(second.removed.size(), 1U);
    EXPECT_EQ(second.removed[0].text, "More than 900 records are concerned.") << "of this one five thousand are";
    EXPECT_LT(second.grounding_score, 1);
}

TEST_F(SharingTest, ATextOfItsOwnWhereTooLittleOfTheSharedOneStands) {
    script->says_particulars_only = true;
    script->extra = {{"More than 900 records are concerned.", ":data.volume"},
                     {"At least 900 records are in it.", ":data.volume"}};
    (void)narrate(0);
    script->says_particulars_only = false;
    script->extra.clear();
    const auto second = narrate(4'001).narrative;
    EXPECT_EQ(script->calls, 2);
    EXPECT_EQ(second.shared_from, "");
    EXPECT_TRUE(says(second, bucket(4'001)));
}

TEST_F(SharingTest, WhereNobodyWroteATextEachAsksForItself) {
    script->refuses = true;
    for (const auto& [narrative, audit, no_place] : narrate_all({0, 1, 2})) {
        EXPECT_EQ(narrative.author, "template");
        EXPECT_EQ(narrative.notes.size(), 2U);
        EXPECT_EQ(audit.size(), 1U);
    }
    EXPECT_EQ(script->calls, 3);
    script->refuses = false;
    EXPECT_EQ(narrate(3).narrative.author, "llm");
}

TEST_F(SharingTest, WhoeverAsksAgainForTheFirstGetsItsOwnText) {
    (void)narrate(0);
    const auto again = narrate(0).narrative;
    EXPECT_EQ(again.shared_from, "");
    EXPECT_EQ(script->calls, 1) << "from the cache of exact answers";
}

TEST_F(SharingTest, ATextThatCannotBeKeptServesThoseWhoWaitForIt) {
    store->close(); // as a full disk: nothing is read or written any more
    for (const auto& [narrative, audit, no_place] : narrate_all({0, 1, 2, 3, 4, 5})) EXPECT_EQ(narrative.author, "llm");
    EXPECT_EQ(script->calls, 1);
    EXPECT_EQ(narrate(6).narrative.author, "llm");
    EXPECT_EQ(script->calls, 2) << "whoever comes later has to ask";
}

TEST_F(SharingTest, AStormSharesWhatFewFindingsDoNot) {
    open(true, 5);
    for (const auto& [narrative, audit, no_place] : narrate_all({0, 1, 2, 3, 4})) EXPECT_EQ(narrative.shared_from, "");
    EXPECT_EQ(script->calls, 5) << "five at once are no storm";
    for (int number = 5; number < 9; ++number) EXPECT_EQ(narrate(number).narrative.shared_from, "");
    EXPECT_EQ(script->calls, 9) << "nor are any number of them one after the other";
    std::vector<int> storm;
    for (int number = 9; number < 59; ++number) storm.push_back(number);
    int shared = 0;
    for (const auto& [narrative, audit, no_place] : narrate_all(storm)) {
        EXPECT_EQ(narrative.author, "llm");
        shared += narrative.shared_from.empty() ? 0 : 1;
    }
    EXPECT_EQ(script->calls, 9 + 5 + 1) << "five, and one for all others";
    EXPECT_EQ(shared, 44);
}

TEST_F(SharingTest, IsOffUnlessAskedFor) {
    open(false);
    for (const auto& [narrative, audit, no_place] : narrate_all({0, 1})) EXPECT_EQ(narrative.shared_from, "");
    EXPECT_EQ(script->calls, 2);
}

} // namespace
} // namespace dossier::explain
