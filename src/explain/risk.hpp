#pragma once
// How bad it is, 0 to 100: six factors with fixed weights, each shown with its reason. What isn't known counts as a
// careful person would count it: an unknown environment is production, unknown data may be sensitive.

#include "dossier/finding/dossier.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

[[nodiscard]] auto risk_factors(const std::vector<Finding>& findings, const Context& context)
    -> std::vector<RiskFactor>;
/// Sum of the factors, 0…100, with one decimal.
[[nodiscard]] auto risk_of(const std::vector<RiskFactor>& factors) -> double;
[[nodiscard]] auto level_of(double risk) -> std::string;
/// Data classes of all findings, sorted, each once.
[[nodiscard]] auto data_classes(const std::vector<Finding>& findings) -> std::vector<std::string>;
/// The widest exposure that any finding reports; a known one counts before `unknown`.
[[nodiscard]] auto widest_exposure(const std::vector<Finding>& findings) -> Exposure;

} // namespace dossier::explain
