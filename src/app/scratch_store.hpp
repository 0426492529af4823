#pragma once

#include "dossier/base/ids.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace dossier::app {

/// A place for a store of a command's own, gone with the command: a running service holds the configured one.
class ScratchStore {
public:
    explicit ScratchStore(std::string_view command)
        : path_(std::filesystem::temp_directory_path() / ("dossier-" + std::string(command) + "-" + random_hex(8))) {
        std::filesystem::create_directory(path_);
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    }
    ScratchStore(const ScratchStore&) = delete;
    auto operator=(const ScratchStore&) -> ScratchStore& = delete;
    ~ScratchStore() {
        std::error_code ignored; // a leftover in the temporary directory harms nobody
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] auto file(const char* name) const -> std::string { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

} // namespace dossier::app
