#pragma once
// Reading fields whose presence and type nobody promises: the first of several places that says something, times in any
// form, tags in the three shapes the platforms use (object, list of pairs, "key|value" strings), account ids that lost
// their leading zeros, and what an ARN or Prisma's RRN says by itself. Everything read is bounded in length and number.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/finding.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

/// Text of the first view that has any, trimmed; "" if none has. Objects and arrays have none.
[[nodiscard]] auto first_text(std::initializer_list<JsonView> places) -> std::string;
[[nodiscard]] auto first_time(std::initializer_list<JsonView> places) -> std::optional<Timestamp>;
/// The first of the views that is an object.
[[nodiscard]] auto first_object(std::initializer_list<JsonView> places) -> JsonView;

/// A list as words: an array of texts or of objects with a name, a text with commas or a single text. At most 100.
[[nodiscard]] auto words_in(JsonView list) -> std::vector<std::string>;
/// Appends what `into` does not hold yet.
void add_all(std::vector<std::string>& into, std::vector<std::string> more);

/// Tags of an object {k: v}, of [{key, value}], of ["k|v"] ("k:v", "k=v"), or of one of them inside a string.
[[nodiscard]] auto read_tags(JsonView tags) -> Tags;

/// Account, subscription or project id; an AWS number is padded back to its 12 digits.
[[nodiscard]] auto account_id(std::string text, std::string_view cloud) -> std::string;
/// A link, if it is http or https; a relative one is put behind `base`.
[[nodiscard]] auto link(std::string text, std::string_view base = {}) -> std::string;
[[nodiscard]] auto without_slash(std::string_view base) -> std::string_view;

/// What a resource name says by itself.
struct NameParts {
    std::string cloud;
    std::string type;
    std::string region;
    std::string account;
    std::string leaf; ///< what comes last: the name, or an opaque hash
};
/// arn:partition:service:region:account:resource.
[[nodiscard]] auto parse_arn(std::string_view text) -> std::optional<NameParts>;
/// rrn:cloud:type:region:account:hash:name, where cloud, hash and name may be missing and the name may be encoded.
[[nodiscard]] auto parse_rrn(std::string_view text) -> std::optional<NameParts>;
/// An id the cloud itself gave: ARN, Azure path, GCP resource name, or an AWS id such as i-0abc12de.
[[nodiscard]] auto is_provider_id(std::string_view text) -> bool;
/// An id such as 92c4a90f-11d7-4bc3-a20b-21253a5e1c87.
[[nodiscard]] auto is_uuid(std::string_view text) -> bool;
/// Fills cloud, account and region from the resource's id where the payload left them out.
void complete_from_id(Resource& resource);

/// Adds a fact where there is a text.
void add_fact(Finding& finding, std::string key, std::string value);
/// Adds a fact with the words of a list, joined.
void add_fact_list(Finding& finding, std::string key, JsonView list);

} // namespace dossier::ingest
