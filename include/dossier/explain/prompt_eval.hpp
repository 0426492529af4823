#pragma once
// Prompt versions side by side over cases: each case is a closed list of evidence (as `dossier explain --format json`
// shows it in `narrative.evidence`) with what is expected of a text about it. Answers come from records that were kept
// beside the cases, so that two versions can be compared offline and again; or from a provider, to make such records.
// What is scored is what the service itself holds answers to: the schema, the citations, the grounding check.

#include "dossier/base/error.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/redact/redactor.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

/// One JSON file of the directory.
struct EvalCase {
    std::string name; ///< of its file, without .json
    std::string about;
    EvidenceList evidence;
    std::vector<std::string> mentions; ///< text that must stand in the answer
    std::vector<std::string> never;    ///< text that must not stand in it
    std::vector<std::string> covers;   ///< kinds of evidence of which at least one item is to be cited
    std::size_t most_words = 260;
};

/// What a model answered: answers/<case>.<prompt id>-<version>.json beside the cases.
struct RecordedAnswer {
    std::string prompt_hash; ///< of the version that was asked; another one makes the record stale
    std::string provider;
    std::string model;
    std::string text;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    double usd = 0;
    double seconds = 0;
};

/// One answer held against its case. Scores from 0 to 1.
struct EvalScore {
    std::string case_name;
    std::string version;
    std::string missing; ///< why there is nothing to score; "" where there is
    bool is_stale = false;
    double schema = 0;    ///< 1: follows it
    double grounding = 0; ///< kept ÷ all, the summary counted as one
    double citation = 0;  ///< sentences that cite existing items only, and at least one ÷ all
    double coverage = 0;  ///< kinds of `covers` cited by what was kept ÷ all of them
    double length = 0;    ///< 1: not over the case's most words
    std::size_t words = 0;
    std::vector<std::string> complaints; ///< what was removed and why, what is missing or must not be there
    RecordedAnswer answer;
};

/// The cases of a directory, by name; an error names the file.
[[nodiscard]] auto load_cases(const std::string& directory) -> Result<std::vector<EvalCase>>;
[[nodiscard]] auto load_answer(const std::string& directory, const EvalCase& one, const Prompt& prompt)
    -> Result<std::optional<RecordedAnswer>>;
auto save_answer(const std::string& directory, const EvalCase& one, const Prompt& prompt, const RecordedAnswer& answer)
    -> Result<void>;

/// Asks once, as the service does; no repair, since it is the prompt that is judged.
auto ask_for_case(LlmProvider& provider, const redact::Redactor& redactor, EvalCase one, Prompt prompt,
                  Deadline deadline) -> Task<Result<RecordedAnswer>>;
[[nodiscard]] auto score_answer(const EvalCase& one, const Prompt& prompt, RecordedAnswer answer,
                                const redact::Redactor& redactor) -> EvalScore;

/// Means over the cases of one version that have an answer.
struct EvalSummary {
    std::string version;
    std::size_t cases = 0;
    std::size_t missing = 0;
    std::size_t stale = 0;
    double schema = 0;
    double grounding = 0;
    double citation = 0;
    double coverage = 0;
    double length = 0;
    double words = 0;
    double flawless = 0; ///< share of the cases without a complaint
    double prompt_tokens = 0;
    double completion_tokens = 0;
    double usd = 0; ///< a case
    double seconds = 0;
};
[[nodiscard]] auto summarise(const std::string& version, const std::vector<EvalScore>& scores) -> EvalSummary;

} // namespace dossier::explain
