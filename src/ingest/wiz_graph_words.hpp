#pragma once
// Wiz's graph in our words: which relations lead to a resource or away from it and what they mean, and which kind of
// thing an entity is. One table each (names: Wiz's GraphQL schema; VENDORS §1.3).

#include "dossier/finding/dossier.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

struct WizRelation {
    std::string_view name;        ///< Wiz's
    std::string_view relation;    ///< GraphEdge::relation
    std::string_view verb;        ///< between actor and what it acts on: "has access to"
    bool leads_in = true;         ///< asked for who reaches a thing
    bool leads_out = true;        ///< asked for what a thing reaches or holds
    bool points_at_actor = false; ///< Wiz's arrow goes from what is acted on to who acts
    bool narrow_inward = false;   ///< inward only from things one can be inside of: an account contains everything
};

/// In the order in which they are asked and in which a reason for a node is chosen.
[[nodiscard]] auto wiz_relations() -> std::span<const WizRelation>;

/// `AI Agent`, as entities carry it, → `AI_AGENT`, as queries take it.
[[nodiscard]] auto wiz_type_name(std::string_view type) -> std::string;
/// One of `graph_kinds`; `resource` for a type that is not in the table.
[[nodiscard]] auto kind_of_wiz_type(std::string_view type) -> std::string_view;
/// Every type that may belong to a blast radius.
[[nodiscard]] auto wiz_types() -> const std::vector<std::string>&;
[[nodiscard]] auto wiz_types_of(std::initializer_list<std::string_view> kinds) -> std::vector<std::string>;
/// What CONTAINS may lead in from.
[[nodiscard]] auto wiz_container_types() -> const std::vector<std::string>&;

} // namespace dossier::ingest
