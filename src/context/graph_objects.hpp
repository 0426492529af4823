#pragma once
// Directory objects of Microsoft Graph as our own, and the OData that asks for them. An object of a kind that the
// application may not read comes as `@odata.type` and `id` alone: that is "no permission to see it", not "no name".

#include "dossier/base/json_view.hpp"
#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>

namespace dossier::context {

/// `'o''hara'`: an OData string, its quotes doubled.
[[nodiscard]] auto odata_string(std::string_view value) -> std::string;
/// `$select` and `$expand` of a user with the manager, as a query without the `?`.
[[nodiscard]] auto graph_user_query() -> std::string;
/// @param source for the reason of a departure: "identity:msgraph"
[[nodiscard]] auto person_of_graph(JsonView user, std::string_view source) -> Person;
/// "user", "group", "servicePrincipal", …; "" where the object doesn't say.
[[nodiscard]] auto graph_kind(JsonView object) -> std::string;
/// Only type and id are there.
[[nodiscard]] auto is_hidden(JsonView object) -> bool;

} // namespace dossier::context
