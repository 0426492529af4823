#pragma once
// The mistakes in a context file as sentences with file and line, and as the one error that a question gets.

#include "dossier/base/config.hpp"
#include "dossier/base/error.hpp"

#include <string>
#include <vector>

namespace dossier::context {

[[nodiscard]] inline auto problems_of(const config::Document& document) -> std::vector<std::string> {
    std::vector<std::string> sentences;
    for (const auto& problem : document.problems())
        if (!problem.is_warning) sentences.push_back(problem.describe());
    return sentences;
}

[[nodiscard]] inline auto rejection(const std::vector<std::string>& problems) -> Error {
    auto message = problems.front();
    if (problems.size() > 1) message += " (and " + std::to_string(problems.size() - 1) + " more)";
    return Error{.code = Errc::unavailable, .message = std::move(message)};
}

} // namespace dossier::context
