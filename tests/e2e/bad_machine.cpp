// A machine that can be made to go wrong under a running service: loaded before it (LD_PRELOAD), it stands between the
// service and libc. What goes wrong is in a small file that the test maps and changes as it likes (bad_machine.py):
// the disk under one directory is full, read-only, broken or slow, the wall clock is off. Works for any user and in any
// container, unlike mounts.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

// Nothing here is made on first use, and libc is passed by: a sanitizer calls these functions before it is ready to be
// called itself.
Orders* orders = nullptr;
const char* disk = nullptr;

__attribute__((constructor)) void begin() {
    const char* path = std::getenv("BAD_MACHINE");
    if (path == nullptr) return;
    disk = std::getenv("BAD_MACHINE_DISK");
    const long file = ::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    const long memory = ::syscall(SYS_mmap, nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0L);
    if (file >= 0 && memory != -1) orders = reinterpret_cast<Orders*>(memory);
    ::syscall(SYS_close, file);
}

/// Whether a path or an open file is on the disk that goes wrong.
auto is_there(const char* path) -> bool {
    return disk != nullptr && path != nullptr && std::strstr(path, disk) != nullptr;
}

auto is_there(int file) -> bool {
    char link[64];
    char path[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const auto size = ::syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (size < 0) return false;
    path[size] = '\0';
    return is_there(path);
}

auto refuse(std::int64_t error) -> bool {
    orders->refusals += 1;
    errno = static_cast<int>(error);
    return true;
}

template <class Place>
auto refuses_write(Place place) -> bool {
    if (orders == nullptr) return false;
    const auto error = orders->write_error.load();
    return error != 0 && is_there(place) && refuse(error);
}

/// On a full disk what exists can be opened, removed and shortened; on a read-only one nothing of that.
template <class Place>
auto refuses_change(Place place) -> bool {
    return orders != nullptr && orders->write_error.load() == EROFS && refuses_write(place);
}

auto sync(int file, long call) -> int {
    if (orders != nullptr && is_there(file)) {
        const auto delay = orders->sync_delay.load(); // ms
        const timespec pause{.tv_sec = delay / 1000, .tv_nsec = delay % 1000 * 1'000'000};
        if (delay > 0) ::syscall(SYS_nanosleep, &pause, nullptr);
        if (const auto error = orders->sync_error.load(); error != 0 && refuse(error)) return -1;
    }
    return static_cast<int>(::syscall(call, file));
}

} // namespace

extern "C" {

auto write(int file, const void* data, size_t size) -> ssize_t {
    return refuses_write(file) ? -1 : ::syscall(SYS_write, file, data, size);
}

auto pwrite64(int file, const void* data, size_t size, off64_t at) -> ssize_t {
    return refuses_write(file) ? -1 : ::syscall(SYS_pwrite64, file, data, size, at);
}

auto pwrite(int file, const void* data, size_t size, off_t at) -> ssize_t { return pwrite64(file, data, size, at); }

auto ftruncate64(int file, off64_t size) noexcept -> int {
    return refuses_change(file) ? -1 : static_cast<int>(::syscall(SYS_ftruncate, file, size));
}

auto ftruncate(int file, off_t size) noexcept -> int { return ftruncate64(file, size); }

auto rename(const char* from, const char* to) noexcept -> int {
    return refuses_change(to) ? -1 : static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

auto unlink(const char* path) noexcept -> int {
    return refuses_change(path) ? -1 : static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

auto fsync(int file) -> int { return sync(file, SYS_fsync); }

auto fdatasync(int file) -> int { return sync(file, SYS_fdatasync); }

auto clock_gettime(clockid_t clock, timespec* time) noexcept -> int {
    const auto result = ::syscall(SYS_clock_gettime, clock, time);
    const bool is_wall_clock = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result == 0 && is_wall_clock && orders != nullptr) time->tv_sec += orders->clock_shift.load();
    return static_cast<int>(result);
}

auto gettimeofday(timeval* __restrict time, void* __restrict /*zone*/) noexcept -> int {
    timespec now{};
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

auto time(time_t* at) noexcept -> time_t {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != nullptr) *at = now.tv_sec;
    return now.tv_sec;
}
}
