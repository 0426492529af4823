#pragma once
// One configured value in the form that a field's schema wants (Jira REST, "Issue fields and values").

#include "jira_fields.hpp"

#include "dossier/ticket/ticket_facts.hpp"

namespace dossier::ticket {

struct FieldValue {
    Json value;          ///< null = nothing to send
    std::string problem; ///< why it can't be, for the author of the configuration; "" = it can
};

[[nodiscard]] auto field_value(const JiraField& field, const Json& configured, const TicketFacts& facts,
                               const JiraDialect& dialect, const JiraPeople& people) -> FieldValue;
/// The configured value with facts in its texts, untouched else; null where every text came out empty.
[[nodiscard]] auto raw_value(const Json& configured, const TicketFacts& facts) -> Json;
/// The texts of a configured value, filled in; lists and ", " lists taken apart.
[[nodiscard]] auto texts_of(const Json& configured, const TicketFacts& facts) -> std::vector<std::string>;

} // namespace dossier::ticket
