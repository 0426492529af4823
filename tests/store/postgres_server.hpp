#pragma once
// A PostgreSQL server for tests: a cluster in a directory of its own, reached by a Unix socket there and by loopback,
// started once for a test program and gone with it. PostgreSQL refuses to run as root; then it runs as the user
// `postgres`, whom its package makes.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dossier::store {

class PostgresServer {
public:
    /// The server of this program; nullptr where its binaries aren't installed.
    static auto shared() -> PostgresServer*;
    /// One of its own, to be stopped and restarted at will.
    static auto start() -> std::unique_ptr<PostgresServer>;
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    auto operator=(const PostgresServer&) -> PostgresServer& = delete;

    /// URL of a new, empty database.
    auto new_database() -> std::string;
    [[nodiscard]] auto port() const -> int { return port_; }
    [[nodiscard]] auto socket_directory() const -> std::string { return directory_.string(); }
    [[nodiscard]] auto url_of(const std::string& database, int port) const -> std::string;

    void sql(const std::string& statement) const; ///< by the superuser
    void stop_at_once();                          ///< as a crash
    void start_again();

private:
    PostgresServer(std::filesystem::path binaries);
    auto run(const std::vector<std::string>& command) const -> int;

    std::filesystem::path binaries_;
    std::filesystem::path directory_;
    int port_ = 0;
    int databases_ = 0;
    pid_t owner_ = 0; ///< a forked child must not stop it
};

} // namespace dossier::store
