#pragma once
// `${ENV}` and `${file:PATH}` in one string of the configuration. `$${` stands for a literal `${`. What went wrong is
// told without quoting the string, since it may be a secret.

#include "dossier/base/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::config {

struct Expansion {
    std::string text;
    std::vector<std::string> problems;
};

[[nodiscard]] auto expand(std::string_view raw, Environment environment) -> Expansion;

/// What is wrong with an http(s) URL, "" when nothing is. @param is_plain set when it is http to beyond loopback
[[nodiscard]] auto judge_url(std::string_view url, bool& is_plain) -> std::string;

} // namespace dossier::config
