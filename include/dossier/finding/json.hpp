#pragma once
// The JSON form of the model: what the store keeps and the API shows. `to_json` writes the documented member names;
// `from_json` takes them back and tolerates missing members, so that rows of earlier versions stay readable.
// Include in .cpp files only.

#include "dossier/base/json.hpp"
#include "dossier/finding/dossier.hpp"

#include <cstddef>
#include <functional>
#include <string_view>

namespace dossier {

void to_json(Json& json, const Finding& value);
void from_json(const Json& json, Finding& value);
void to_json(Json& json, const Evidence& value);
void from_json(const Json& json, Evidence& value);
void to_json(Json& json, const Owner& value);
void from_json(const Json& json, Owner& value);
void to_json(Json& json, const BlastRadius& value);
void from_json(const Json& json, BlastRadius& value);
void to_json(Json& json, const PolicyProposal& value);
void from_json(const Json& json, PolicyProposal& value);
void to_json(Json& json, const Context& value);
void from_json(const Json& json, Context& value);
void to_json(Json& json, const StoreClassification& value);
void from_json(const Json& json, StoreClassification& value);
void to_json(Json& json, const Assessment& value);
void from_json(const Json& json, Assessment& value);
void to_json(Json& json, const RouteDecision& value);
void from_json(const Json& json, RouteDecision& value);
void to_json(Json& json, const Narrative& value);
void from_json(const Json& json, Narrative& value);
void to_json(Json& json, const TicketRef& value);
void from_json(const Json& json, TicketRef& value);
void to_json(Json& json, const DueDate& value);
void from_json(const Json& json, DueDate& value);
void to_json(Json& json, const Draft& value);
void from_json(const Json& json, Draft& value);

/// The text form for the store, of each type above: the bytes of dump_json of its document, which is not made.
template <class T>
[[nodiscard]] auto to_text(const T& value) -> std::string;
/// A text of a value, and the names that lead to it: "resource.account".
using TextFound = std::function<void(std::string_view path, std::string_view text)>;
/// Each text of a Finding or Context in the order of the names, without its document. A pair of a list is one text,
/// "key: value", which is gone after the call; times and numbers are none.
/// @param most_of_a_list entries that are looked at
template <class T>
void each_text(const T& value, std::size_t most_of_a_list, const TextFound& found);

/// `malformed` when a stored document can't be read.
template <class T>
[[nodiscard]] auto from_text(std::string_view text) -> Result<T> {
    auto json = parse_json(text);
    if (!json) return std::unexpected(json.error());
    try {
        return json->template get<T>();
    } catch (const nlohmann::json::exception& e) {
        return fail(Errc::malformed, e.what());
    }
}

} // namespace dossier
