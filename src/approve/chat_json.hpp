#pragma once
// Looking into JSON of chats without ever failing: what is missing or of another type reads as null, "" or false.
// Include in .cpp files only.

#include "dossier/base/json.hpp"

namespace dossier::approve {

[[nodiscard]] inline auto member(const Json& object, std::string_view key) -> const Json& {
    static const Json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

[[nodiscard]] inline auto flag_at(const Json& object, std::string_view key) -> bool {
    return member(object, key) == Json(true);
}

[[nodiscard]] inline auto elements(const Json& object, std::string_view key) -> const Json& {
    static const Json none = Json::array();
    const auto& found = member(object, key);
    return found.is_array() ? found : none;
}

} // namespace dossier::approve
