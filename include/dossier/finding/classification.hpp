#pragma once
// What a store holds, as far as its names, types and masked samples tell: made by the classifier (explain room),
// corrected by people, kept with the dossier. Field classes are fine words (EMAIL, CARD_NUMBER …); labels are those of
// tags (PHI, PCI, Secrets, PII, Financial).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// What asking LLMs cost, over all calls for one result.
struct LlmCost {
    int calls = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    double usd = 0; ///< by the configured prices
};

struct ClassifiedField {
    std::string container;
    std::string name;
    std::vector<std::string> classes;    ///< fine words; empty = nothing that needs care
    std::vector<std::string> labels;     ///< what they mean here: a birth date beside a patient is PHI
    std::vector<std::string> frameworks; ///< laws and standards that the labels bring in
    double confidence = 0;               ///< 0…1, of the classes as they stand
    std::string why;
    std::string by = "rules"; ///< rules | llm:<provider> | correction
    bool is_open = false;     ///< the rules leave it open: their word is a guess
};

struct ClassifiedDocument {
    std::string name;
    std::vector<std::string> classes;
    std::vector<std::string> labels;
    double confidence = 0;
    std::string why;
};

/// What the result says of one tag that a platform or owner has put on the store.
struct TagVerdict {
    std::string tag;
    std::string verdict; ///< confirmed | contradicted | added_to
    std::string why;
};

/// A person's word on a store as a whole. It stands before what fields and documents say.
struct StoreCorrection {
    std::optional<std::vector<std::string>> labels; ///< in the person's words; absent = as found, as all members
    std::optional<std::string> domain;
    std::optional<std::vector<std::string>> frameworks;
    std::string why; ///< who said so and when
    friend auto operator==(const StoreCorrection&, const StoreCorrection&) -> bool = default;
};

struct StoreClassification {
    std::string sensitivity; ///< public | internal | confidential | restricted
    std::string primary;     ///< the most sensitive label; "" = none
    std::vector<std::string> labels;
    std::vector<std::string> classes; ///< fine words of all fields and documents
    std::string domain;               ///< of the configured taxonomy
    std::vector<std::string> frameworks;
    double confidence = 0;
    bool is_test_data = false;
    std::vector<std::string> test_signs;
    std::string business_context; ///< a phrase of words that the evidence carries; "" = it carries none
    std::vector<ClassifiedField> fields;
    std::vector<ClassifiedDocument> documents;
    std::vector<TagVerdict> platform_tags;
    std::vector<std::string> needs_person; ///< why a person must look, in words; empty = nobody must
    std::string steward;                   ///< who, where one must
    std::vector<std::string> notes;        ///< who answered, what was refused
    std::optional<StoreCorrection> correction;
    LlmCost cost;
    std::string asking_id; ///< of the calls that cost it: revisions that take the result over have the same
};

} // namespace dossier
