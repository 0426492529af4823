#pragma once
// The text of a ticket for many like findings. Body and table are made by code from facts alone: what the members have
// in common, what the first of them was assessed to need, and one row a member. The body is what a person approves; the
// table follows the findings.

#include "dossier/finding/vocabulary.hpp"
#include "dossier/store/records.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::ticket {

inline constexpr std::size_t most_group_rows = 50; ///< of the table; what is beyond is counted

/// What a group's ticket is made from, kept of its first member.
struct GroupFacts {
    std::string route; ///< name of the route that the first one took
    std::string sink;
    std::string approval;
    std::string rule;
    std::string title; ///< of the first one
    std::string assignee;
    Severity severity = Severity::medium;
    std::vector<std::pair<std::string, std::string>> common; ///< what they were grouped by
    std::vector<std::string> remediation;
    std::vector<std::string> regulations;
};
[[nodiscard]] auto to_text(const GroupFacts& facts) -> std::string;
[[nodiscard]] auto group_facts_from(const std::string& text) -> GroupFacts;

struct GroupText {
    std::string title;
    std::string body; ///< Markdown
};
[[nodiscard]] auto group_text(const GroupFacts& facts, Timestamp begins_at, const std::optional<DueDate>& due = {})
    -> GroupText;
/// @param members at most `most_group_rows` are shown @param total all of them @param open those not over
[[nodiscard]] auto group_table(const std::vector<store::GroupMember>& members, std::size_t total, std::size_t open)
    -> std::string;

} // namespace dossier::ticket
