#pragma once
// JSON inside strings: templates, queues and consoles put whole objects into string members. The unfolder reads such a
// member as what it means and owns the documents it had to parse; its views live as long as it does.

#include "dossier/base/json_view.hpp"

#include <string_view>
#include <vector>

namespace dossier::ingest {

class JsonUnfolder {
public:
    /// The object or array inside a string that is one; any other value as it is.
    [[nodiscard]] auto operator()(JsonView value) -> JsonView;
    /// Unfolded member; `name` is matched exactly, else without case, blanks, `_` and `-` ("Alert_ID" is `alertId`).
    [[nodiscard]] auto member(JsonView object, std::string_view name) -> JsonView;

private:
    std::vector<JsonDocument> documents_;
};

/// Member of an object by exact name, else by a name that differs only in case and separators.
[[nodiscard]] auto member_like(JsonView object, std::string_view name) -> JsonView;

} // namespace dossier::ingest
