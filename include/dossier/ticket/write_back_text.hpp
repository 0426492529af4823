#pragma once
// The comment that a platform's users read on their finding: what was approved, in its own first words, who has it,
// where the work goes on, and who wrote the text.

#include "dossier/finding/dossier.hpp"

#include <string>

namespace dossier::ticket {

/// "AI-Generated Guidance: written by openai / gpt-4o, prompt narrative 1.0.0, grounding score 0.93".
[[nodiscard]] auto author_line(const Narrative& narrative) -> std::string;

/// Plain text, at most 2,500 bytes.
/// @param earlier the draft that was approved before, whose differences are told; nullptr = this is the first
[[nodiscard]] auto write_back_comment(const Draft& draft, const Draft* earlier, const Narrative& narrative,
                                      const TicketRef& ticket) -> std::string;

/// What a platform's users read on a finding whose ticket a person has closed.
/// @param words how the tracker calls it: "Done (Won't Do)"
[[nodiscard]] auto closed_ticket_comment(const TicketRef& ticket, const std::string& words) -> std::string;

} // namespace dossier::ticket
