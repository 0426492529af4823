// An LLM may answer anything: an answer is taken apart or refused with a reason, and no sentence stands whose evidence
// doesn't exist.

#include "dossier/explain/grounding.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

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

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string text{reinterpret_cast<const char*>(data), size};
    if (const auto answer = explain::parse_answer(text, schema)) {
        for (const auto& sentence : answer->sentences) (void)explain::objection(sentence, sample());
    } else if (answer.error().message.empty()) {
        std::abort();
    }
    (void)explain::objection({text, {"E1", "E2", "E3", "E4", "E5"}}, sample());
    if (!explain::objection({text, {"E99"}}, sample())) std::abort();
    return 0;
}
