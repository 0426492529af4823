#pragma once
// The writer's way to its file. SQLite writes a frame of its WAL by two calls, a header of 24 bytes and the page, so
// that the kernel handles each page of the journal twice. Through this VFS, what goes to the WAL one after the other
// goes there by one call: at the latest when SQLite syncs it or asks anything else of it. With synchronous=FULL it
// syncs before anybody is told of a commit, so no other connection can look for what isn't there yet. The database file
// is written as ever: that a checkpoint has copied pages is told to readers without another call.

namespace dossier::store {

/// Name of the VFS, for a connection with synchronous=FULL; registers it when first asked.
[[nodiscard]] auto wal_runs_vfs() -> const char*;

} // namespace dossier::store
