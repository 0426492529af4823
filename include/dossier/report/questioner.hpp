#pragma once
// Answers a question in plain language over stored findings (`POST /v1/ask`). An LLM, where there is one, only turns
// the question into a FindingQuery; it sees the redacted question and no finding. What it gives back is validated, held
// against what rules read from the same words, and run by code; the answer's text is written by code from the rows, so
// nothing that stands in a finding can steer it, and every sentence names the findings it rests on. Without an LLM the
// rules alone do it.

#include "dossier/explain/llm_gateway.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/report/finding_query.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::report {

inline constexpr std::size_t question_limit = 500; ///< bytes

struct AnswerSentence {
    std::string text;
    std::vector<std::string> findings; ///< ids; empty only where nothing matched
};

struct FindingGroup {
    std::string key;
    std::size_t count = 0;
    double worst_risk = 0;
    std::vector<std::string> findings; ///< ids of the first ones in the query's order
};

struct QuestionAnswer {
    bool is_answerable = false; ///< false: no query came of it; `sentences` say what can be asked
    FindingQuery query;
    std::string query_author; ///< llm | rules
    std::string provider;     ///< of the LLM, where it was the author
    std::string model;
    PromptRef prompt;
    std::string llm_session_id;
    std::size_t matched = 0;
    std::size_t looked_at = 0;
    bool is_truncated = false; ///< there is more than was looked at; counts are then "at least"
    std::vector<store::FindingFacts> rows;
    std::vector<FindingGroup> groups;
    std::vector<AnswerSentence> sentences;
    std::vector<std::string> notes;
    LlmCost cost;
    std::string redacted_question;        ///< what may be kept
    std::vector<store::AuditEntry> audit; ///< of the LLM calls
};

/// Bounds of one scan. Newer findings are looked at first.
struct ScanLimits {
    std::size_t findings = 500'000;
    std::chrono::milliseconds time{10'000};
    std::size_t page = 2'000;
};

class Questioner {
public:
    /// @param sources configured names. All references outlive the questioner.
    Questioner(explain::LlmGateway& gateway, std::shared_ptr<const explain::PromptCatalogue> prompts,
               std::shared_ptr<const redact::Redactor> redactor, store::QueryStore& store, const Clock& clock,
               std::vector<std::string> sources, ScanLimits limits = {});
    /// Errors: `invalid_argument` for an empty or overlong question, those of the store.
    auto ask(std::string question, std::string traceparent, Deadline deadline) -> Task<Result<QuestionAnswer>>;

private:
    auto translate(std::string question, std::string traceparent, Deadline deadline) -> Task<QuestionAnswer>;
    auto run(QuestionAnswer answer, Deadline deadline) -> Task<Result<QuestionAnswer>>;

    explain::LlmGateway& gateway_;
    std::shared_ptr<const explain::PromptCatalogue> prompts_;
    std::shared_ptr<const redact::Redactor> redactor_;
    store::QueryStore& store_;
    const Clock& clock_;
    std::vector<std::string> sources_;
    ScanLimits limits_;
};

} // namespace dossier::report
