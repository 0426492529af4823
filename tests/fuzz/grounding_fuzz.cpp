// An LLM may answer anything: an answer is taken apart or refused with a reason, and no sentence stands whose evidence
// doesn't exist.

#include "fuzz.hpp"

#include "dossier/explain/grounding.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace dossier;
using fuzz::require;

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["summary", "summary_evidence", "sentences"],
  "properties": {
    "summary": {"type": "string"},
    "summary_evidence": {"type": "array", "items": {"type": "string"}},
    "sentences": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["text", "evidence"],
      "properties": {"text": {"type": "string"}, "evidence": {"type": "array", "items": {"type": "string"}}}}}}})";

auto sample() -> const EvidenceList& {
    static const auto list = [] {
        EvidenceList all;
        const auto add = [&](std::string kind, std::string statement, std::string value) {
            Evidence item;
            item.id = "E" + std::to_string(all.size() + 1);
            item.kind = std::move(kind);
            item.statement = std::move(statement);
            item.value = std::move(value);
            all.push_back(std::move(item));
        };
        add("owner", "The owner is Ana Ruiz <ana@acme.test> with confidence 90 %.", "Ana Ruiz");
        add("resource", "The resource is the S3 bucket acme-exports.", "arn:aws:s3:::acme-exports");
        add("data", "It holds about 1,200 records of personal data.", "PII");
        add("severity", "The severity is high.", "high");
        add("time", "It was first seen on 2026-03-04.", "2026-03-04T10:00:00Z");
        return all;
    }();
    return list;
}

void check_sentence(const Sentence& sentence) {
    if (explain::objection(sentence, sample())) return;
    require(!sentence.evidence.empty(), "what stands is supported");
    for (const auto& id : sentence.evidence)
        require(std::ranges::find(sample(), id, &Evidence::id) != sample().end(), "support exists");
    auto unsupported = sentence;
    unsupported.evidence.emplace_back("E99");
    require(explain::objection(unsupported, sample()).has_value(),
            "no sentence stands with support that doesn't exist");
    require(explain::objection({sentence.text, {}}, sample()).has_value(), "nor without any");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string text(fuzz::text_of(data, size));
    const auto answer = explain::parse_answer(text, schema);
    if (answer)
        for (const auto& sentence : answer->sentences) check_sentence(sentence);
    else
        require(!answer.error().message.empty(), "a refusal has a reason");

    check_sentence({text, {"E1", "E2", "E3", "E4", "E5"}});
    check_sentence({text, {"E4"}});
    // Whatever is written before a lie, the lie is not told.
    const std::vector<std::string> all{"E1", "E2", "E3", "E4", "E5"};
    for (const auto* lie : {"It holds about 987,654 records of health data.", "The owner is bob.lie@evil.example.",
                            "The account is 999988887777.", "The severity is informational."}) {
        require(explain::objection({text + " " + lie, all}, sample()).has_value(), "a lie is objected to");
    }
    return 0;
}
