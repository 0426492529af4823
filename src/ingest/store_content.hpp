#pragma once
// What a delivery shows of a store's inside: columns, sample rows, names and texts of objects. No vendor documents such
// members for webhooks, but bodies are the customer's own templates and hand on what the platform found; so they are
// taken where they stand beside the finding or within its resource, under the names that platforms and catalogues use.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/finding.hpp"

#include "json_unfolder.hpp"

namespace dossier::ingest {

/// Adds to `data`; bounded in number and length. Rows stay JSON here: they are masked, and texts redacted, before
/// anything is kept of them.
void read_store_content(JsonUnfolder& unfold, JsonView item, DataProfile& data);

/// The parts, for an adapter that knows where they stand. Columns are texts, or objects with name, type and table.
void read_columns(JsonUnfolder& unfold, JsonView columns, const std::string& container, DataProfile& data);
void read_sample_rows(JsonUnfolder& unfold, JsonView rows, DataProfile& data);
void read_objects(JsonUnfolder& unfold, JsonView objects, DataProfile& data);

} // namespace dossier::ingest
