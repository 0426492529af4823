#pragma once
// Small files that are there as a whole or not at all, also after a power cut.

#include "dossier/base/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace dossier::audit {

/// The content; nullopt when there is no such file. At most 1 MiB.
[[nodiscard]] auto read_whole_file(const std::string& path) -> Result<std::optional<std::string>>;
/// Puts `content` in the place of whatever was there (rename).
[[nodiscard]] auto replace_file(const std::string& path, std::string_view content, ::mode_t mode) -> Result<void>;
/// Makes the file; `conflict` when there is one already. Also makes its directory.
[[nodiscard]] auto create_file(const std::string& path, std::string_view content, ::mode_t mode) -> Result<void>;

} // namespace dossier::audit
