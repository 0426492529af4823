#pragma once
// What a ticket has been told of its dossier, and what is news to it: pure functions over findings. The canonical
// fields that a reader cares for are kept as words, so that a change reads as "Severity: high → critical" and a
// redelivery, a rescan or a late repeat, which say nothing new, leave no comment.

#include "dossier/finding/finding.hpp"
#include "dossier/ticket/config.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::ticket {

/// Label and value in a fixed order; lists are sorted and separated by ", ". Empty values are left out.
using FieldSheet = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] auto sheet_of(const Finding& finding) -> FieldSheet;

struct ToldFinding {
    std::string id;
    std::string source;
    Status status = Status::open;
    FieldSheet sheet;
};

struct ToldDue {
    DueDate date;
    bool is_breached = false; ///< and the ticket says so
};

/// Kept with the ticket as JSON.
struct Told {
    std::vector<ToldFinding> findings; ///< in the order in which the ticket heard of them
    int number = 0;                    ///< of the last thing that was planned for the ticket
    bool is_over = false;              ///< it knows that every finding is over
    bool is_linked = false;            ///< to the ticket that it follows
    bool needs_next = false;           ///< it can't be taken up again: another ticket has to follow
    int closing = 0;                   ///< number of the last closing by a person while a finding was open
    std::vector<std::string> actions;  ///< drafts of whose outcome outside of the tracker it has heard
    std::string closing_words;         ///< how the tracker called it: "Done, won't fix"
    std::optional<ToldDue> due;        ///< none where the ticket was made without one
};
[[nodiscard]] auto to_text(const Told& told) -> std::string;
/// What can't be read is as if nothing had been told.
[[nodiscard]] auto told_from(const std::string& text) -> Told;
/// As a ticket begins: its description says all of this.
[[nodiscard]] auto told_at_birth(const std::vector<Finding>& findings, std::optional<DueDate> due = std::nullopt)
    -> Told;

enum class Move { none, resolve, reopen };

/// What follows for the ticket from how things are now.
struct News {
    Told told;           ///< from then on
    std::string comment; ///< Markdown; "" = nothing worth saying, or nobody wants to hear it
    Move move = Move::none;
    bool comes_back = false; ///< every finding was over, and one is open again
};
/// nullopt = the ticket knows all of it.
/// @param now every finding of the dossier, over ones included
[[nodiscard]] auto news_for(const Told& told, const std::vector<Finding>& now, const LifecycleConfig& rules)
    -> std::optional<News>;

} // namespace dossier::ticket
