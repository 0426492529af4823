#pragma once
// What a ticket carries as files: the evidence for machines, the blast radius as a picture, and the whole text where
// the tracker's own field is too short for it. A file's name holds the hash of its content: the same file is attached
// once however often it is tried, and what has changed comes beside what was there.

#include "dossier/finding/dossier.hpp"
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

} // namespace dossier::ticket
