#include "durable_file.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/ids.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace dossier::audit {
namespace {

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    auto operator=(const Descriptor&) -> Descriptor& = delete;
    [[nodiscard]] auto get() const -> int { return number_; }
    [[nodiscard]] auto is_open() const -> bool { return number_ >= 0; }

private:
    int number_;
};

auto storage_error(std::string_view what, const std::string& path) -> std::unexpected<Error> {
    return fail(Errc::storage, fmt::format("can't {} {}: {}", what, path, std::generic_category().message(errno)));
}

auto write_all(int file, std::string_view content) -> bool {
    while (!content.empty()) {
        const auto written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(file) == 0;
}

auto directory_of(const std::string& path) -> std::string {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

/// A rename or link lasts once its directory is on the disk.
auto sync_directory(const std::string& path) -> Result<void> {
    const auto directory = directory_of(path);
    const Descriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file.is_open() || ::fsync(file.get()) != 0) return storage_error("sync", directory);
    return {};
}

/// @return the path of a new file beside `path` that holds `content`
auto write_beside(const std::string& path, std::string_view content, ::mode_t mode) -> Result<std::string> {
    auto beside = fmt::format("{}.{}.tmp", path, random_hex(8));
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.is_open()) return storage_error("create", beside);
    if (!write_all(file.get(), content)) {
        auto error = storage_error("write", beside);
        ::unlink(beside.c_str());
        return error;
    }
    return beside;
}

} // namespace

auto read_whole_file(const std::string& path) -> Result<std::optional<std::string>> {
    constexpr std::size_t most = std::size_t{1} << 20U;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) {
        if (errno == ENOENT) return std::nullopt;
        return storage_error("open", path);
    }
    struct ::stat status{};
    if (::fstat(file.get(), &status) != 0) return storage_error("read", path);
    if (!S_ISREG(status.st_mode)) return fail(Errc::storage, fmt::format("{} is no regular file", path));
    std::string content;
    char buffer[4096];
    while (content.size() <= most) {
        const auto got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return storage_error("read", path);
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
    }
    return fail(Errc::storage, fmt::format("{} is too large", path));
}

auto replace_file(const std::string& path, std::string_view content, ::mode_t mode) -> Result<void> {
    const auto beside = write_beside(path, content, mode);
    if (!beside) return fail(beside.error());
    fault_point("head.written");
    if (::rename(beside->c_str(), path.c_str()) != 0) {
        auto error = storage_error("replace", path);
        ::unlink(beside->c_str());
        return error;
    }
    fault_point("head.replaced");
    return sync_directory(path);
}

auto create_file(const std::string& path, std::string_view content, ::mode_t mode) -> Result<void> {
    std::error_code error;
    std::filesystem::create_directories(directory_of(path), error);
    const auto beside = write_beside(path, content, mode);
    if (!beside) return fail(beside.error());
    // link() refuses to replace: of two processes one wins, and nobody ever sees half a file.
    const bool is_ours = ::link(beside->c_str(), path.c_str()) == 0;
    const int reason = errno;
    ::unlink(beside->c_str());
    errno = reason;
    if (!is_ours && reason == EEXIST) return fail(Errc::conflict, fmt::format("{} exists already", path));
    if (!is_ours) return storage_error("create", path);
    return sync_directory(path);
}

} // namespace dossier::audit
