#pragma once
// The fields of a new issue: what dossier writes itself, and what the configuration adds, each in the form that the
// create screen wants of it. Where the screen isn't known, configured values go out as they stand.

#include "jira_dialect.hpp"
#include "jira_screen.hpp"

#include "dossier/finding/dossier.hpp"

#include <map>

namespace dossier::ticket {

/// Accounts by e-mail address, in lower case; an address that is nobody's is missing.
using JiraPeople = std::map<std::string, std::string>;

/// Addresses that configured user fields come to, to be looked up before `jira_fields`.
[[nodiscard]] auto addresses_in(const SinkConfig& config, const Draft& draft, const JiraScreen* screen)
    -> std::vector<std::string>;

/// @param screen nullptr = not known
/// @param labels what the issue is found by, and the draft's
/// @return the object `fields` of a create; `rejected` names each configured field that can't be, and each required
/// field that nothing fills, with the key of the configuration that would
[[nodiscard]] auto jira_fields(const SinkConfig& config, const Draft& draft, const JiraScreen* screen,
                               const JiraDialect& dialect, const JiraPeople& people,
                               const std::vector<std::string>& labels) -> Result<Json>;

/// Labels of a new issue: its key, our marks, the configured and the draft's; no blanks, ≤ 255, each once.
[[nodiscard]] auto jira_labels(const SinkConfig& config, const Draft& draft, const std::string& key)
    -> std::vector<std::string>;

/// One line of at most 255 characters.
[[nodiscard]] auto jira_summary(const Draft& draft) -> std::string;

/// What can be said without a draft: required fields of the screen that neither dossier nor the configuration fills,
/// each with the key that would, configured fields that it hasn't got, and constants that it doesn't take.
[[nodiscard]] auto screen_problems(const SinkConfig& config, const JiraScreen& screen, const JiraDialect& dialect)
    -> std::vector<std::string>;

/// "fields.customfield_1 ('Team')…" for every field of the screen that a refusal names; "" for none.
[[nodiscard]] auto hint_at_fields(const SinkConfig& config, const JiraScreen& screen, const std::string& refusal)
    -> std::string;

inline constexpr const char* draft_label = "dossier-draft"; ///< waits for a person's approval

} // namespace dossier::ticket
