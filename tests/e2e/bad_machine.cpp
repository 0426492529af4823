// A machine that can be made to go wrong under a running service: loaded before it (LD_PRELOAD), it stands between the
// service and libc. What goes wrong is in a small file that the test maps and changes as it likes (bad_machine.py):
// the disk under one directory is full, read-only, broken or slow, the wall clock is off. Works for any user and in any
// container, unlike mounts.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

/// As in bad_machine.py.
struct Orders {
    std::atomic<std::int64_t> write_error; ///< errno of whatever changes the disk; 0 = none
    std::atomic<std::int64_t> sync_error;  ///< errno of fsync and fdatasync
    std::atomic<std::int64_t> sync_delay;  ///< milliseconds
    std::atomic<std::int64_t> clock_shift; ///< seconds
    std::atomic<std::int64_t> refusals;    ///< how often an error was given
};

auto orders() -> Orders* {
    static Orders* const mapped = []() -> Orders* {
        const char* path = std::getenv("BAD_MACHINE");
        const int file = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
        if (file < 0) return nullptr;
        void* memory = ::mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        return memory == MAP_FAILED ? nullptr : static_cast<Orders*>(memory);
    }();
    return mapped;
}

template <class Function>
auto real(const char* name) -> Function* {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Whether a path or an open file is on the disk that goes wrong.
auto is_there(const char* path) -> bool {
    static const char* const disk = std::getenv("BAD_MACHINE_DISK");
    return disk != nullptr && path != nullptr && std::strstr(path, disk) != nullptr;
}

auto is_there(int file) -> bool {
    char link[64];
    char path[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const auto size = ::readlink(link, path, sizeof path - 1);
    if (size < 0) return false;
    path[size] = '\0';
    return is_there(path);
}

auto refuse(std::int64_t error) -> bool {
    orders()->refusals += 1;
    errno = static_cast<int>(error);
    return true;
}

template <class Place>
auto refuses_write(Place place) -> bool {
    const auto* now = orders();
    if (now == nullptr) return false;
    const auto error = now->write_error.load();
    return error != 0 && is_there(place) && refuse(error);
}

/// On a full disk what exists can be opened, removed and shortened; on a read-only one nothing of that.
template <class Place>
auto refuses_change(Place place) -> bool {
    const auto* now = orders();
    return now != nullptr && now->write_error.load() == EROFS && refuses_write(place);
}

auto sync(int file, const char* name) -> int {
    if (const auto* now = orders(); now != nullptr && is_there(file)) {
        if (const auto delay = now->sync_delay.load(); delay > 0) ::usleep(static_cast<useconds_t>(delay * 1000));
        if (const auto error = now->sync_error.load(); error != 0 && refuse(error)) return -1;
    }
    return real<int(int)>(name)(file);
}

auto shift() -> std::int64_t { return orders() != nullptr ? orders()->clock_shift.load() : 0; }

} // namespace

extern "C" {

auto write(int file, const void* data, size_t size) -> ssize_t {
    static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
    return refuses_write(file) ? -1 : next(file, data, size);
}

auto pwrite(int file, const void* data, size_t size, off_t at) -> ssize_t {
    static auto* const next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return refuses_write(file) ? -1 : next(file, data, size, at);
}

auto pwrite64(int file, const void* data, size_t size, off64_t at) -> ssize_t {
    static auto* const next = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    return refuses_write(file) ? -1 : next(file, data, size, at);
}

auto ftruncate(int file, off_t size) noexcept -> int {
    return refuses_change(file) ? -1 : real<int(int, off_t)>("ftruncate")(file, size);
}

auto ftruncate64(int file, off64_t size) noexcept -> int {
    return refuses_change(file) ? -1 : real<int(int, off64_t)>("ftruncate64")(file, size);
}

auto rename(const char* from, const char* to) noexcept -> int {
    return refuses_change(to) ? -1 : real<int(const char*, const char*)>("rename")(from, to);
}

auto unlink(const char* path) noexcept -> int {
    return refuses_change(path) ? -1 : real<int(const char*)>("unlink")(path);
}

auto fsync(int file) -> int { return sync(file, "fsync"); }

auto fdatasync(int file) -> int { return sync(file, "fdatasync"); }

auto clock_gettime(clockid_t clock, timespec* time) noexcept -> int {
    static auto* const next = real<int(clockid_t, timespec*)>("clock_gettime");
    const int result = next(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += shift();
    return result;
}

auto gettimeofday(timeval* __restrict time, void* __restrict zone) noexcept -> int {
    static auto* const next = real<int(timeval*, void*)>("gettimeofday");
    const int result = next(time, zone);
    if (result == 0) time->tv_sec += shift();
    return result;
}

auto time(time_t* at) noexcept -> time_t {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != nullptr) *at = now.tv_sec;
    return now.tv_sec;
}
}
