#pragma once
// Evidence: the flat, closed list of statements that a narrative may cite. Built by code from an allow-list of kinds;
// nothing else counts as support, and nothing else is shown to an LLM.

#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct Evidence {
    std::string id;        ///< "E1"…
    std::string kind;      ///< one of `evidence_kinds`
    std::string statement; ///< one sentence in plain words
    std::string value;     ///< the bare fact in it (an ARN, a word, a number), "" if the statement is the fact
    std::string origin;    ///< where it came from: "wiz:issue.severity", "cmdb:file", "assessment"
};

using EvidenceList = std::vector<Evidence>;

/// Kinds in the order in which they are listed.
inline constexpr std::string_view evidence_kinds[] = {
    "finding", "severity",        "status",        "rule",        "resource",     "location",   "tag",
    "data",    "exposure",        "exposure_path", "time",        "policy",       "compliance", "fact",
    "owner",   "owner_candidate", "access",        "access_log",  "blast_radius", "business",   "gap",
    "risk",    "regulation",      "control",       "remediation", "tampering",
};

} // namespace dossier
