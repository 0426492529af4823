#include "sqlite_wal_runs.hpp"

#include <sqlite3.h>

#include <new>
#include <utility>
#include <vector>

namespace dossier::store {

namespace {

/// Bytes to be written from `begin` on.
struct Run {
    static constexpr std::size_t most = 0x1ffff; ///< what the usual VFS takes at once
    std::vector<unsigned char> bytes;
    sqlite3_int64 begin = 0;

    [[nodiscard]] auto goes_on_with(sqlite3_int64 offset, std::size_t count) const -> bool {
        return offset == begin + static_cast<sqlite3_int64>(bytes.size()) && bytes.size() + count <= most;
    }
};

/// What SQLite holds as its file; the one of the default VFS stands behind it in the same memory.
struct WalFile {
    sqlite3_file base;
    Run* run;
};

auto run_of(sqlite3_file* file) -> Run& { return *reinterpret_cast<WalFile*>(file)->run; }
auto real_file(sqlite3_file* file) -> sqlite3_file* {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<WalFile*>(file) + 1);
}

/// Of a run that fails nothing is kept: SQLite rolls back and writes these frames anew.
auto flush_run(sqlite3_file* file) -> int {
    auto& run = run_of(file);
    if (run.bytes.empty()) return SQLITE_OK;
    auto* under = real_file(file);
    const int code = under->pMethods->xWrite(under, run.bytes.data(), static_cast<int>(run.bytes.size()), run.begin);
    run.bytes.clear();
    return code;
}

/// Asks the real file once it holds what was written.
template <auto Method, class... Args>
auto after_flush(sqlite3_file* file, Args... args) -> int {
    if (const int code = flush_run(file); code != SQLITE_OK) return code;
    auto* under = real_file(file);
    return (under->pMethods->*Method)(under, args...);
}

auto write_to_run(sqlite3_file* file, const void* data, int count, sqlite3_int64 offset) -> int {
    auto& run = run_of(file);
    const auto size = static_cast<std::size_t>(count);
    if (!run.goes_on_with(offset, size)) {
        if (const int code = flush_run(file); code != SQLITE_OK) return code;
        run.begin = offset;
    }
    const auto* bytes = static_cast<const unsigned char*>(data);
    try {
        run.bytes.insert(run.bytes.end(), bytes, bytes + size);
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

auto close_wal(sqlite3_file* file) -> int {
    const int flushed = flush_run(file);
    auto* under = real_file(file);
    const int closed = under->pMethods->xClose(under);
    delete std::exchange(reinterpret_cast<WalFile*>(file)->run, nullptr);
    return flushed != SQLITE_OK ? flushed : closed;
}

using Methods = sqlite3_io_methods;

auto wal_methods() -> const Methods* {
    static const Methods ours = [] {
        Methods table{};
        table.iVersion = 1; // no shared memory and no mapping: SQLite has neither for a WAL
        table.xClose = close_wal;
        table.xRead = after_flush<&Methods::xRead, void*, int, sqlite3_int64>;
        table.xWrite = write_to_run;
        table.xTruncate = after_flush<&Methods::xTruncate, sqlite3_int64>;
        table.xSync = after_flush<&Methods::xSync, int>;
        table.xFileSize = after_flush<&Methods::xFileSize, sqlite3_int64*>;
        table.xLock = after_flush<&Methods::xLock, int>;
        table.xUnlock = after_flush<&Methods::xUnlock, int>;
        table.xCheckReservedLock = after_flush<&Methods::xCheckReservedLock, int*>;
        table.xFileControl = after_flush<&Methods::xFileControl, int, void*>;
        table.xSectorSize = [](sqlite3_file* file) { return real_file(file)->pMethods->xSectorSize(real_file(file)); };
        table.xDeviceCharacteristics = [](sqlite3_file* file) {
            return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
        };
        return table;
    }();
    return &ours;
}

auto open_file(sqlite3_vfs* /*ours*/, const char* name, sqlite3_file* file, int flags, int* opened) -> int {
    auto* usual = sqlite3_vfs_find(nullptr);
    if ((flags & SQLITE_OPEN_WAL) == 0) return usual->xOpen(usual, name, file, flags, opened);
    auto* wal = reinterpret_cast<WalFile*>(file);
    wal->base.pMethods = nullptr; // nothing is to be closed where this fails
    const int code = usual->xOpen(usual, name, real_file(file), flags, opened);
    if (code != SQLITE_OK) return code;
    wal->run = new (std::nothrow) Run;
    if (wal->run == nullptr) {
        real_file(file)->pMethods->xClose(real_file(file));
        return SQLITE_NOMEM;
    }
    wal->base.pMethods = wal_methods();
    return SQLITE_OK;
}

} // namespace

auto wal_runs_vfs() -> const char* {
    static sqlite3_vfs vfs = [] {
        auto ours = *sqlite3_vfs_find(nullptr);
        ours.pNext = nullptr;
        ours.zName = "dossier-wal-runs";
        ours.szOsFile += static_cast<int>(sizeof(WalFile));
        ours.xOpen = open_file;
        return ours;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    return registered == SQLITE_OK ? vfs.zName : nullptr;
}

} // namespace dossier::store
