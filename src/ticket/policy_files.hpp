#pragma once
// What an approved policy draft looks like as files: the code blocks of its approved text, each in a file of its own,
// and the whole text as README.md. Nothing comes from anywhere else, so that what was read is what is handed over.

#include "dossier/ticket/action.hpp"

#include <string>
#include <vector>

namespace dossier::ticket {

struct PolicyFile {
    std::string path; ///< relative, `/` between folders; parts of [A-Za-z0-9._-] that don't begin with a dot
    std::string content;
};

/// @param folder as configured; its placeholders are filled with the draft's facts, made harmless
[[nodiscard]] auto policy_files(const Draft& draft, const std::string& folder) -> std::vector<PolicyFile>;

/// The text of a pull request: as approved, and then by code where it comes from and who approved it.
[[nodiscard]] auto request_text(const Action& action) -> std::string;

/// One line of at most 200 bytes.
[[nodiscard]] auto request_title(const Draft& draft) -> std::string;

} // namespace dossier::ticket
