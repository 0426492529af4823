#include "local_targets.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace dossier::ticket {
namespace {

constexpr std::size_t largest_known_file = std::size_t{1} << 20U;

class Handle {
public:
    explicit Handle(int number) : number_(number) {}
    ~Handle() {
        if (number_ >= 0) ::close(number_);
    }
    Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    auto operator=(Handle&& other) noexcept -> Handle& {
        std::swap(number_, other.number_);
        return *this;
    }
    [[nodiscard]] auto get() const -> int { return number_; }
    [[nodiscard]] auto is_open() const -> bool { return number_ >= 0; }

private:
    int number_;
};

/// A full or a missing disk comes back; a link or a file where a folder should be doesn't.
auto file_error(std::string_view what, std::string_view path) -> std::unexpected<Error> {
    const int why = errno;
    const bool stands_in_the_way = why == ELOOP || why == ENOTDIR || why == EISDIR;
    return fail(stands_in_the_way ? Errc::conflict : Errc::unavailable,
                fmt::format("can't {} {}: {}", what, path, std::generic_category().message(why)));
}

/// The folder of a file below `root`, part by part, so that no link leads out of it.
auto open_folder(int root, const std::vector<std::string_view>& parts, bool make) -> Result<Handle> {
    Handle at(::dup(root));
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const std::string part(parts[i]);
        const bool is_new = make && ::mkdirat(at.get(), part.c_str(), 0750) == 0;
        if (is_new && ::fsync(at.get()) != 0) return file_error("sync the folder above", part);
        Handle next(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next.is_open() && errno == ENOENT && !make) return fail(Errc::not_found, "not there yet");
        if (!next.is_open()) return file_error("open the folder", part);
        at = std::move(next);
    }
    return at;
}

auto read_all(int folder, const std::string& name) -> Result<std::optional<std::string>> {
    const Handle file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return std::nullopt;
    struct ::stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) return file_error("read", name);
    if (!S_ISREG(status.st_mode)) return fail(Errc::conflict, name + " is no regular file");
    std::string content;
    char buffer[4096];
    while (content.size() <= largest_known_file) {
        const auto got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("read", name);
        if (got == 0) break;
        content.append(buffer, static_cast<std::size_t>(got));
    }
    return content;
}

auto write_beside(int folder, const std::string& name, std::string_view content) -> Result<void> {
    const Handle file(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
    if (!file.is_open()) return file_error("create", name);
    while (!content.empty()) {
        const auto written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("write", name);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return file_error("sync", name);
    return {};
}

auto put_file(int root, const PolicyFile& file) -> Result<void> {
    const auto parts = split(file.path, '/');
    const auto folder = open_folder(root, parts, true);
    if (!folder) return fail(folder.error());
    const std::string name(parts.back());
    const auto known = read_all(folder->get(), name);
    if (!known) return fail(known.error());
    if (*known && **known == file.content) return {};
    if (*known) return fail(Errc::conflict, fmt::format("another {} stands there; nothing is overwritten", file.path));
    const auto beside = fmt::format(".{}.{}.tmp", name, random_hex(8));
    auto done = write_beside(folder->get(), beside, file.content);
    // A link fails where something has come meanwhile; a rename would replace it.
    if (done && ::linkat(folder->get(), beside.c_str(), folder->get(), name.c_str(), 0) != 0)
        done = errno == EEXIST ? fail(Errc::unavailable, file.path + " has come meanwhile") : file_error("place", name);
    ::unlinkat(folder->get(), beside.c_str(), 0);
    if (done && ::fsync(folder->get()) != 0) return file_error("sync the folder of", name);
    return done;
}

auto open_root(const std::string& directory) -> Result<Handle> {
    Handle root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.is_open()) {
        auto error = file_error("open the directory", directory);
        error.error().code = Errc::unavailable; // it may be mounted later
        return error;
    }
    return root;
}

auto folder_receipt(const std::vector<PolicyFile>& files) -> ActionReceipt {
    const auto& first = files.front().path;
    return {.id = shorten(first.substr(0, first.rfind('/')), 200), .url = {}, .detail = {}};
}

} // namespace

auto FileTarget::find(Action action, Deadline /*deadline*/) -> Task<Result<std::optional<ActionReceipt>>> {
    const auto files = policy_files(action.draft, config_.path);
    const auto root = open_root(config_.directory);
    if (!root) co_return fail(root.error());
    for (const auto& file : files) {
        const auto parts = split(file.path, '/');
        const auto folder = open_folder(root->get(), parts, false);
        if (!folder && folder.error().code == Errc::not_found) co_return std::optional<ActionReceipt>{};
        if (!folder) co_return fail(folder.error());
        const auto known = read_all(folder->get(), std::string(parts.back()));
        if (!known) co_return fail(known.error());
        if (!*known || **known != file.content) co_return std::optional<ActionReceipt>{};
    }
    co_return folder_receipt(files);
}

auto FileTarget::perform(Action action, Deadline /*deadline*/) -> Task<Result<ActionReceipt>> {
    const auto files = policy_files(action.draft, config_.path);
    const auto root = open_root(config_.directory);
    if (!root) co_return fail(root.error());
    for (const auto& file : files)
        if (auto put = put_file(root->get(), file); !put) co_return fail(std::move(put.error()));
    co_return folder_receipt(files);
}

auto FileTarget::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> {
    net::ConnectCheck check{.what = {}, .url = config_.directory, .missing = {}, .detail = {}};
    const auto root = open_root(config_.directory);
    if (!root) co_return net::failed_check({}, config_.directory, root.error());
    if (::faccessat(root->get(), ".", W_OK | X_OK, 0) != 0) {
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.missing.emplace_back("write");
    }
    co_return check;
}

} // namespace dossier::ticket
