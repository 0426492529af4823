#pragma once
// What config/classification teaches: how names are written, which names mean which class, what classes mean for a
// store, which words speak for a domain, a document kind or test data, and what the platforms' detectors are called.

#include "dossier/base/error.hpp"
#include "embedded.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

using Words = std::vector<std::string>;

struct FieldRule {
    std::string field_class; ///< NONE = says that it is none of the others
    double confidence = 0;
    std::vector<Words> names;
    std::set<std::string> in; ///< kinds of table or parent; empty = anywhere
    std::set<std::string> not_in;
    bool is_whole = false;   ///< the name has no other word
    bool asks_table = false; ///< the table's kind counts where no parent names one
};

struct ClassMeaning {
    std::string data; ///< word of config/compliance: pii, phi, pci …; "none"
    std::string sensitivity;
};

struct LabelMeaning {
    std::string label;
    std::set<std::string> data;
};

struct DomainWords {
    std::string name;
    std::string label;
    std::set<std::string> words;
    std::set<std::string> classes;
};

struct DocumentRule {
    std::string document_class;
    std::vector<Words> names;
    std::size_t least = 1;
    Words text;
};

struct DocumentContext {
    std::set<std::string> where;
    std::set<std::string> names;
    Words classes;
    std::string say;
};

struct ClassificationKnowledge {
    std::map<std::string, Words, std::less<>> expand;
    std::set<std::string, std::less<>> filler;
    std::set<std::string, std::less<>> neutral_last;
    std::set<std::string, std::less<>> neutral_first;
    std::map<std::string, std::set<std::string>, std::less<>> kinds; ///< kind → words
    std::vector<FieldRule> rules;
    std::map<std::string, ClassMeaning, std::less<>> classes;
    std::vector<LabelMeaning> labels; ///< the most sensitive first
    std::vector<DomainWords> domains;
    std::vector<Words> test_strong;
    std::set<std::string, std::less<>> test_weak;
    std::set<std::string, std::less<>> test_against;
    std::vector<DocumentRule> documents;
    std::vector<DocumentContext> document_contexts;
    Words purposes;
    std::map<std::string, std::string, std::less<>> regions;
    std::map<std::string, std::set<std::string>, std::less<>> detectors; ///< folded id → classes
    std::set<std::string, std::less<>> vocabulary;                       ///< every word that any of this knows

    /// @return `malformed` with file and line of the first mistake
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<ClassificationKnowledge>;
    /// Detector ids without case and punctuation: "Credit Card Number", CREDIT_CARD_NUMBER.
    [[nodiscard]] static auto folded(std::string_view id) -> std::string;
    /// The label of a data class; "" for `none` and unknown words.
    [[nodiscard]] auto label_of(std::string_view data) const -> std::string;
};

} // namespace dossier::explain
