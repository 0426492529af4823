#pragma once
// The evidence list under construction: one statement after another, numbered, none twice.

#include "dossier/finding/evidence.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

class EvidenceItems {
public:
    /// @param statement becomes a sentence; text from outside in it has been through `clean_text`
    void add(std::string_view kind, const std::string& statement, std::string value, std::string origin);
    auto take() -> EvidenceList { return std::move(items_); }

private:
    EvidenceList items_;
    std::vector<std::size_t> hashes_; ///< of what each item says
};

// Bounds for text from outside, in bytes, and for lists of it.
inline constexpr std::size_t evidence_name_limit = 300;
inline constexpr std::size_t evidence_text_limit = 800;
inline constexpr std::size_t evidence_list_limit = 20;

} // namespace dossier::explain
