#pragma once
// Takes a sentence apart into the checkable things it says: identifiers, citations, numbers, dates, names. The same
// extraction runs over the evidence, so both sides are normalised alike (1,204 = 1204, Article 32.1.a = Art. 32(1)(a),
// 20 November 2026 = 2026-11-20). Knows nothing of evidence; grounding compares.

#include "dossier/explain/compliance.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

struct NumberClaim {
    std::string text; ///< as written
    double value = 0;
    enum class Kind { exact, about, at_least, at_most, word, magnitude } kind = Kind::exact;
    std::string unit; ///< the word after it, lower case
};

/// 0 = not said.
struct DateClaim {
    int year = 0;
    int month = 0;
    int day = 0;
    int minute = -1; ///< of the day; -1 = no time is said
};

struct Claims {
    std::vector<std::string> evidence_ids; ///< named in the text: "[E3]"
    std::vector<std::string> pseudonyms;   ///< <EMAIL_1>
    std::vector<std::string> frameworks;   ///< canonical: "GDPR", "PCI DSS 4.0.1"
    std::vector<Citation> citations;
    std::vector<std::string> identifiers; ///< ARNs, hosts, bucket-like names, ids, regions
    std::vector<NumberClaim> numbers;
    std::vector<DateClaim> dates;
    std::vector<std::string> names; ///< capitalised words that are no common words; neighbours as one: "Alice Ngo"
};

[[nodiscard]] auto extract_claims(std::string_view text) -> Claims;

} // namespace dossier::explain
