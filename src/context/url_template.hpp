#pragma once
// An URL with places for what is known of a resource: {resource.id}, {resource.name}, {resource.account},
// {resource.region}, {resource.type}, {resource.cloud}. Values are percent-encoded, so that no name of a resource can
// change which host or which path is asked.

#include "dossier/finding/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

/// What is wrong with a template, in words for the configuration; "" where nothing is.
[[nodiscard]] auto fault_in_template(std::string_view text) -> std::string;
/// The URL for a resource; nullopt where it needs something that is not known of it: a blank in a question may be
/// answered with everything.
[[nodiscard]] auto expand_template(std::string_view text, const Resource& resource) -> std::optional<std::string>;

} // namespace dossier::context
