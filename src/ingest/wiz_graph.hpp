#pragma once
// Questions to Wiz's security graph, in the form its own console asks them: a start block that is selected, at most one
// relationship, and `with` what it leads to. Answers are rows of entities in the order of the selected blocks.

#include "dossier/ingest/platform_api.hpp"
#include "wiz_client.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::ingest {

struct WizEntity {
    std::string id; ///< Wiz's own
    std::string name;
    std::string type;       ///< as queries take it
    Resource resource;      ///< what its properties say; `resource.id` is the provider's id or ""
    std::string properties; ///< JSON text
};
[[nodiscard]] auto read_wiz_entity(JsonView entity) -> std::optional<WizEntity>;

struct WizRows {
    std::vector<std::vector<std::optional<WizEntity>>> rows; ///< nullopt: an optional block that found nothing
    bool is_cut = false; ///< there are more than Wiz counts, or more than were asked for
    std::vector<std::string> gaps;
};

/// One way from a block: a relation (or several, any of which may hold) in one direction.
struct WizWay {
    std::vector<std::string> relations;
    bool reverse = false;
    std::vector<std::string> to_types;
};

/// All rows, page by page, at most `limit`.
auto wiz_search(WizClient& client, Json query, std::size_t limit, Deadline deadline) -> Task<Result<WizRows>>;
/// Start block with these ids, and what lies behind `way` where there is one.
[[nodiscard]] auto wiz_query(const std::vector<std::string>& ids, const std::vector<std::string>& types,
                             const std::optional<WizWay>& way) -> Json;

/// The entity with that id of Wiz's.
/// @param type "" = any that may belong to a blast radius
auto wiz_entity(WizClient& client, std::string id, std::string type, Deadline deadline)
    -> Task<Result<std::optional<WizEntity>>>;
/// The entity of a resource: by Wiz's id where it has that form, else by the provider's.
auto wiz_entity_of(WizClient& client, Resource resource, Deadline deadline) -> Task<Result<std::optional<WizEntity>>>;
/// What holds each of these data findings, by the finding's id; findings whose store is unknown are left out.
auto wiz_stores_of(WizClient& client, std::vector<std::string> data_findings, Deadline deadline)
    -> Task<Result<std::vector<std::pair<std::string, WizEntity>>>>;

/// The bounded graph around `start`: who can reach it (against the arrows) and what it reaches and holds (along them).
/// Each node once with its least hops, each edge once; the same graph gives the same answer. A question that fails on
/// the way leaves a graph that says so; one that fails at the start is the error.
auto wiz_blast_radius(WizClient& client, WizEntity start, GraphLimits limits, Deadline deadline)
    -> Task<Result<BlastRadius>>;

} // namespace dossier::ingest
