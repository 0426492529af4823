#pragma once
// What a person corrects in a draft of tags: the draft changes, the dossier follows, and the next like case is told, in
// one commit.

#include "rest_support.hpp"

namespace dossier::api {

/// Classes of fields and documents: [{"name", "container"?, "classes": […]}].
[[nodiscard]] auto correct_fields(const Services& services, Call call, Json fields, std::string expected_hash)
    -> Task<Result<Draft>>;
/// The flat form as a whole. What it changes of a store that was classified here is kept for stores of the same fields;
/// a draft from platforms' own words has nothing to tell a like case by, and only the draft changes.
[[nodiscard]] auto correct_payload(const Services& services, Call call, Json flat, std::string expected_hash)
    -> Task<Result<Draft>>;

} // namespace dossier::api
