#pragma once
// Orca's serving layer (VENDORS §3.3; orca_security of chronicle/content-hub and other public clients): one query
// language over all models, POST /api/serving-layer/query, with `limit` and `start_at_index`, answers in `data` where
// each field is {"value": …} and each relation an object or a list of objects with `data` of their own. Elsewhere Orca
// wraps answers in {"status":"success","data":…} and reports failures as {"error":…}, at times within a 200.

#include "dossier/base/json_fwd.hpp"
#include "dossier/ingest/platform_api.hpp"

#include "rest_client.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

constexpr std::string_view orca_query_path = "/api/serving-layer/query";

/// {"key":…,"values":[…],"type":"str","operator":"in"}
[[nodiscard]] auto orca_in(std::string_view key, const std::vector<std::string>& values) -> Json;
/// A query for the objects of some models that meet all `conditions`.
[[nodiscard]] auto orca_query(std::string_view model, Json conditions, std::size_t limit, std::size_t start) -> Json;

/// Orca's words for a refusal.
[[nodiscard]] auto orca_words(const net::HttpResponse& response) -> std::string;
/// Unknown alerts are a 500 that says "does not exist".
[[nodiscard]] auto says_does_not_exist(const net::HttpResponse& response) -> bool;
/// The error inside an answer of 200, if it carries one.
[[nodiscard]] auto inner_error(JsonView root) -> std::optional<Error>;

/// `data.<name>.value`, or `data.<name>` where the answer is flat.
[[nodiscard]] auto orca_field(JsonView object, std::string_view name) -> JsonView;

/// GET of a list that answers {"data":[…]} and may fail inside a 200.
auto orca_list(RestClient& client, std::string path, Deadline deadline) -> Task<Result<JsonDocument>>;
/// The serving layer's answer; `data` is a list.
auto ask_orca(RestClient& client, std::string query, Deadline deadline) -> Task<Result<JsonDocument>>;

} // namespace dossier::ingest
