#pragma once
// A blast radius as a picture: SVG for people, Mermaid for documents that render it. Both come from the same nodes in
// the same order, so the same graph gives the same bytes. Every name in a graph is somebody else's text: it is escaped
// for its format, and neither form holds scripts, links or anything that is fetched.

#include "dossier/finding/dossier.hpp"

#include <string>

namespace dossier::ticket {

/// A column a hop, the resource at the left. Bounded: what finds no room is counted at the foot of its column.
[[nodiscard]] auto draw_svg(const BlastRadius& radius) -> std::string;
/// A Mermaid flowchart. A node's id in it is made from the node's own id and stays the same while the graph changes.
[[nodiscard]] auto draw_mermaid(const BlastRadius& radius) -> std::string;

} // namespace dossier::ticket
