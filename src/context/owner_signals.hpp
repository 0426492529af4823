#pragma once
// Turning what a source wrote down as an owner into a signal: an e-mail, an id or nobody.

#include "dossier/finding/dossier.hpp"

#include <optional>
#include <string_view>

namespace dossier::context {

/// A person known by e-mail (anything with an @) or id.
[[nodiscard]] auto person_named(std::string_view value) -> Person;
/// The CMDB's word on the owner; nullopt where it names nobody.
[[nodiscard]] auto cmdb_signal(const Asset& asset) -> std::optional<OwnerSignal>;

} // namespace dossier::context
