#pragma once
// How people write laws, standards and their numbers: finds the names and the numbers in a text and brings the numbers
// into one notation. Which number belongs to which framework, and whether it exists, is decided in compliance.cpp.

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

enum class Law { gdpr, dora, hipaa, ccpa, pci, soc2, nist, csf, iso, cis, other };

/// A framework as named.
struct NamedLaw {
    Law law = Law::other;
    std::string framework; ///< canonical
    std::string outdated;  ///< why its numbers aren't ours: "PCI DSS 3.2.1 is retired"
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A requirement number as written, with the frameworks that number like this; the first is meant where none is named.
struct NumberedLaw {
    std::string id;
    std::vector<Law> homes;
    bool needs_name = false; ///< means something only where its framework is named: "ia-12.3"
    std::size_t begin = 0;
    std::size_t end = 0;
};

[[nodiscard]] auto named_laws(std::string_view text) -> std::vector<NamedLaw>;
/// @param names what named_laws() found; a number inside a name is none
[[nodiscard]] auto numbered_laws(std::string_view text, const std::vector<NamedLaw>& names) -> std::vector<NumberedLaw>;

} // namespace dossier::explain
