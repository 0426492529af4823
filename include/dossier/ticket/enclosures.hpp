#pragma once
// What a ticket carries as files: the evidence for machines, the blast radius as a picture, and the whole text where
// the tracker's own field is too short for it. A file's name holds the hash of its content: the same file is attached
// once however often it is tried, and what has changed comes beside what was there.

#include "dossier/finding/dossier.hpp"
#include "dossier/store/records.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <vector>

namespace dossier::ticket {

/// Findings, evidence and the sentences that rest on it, as JSON. The narrative's own evidence list: redacted like it.
[[nodiscard]] auto evidence_file(const std::string& dossier_id, int revision, const std::vector<Finding>& findings,
                                 const Narrative& narrative) -> Attachment;
/// SVG, without scripts and links.
[[nodiscard]] auto picture_file(const BlastRadius& radius) -> Attachment;
/// Title and body of the draft as Markdown.
[[nodiscard]] auto text_file(const Draft& draft) -> Attachment;
/// Every member of a group as CSV (RFC 4180), one line each under a heading. A cell that a spreadsheet would take for a
/// formula is made text by an apostrophe: names come from outside.
[[nodiscard]] auto members_file(const std::vector<store::GroupMember>& members) -> Attachment;

} // namespace dossier::ticket
