#pragma once
// What is known of laws and standards without looking at a finding: which requirement numbers exist (closed lists in
// config/compliance/ids, built in, since they are facts), how people write them, which frameworks a class of data
// brings in, and which controls protect health data. Numbers only; no text of the standards.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// One requirement as some text names it.
struct Citation {
    std::string framework; ///< as in RegulationRef: "GDPR", "NIST 800-53 r5", "CIS AWS Foundations 3.0.0"
    std::string id;        ///< in one notation: "Art. 32(1)(a)", "AC-3(7)", "45 CFR 164.312(a)(1)", "CC6.1"
    std::string problem;   ///< "" = it exists; else why not: "withdrawn, see AC-6", "no such article"
    std::size_t begin = 0; ///< bytes of the text that it takes, with a framework named right beside it
    std::size_t end = 0;
    [[nodiscard]] auto exists() const -> bool { return problem.empty(); }
};

/// A framework that a text names, with or without a requirement.
struct FrameworkMention {
    std::string framework; ///< canonical; "CIS AWS Foundations" with no version said, "HITRUST" for one without a list
    std::size_t begin = 0;
    std::size_t end = 0;
};

struct CitedLaw {
    std::vector<Citation> citations;
    std::vector<FrameworkMention> frameworks;
};

/// Everything that a text cites, in many notations: "Art. 32 lit. a GDPR", "45 C.F.R. § 164.312(a)(1)", "AC-03(01)",
/// "AC-3 enhancement 1", "Articles 5, 25 and 32". A number that belongs to no framework is left alone.
[[nodiscard]] auto law_in(std::string_view text) -> CitedLaw;

/// The first citation of a text in one notation; `not_found` where it holds none.
[[nodiscard]] auto normalise_citation(std::string_view text) -> Result<Citation>;

/// Whether a framework has this requirement (canonical notation), not withdrawn. A paragraph whose points are listed
/// counts too. False for frameworks without a list.
[[nodiscard]] auto is_known_citation(std::string_view framework, std::string_view id) -> bool;

/// Whether there is a closed list for the framework.
[[nodiscard]] auto has_closed_list(std::string_view framework) -> bool;

/// The laws and standards on data that a class of data brings in, wherever the data lies: phi → HIPAA, GDPR, CCPA.
/// @param data_class pii | phi | pci | financial | secrets | customer, or a finer word (government_id, children, …);
///        nothing for a word that says nothing
[[nodiscard]] auto frameworks_touched_by(std::string_view data_class) -> std::vector<std::string>;

/// A requirement on health data with the NIST 800-53 r5 controls that NIST SP 800-66r2 maps to it.
struct HealthDataControl {
    std::string standard;              ///< "45 CFR 164.312(a)(1)"
    std::string title;                 ///< in our own words
    std::vector<std::string> controls; ///< "AC-3"; none withdrawn
};

/// What an asset with health data has to meet.
/// @param is_reached_by_api it serves the data over a network interface: transmission and entity authentication count
[[nodiscard]] auto health_data_controls(bool is_reached_by_api) -> std::vector<HealthDataControl>;

} // namespace dossier::explain
