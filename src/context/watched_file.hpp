#pragma once
// A file that is parsed once and again when it changed on disk. Readers get a snapshot that stays whole while a newer
// one is made; the disk is looked at no more than once per `recheck`. A file that turns bad after a good read (somebody
// is half-way through an edit) leaves the last good version in force and is logged; one that can't be read at all
// fails the question, with the reason. Thread-safe.

#include "dossier/base/error.hpp"
#include "dossier/base/log.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>

namespace dossier::context {

template <class T>
class WatchedFile {
public:
    using Parse = std::function<Result<T>(const std::string& path)>;

    WatchedFile(std::string path, Parse parse, std::chrono::milliseconds recheck = std::chrono::seconds(1))
        : path_(std::move(path)), parse_(std::move(parse)), recheck_(recheck) {}

    [[nodiscard]] auto get() -> Result<std::shared_ptr<const T>> {
        const std::scoped_lock lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (checked_ && now - *checked_ < recheck_) return current_;
        checked_ = now;
        refresh();
        return current_;
    }

private:
    struct Stamp {
        std::filesystem::file_time_type changed;
        std::uintmax_t size = 0;
        friend auto operator==(const Stamp&, const Stamp&) -> bool = default;
    };

    void refresh() {
        std::error_code error;
        Stamp stamp{.changed = std::filesystem::last_write_time(path_, error)};
        if (!error) stamp.size = std::filesystem::file_size(path_, error);
        if (error) {
            stamp_.reset();
            current_ = fail(Errc::unavailable, path_ + " can't be read: " + error.message());
            return;
        }
        if (stamp_ == stamp) return;
        stamp_ = stamp;
        // An editor that truncates before it writes must not make everybody ownerless for a second.
        auto parsed = stamp.size > 0 ? parse_(path_) : Result<T>(fail(Errc::unavailable, path_ + " is empty"));
        if (parsed) {
            current_ = std::make_shared<const T>(std::move(*parsed));
            return;
        }
        log::warn("context.file_rejected", {{"file", path_}, {"reason", parsed.error().message}});
        if (!current_) current_ = fail(std::move(parsed.error()));
    }

    std::string path_;
    Parse parse_;
    std::chrono::milliseconds recheck_;
    std::mutex mutex_;
    std::optional<std::chrono::steady_clock::time_point> checked_;
    std::optional<Stamp> stamp_;
    Result<std::shared_ptr<const T>> current_ = fail(Errc::unavailable, "not read yet");
};

} // namespace dossier::context
