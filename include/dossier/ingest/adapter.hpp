#pragma once
// One adapter a platform: it turns one item of a delivery into a canonical Finding. Adapters never fail on missing
// fields; they say `malformed` only when the item is no finding of that platform (no id that could be one and nothing
// to derive it from, an audit record, a bare asset). Which fields exist where: the vendor notes named in each adapter.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/finding.hpp"
#include "dossier/ingest/config.hpp"

#include <memory>
#include <vector>

namespace dossier::ingest {

class Adapter {
public:
    virtual ~Adapter() = default;
    /// The items of one delivery body: elements of an array, members of an envelope, or the body itself. Empty for a
    /// body that legitimately carries none (a platform's test call).
    [[nodiscard]] virtual auto items(JsonView body) const -> std::vector<JsonView>;
    /// The finding in `item`, with fingerprint, control family and exposure_key set; `id` stays empty.
    [[nodiscard]] virtual auto normalise(JsonView item) const -> Result<Finding> = 0;
};

[[nodiscard]] auto make_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter>;

} // namespace dossier::ingest
