#pragma once
// Texts one after another: what a format string does where all it is given are texts, at a quarter of its price.

#include <initializer_list>
#include <string>
#include <string_view>

namespace dossier {

[[nodiscard]] auto concat(std::initializer_list<std::string_view> parts) -> std::string;

} // namespace dossier
