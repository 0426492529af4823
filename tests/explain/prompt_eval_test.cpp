// A prompt is judged by what the service itself holds answers to, and a case that can't be read says why.
#include "dossier/explain/prompt_eval.hpp"

#include "dossier/base/ids.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace dossier::explain {
namespace {

class CaseDirectory {
public:
    CaseDirectory() : path_(std::filesystem::temp_directory_path() / ("dossier-eval-" + random_hex(6))) {
        std::filesystem::create_directories(path_);
    }
    ~CaseDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    CaseDirectory(const CaseDirectory&) = delete;
    auto operator=(const CaseDirectory&) -> CaseDirectory& = delete;
    void write(const std::string& name, const std::string& content) const { std::ofstream(path_ / name) << content; }
    [[nodiscard]] auto path() const -> std::string { return path_.string(); }

private:
    std::filesystem::path path_;
};

auto shipped_prompt(const std::string& version) -> Prompt {
    return *PromptCatalogue::load(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts")->find("narrative", version);
}

auto small_case() -> EvalCase {
    return {.name = "small",
            .evidence = {{"E1", "severity", "The severity is high.", "high", "wiz:severity"},
                         {"E2", "resource", "The resource is named ledger-db.", "ledger-db", "wiz:resource.name"}},
            .mentions = {"ledger-db"},
            .never = {"no action"},
            .covers = {"severity", "resource"},
            .most_words = 20};
}

auto answer_of(const std::string& text) -> RecordedAnswer {
    return {.prompt_hash = shipped_prompt("1.0.0").ref.hash, .text = text, .completion_tokens = 40, .usd = 0.002};
}

TEST(PromptEval, ScoresAnAnswerByWhatTheServiceChecks) {
    struct Row {
        const char* name;
        const char* answer;
        double schema, grounding, citation, coverage, length;
        std::size_t complaints;
    };
    const Row rows[] = {
        {"good",
         R"({"summary":"The severity is high.","summary_evidence":["E1"],"sentences":[{"text":"The resource is named ledger-db.","evidence":["E2"]}]})",
         1, 1, 1, 1, 1, 0},
        {"no JSON", "It is fine.", 0, 0, 0, 0, 0, 1},
        {"a lie",
         R"({"summary":"The severity is high.","summary_evidence":["E1"],"sentences":[{"text":"The resource ledger-db is encrypted.","evidence":["E2"]}]})",
         1, 0.5, 1, 0.5, 1, 3},
        {"no citation",
         R"({"summary":"The severity is high.","summary_evidence":["E1"],"sentences":[{"text":"The resource is named ledger-db.","evidence":["E9"]}]})",
         1, 0.5, 0.5, 0.5, 1, 3},
        {"too long",
         R"({"summary":"The severity is high.","summary_evidence":["E1"],"sentences":[{"text":"The resource is named ledger-db and so on and on and on and on and on and on and on.","evidence":["E2"]}]})",
         1, 1, 1, 1, 0, 1},
    };
    const auto redactor = *redact::Redactor::make({});
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto score = score_answer(small_case(), shipped_prompt("1.0.0"), answer_of(row.answer), *redactor);
        EXPECT_DOUBLE_EQ(score.schema, row.schema);
        EXPECT_DOUBLE_EQ(score.grounding, row.grounding);
        EXPECT_DOUBLE_EQ(score.citation, row.citation);
        EXPECT_DOUBLE_EQ(score.coverage, row.coverage);
        EXPECT_DOUBLE_EQ(score.length, row.length);
        EXPECT_EQ(score.complaints.size(), row.complaints) << ::testing::PrintToString(score.complaints);
        EXPECT_FALSE(score.is_stale);
    }
    EXPECT_TRUE(score_answer(small_case(), shipped_prompt("1.1.0"), answer_of(rows[0].answer), *redactor).is_stale);
}

TEST(PromptEval, RefusesCasesThatItCantUnderstand) {
    struct Row {
        const char* content;
        const char* complaint;
    };
    const Row rows[] = {
        {"[]", "is no JSON object"},
        {R"({"expect":{}})", "has no list of evidence"},
        {R"({"evidence":[{"id":"E1","kind":"severity","statement":"s"}]})", "has no `expect`"},
        {R"({"evidence":[{"id":"E1","kind":"colour","statement":"s"}],"expect":{}})", "no kind of evidence colour"},
        {R"({"evidence":[{"id":"E1","kind":"severity"}],"expect":{}})", "lacks id or statement"},
        {R"({"evidence":[{"id":"E1","kind":"severity","statement":"s"},{"id":"E1","kind":"severity","statement":"s"}],"expect":{}})",
         "E1 twice"},
        {R"({"evidence":[{"id":"E1","kind":"severity","statement":"s"}],"expect":{"mention":["x"]}})",
         "unknown key expect.mention"},
        {R"({"evidence":[7],"expect":{}})", "is no object"},
        {R"({"evidence":[{"id":"E1","kind":"severity","statement":"s"}],"expect":{},"extra":1})", "unknown key extra"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.content);
        const CaseDirectory directory;
        directory.write("one.json", row.content);
        const auto cases = load_cases(directory.path());
        ASSERT_FALSE(cases);
        EXPECT_TRUE(cases.error().message.contains(row.complaint)) << cases.error().message;
    }
    const CaseDirectory empty;
    EXPECT_EQ(load_cases(empty.path()).error().code, Errc::not_found);
    EXPECT_EQ(load_cases(empty.path() + "/gone").error().code, Errc::not_found);
}

TEST(PromptEval, AnAnswerThatWasKeptComesBackWhole) {
    const CaseDirectory directory;
    const auto prompt = shipped_prompt("1.1.0");
    EXPECT_FALSE(load_answer(directory.path(), small_case(), prompt)->has_value());
    const RecordedAnswer kept{.prompt_hash = prompt.ref.hash,
                              .provider = "main",
                              .model = "m",
                              .text = "{\"a\":\"\u00e4\"}",
                              .prompt_tokens = 12,
                              .completion_tokens = 3,
                              .usd = 0.25,
                              .seconds = 1.5};
    ASSERT_TRUE(save_answer(directory.path(), small_case(), prompt, kept));
    const auto back = **load_answer(directory.path(), small_case(), prompt);
    EXPECT_EQ(std::tuple(back.prompt_hash, back.provider, back.model, back.text),
              std::tuple(kept.prompt_hash, kept.provider, kept.model, kept.text));
    EXPECT_EQ(std::tuple(back.prompt_tokens, back.completion_tokens, back.usd, back.seconds),
              std::tuple(kept.prompt_tokens, kept.completion_tokens, kept.usd, kept.seconds));
    EXPECT_FALSE(load_answer(directory.path(), small_case(), shipped_prompt("1.0.0"))->has_value()) << "each version";
}

TEST(PromptEval, OurCasesHaveAnswersOfBothVersions) {
    const auto directory = std::string(DOSSIER_SOURCE_DIR) + "/config/eval";
    const auto cases = load_cases(directory);
    ASSERT_TRUE(cases) << cases.error().message;
    EXPECT_GE(cases->size(), 12U);
    for (const auto& one : *cases) {
        for (const char* version : {"1.0.0", "1.1.0"}) {
            SCOPED_TRACE(one.name + " " + version);
            const auto prompt = shipped_prompt(version);
            const auto answer = load_answer(directory, one, prompt);
            ASSERT_TRUE(answer && answer->has_value());
            EXPECT_EQ((*answer)->prompt_hash, prompt.ref.hash) << "recorded for another text";
        }
    }
}

} // namespace
} // namespace dossier::explain
