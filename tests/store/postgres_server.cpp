#include "postgres_server.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dossier::store {

namespace {

namespace fs = std::filesystem;

/// Each test has a database of its own, a hundred of them 1 GiB: in memory where there is room, since a slow disk takes
/// as long to be rid of them as all tests take.
auto place_for_data() -> fs::path {
    constexpr std::uintmax_t room_wanted = 4ULL << 30U;
    const fs::path memory = "/dev/shm";
    std::error_code error;
    const auto space = fs::space(memory, error);
    return !error && space.available >= room_wanted ? memory : fs::temp_directory_path();
}

auto newest_binaries() -> fs::path {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error))
        if (fs::exists(version.path() / "bin/initdb", error)) found.push_back(version.path() / "bin");
    std::ranges::sort(found);
    return found.empty() ? fs::path() : found.back();
}

auto free_port() -> int {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no free port");
    ::close(probe);
    return ntohs(address.sin_port);
}

auto server_user() -> const passwd* { return ::geteuid() == 0 ? ::getpwnam("postgres") : ::getpwuid(::geteuid()); }

} // namespace

auto PostgresServer::shared() -> PostgresServer* {
    static const auto server = start();
    return server.get();
}

auto PostgresServer::start() -> std::unique_ptr<PostgresServer> {
    auto binaries = newest_binaries();
    if (binaries.empty() || server_user() == nullptr) return nullptr;
    return std::unique_ptr<PostgresServer>(new PostgresServer(std::move(binaries)));
}

PostgresServer::PostgresServer(fs::path binaries) : binaries_(std::move(binaries)), owner_(::getpid()) {
    std::string name = (place_for_data() / "dossier-pg-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    const auto* user = server_user();
    if (::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("can't give the directory away");
    port_ = free_port();
    const auto data = (directory_ / "data").string();
    if (run({"initdb", "-D", data, "-U", "dossier", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}) != 0)
        throw std::runtime_error("initdb failed");
    std::ofstream(directory_ / "data" / "postgresql.conf", std::ios::app)
        << "listen_addresses='127.0.0.1'\nport=" << port_ << "\nunix_socket_directories='" << name
        << "'\nfsync=off\nmax_connections=200\nshared_buffers=64MB\nmax_wal_size=128MB\n";
    start_again();
}

PostgresServer::~PostgresServer() {
    if (::getpid() != owner_) return;
    run({"pg_ctl", "-D", (directory_ / "data").string(), "-m", "immediate", "-w", "stop"});
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

void PostgresServer::stop_at_once() {
    run({"pg_ctl", "-D", (directory_ / "data").string(), "-m", "immediate", "-w", "stop"});
}

void PostgresServer::start_again() {
    if (run({"pg_ctl", "-D", (directory_ / "data").string(), "-l", (directory_ / "log").string(), "-w", "start"}) != 0)
        throw std::runtime_error("PostgreSQL did not start");
}

auto PostgresServer::run(const std::vector<std::string>& command) const -> int {
    std::vector<std::string> words = command;
    words.front() = (binaries_ / words.front()).string();
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto* user = server_user();
    const auto child = ::fork();
    if (child == 0) {
        const int null = ::open("/dev/null", O_RDWR);
        for (const int stream : {0, 1, 2}) ::dup2(null, stream);
        if (::geteuid() == 0 &&
            (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
            ::_exit(126);
        if (::chdir("/") != 0) ::_exit(126);
        ::execv(arguments.front(), arguments.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

auto PostgresServer::url_of(const std::string& database, int port) const -> std::string {
    return "postgresql://dossier@127.0.0.1:" + std::to_string(port) + "/" + database;
}

auto PostgresServer::new_database() -> std::string {
    const auto name = "test_" + std::to_string(++databases_);
    sql("CREATE DATABASE " + name + " TEMPLATE template0");
    return url_of(name, port_);
}

void PostgresServer::sql(const std::string& statement) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url_of("postgres", port_).c_str()),
                                                                  PQfinish);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), statement.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(statement + ": " + PQerrorMessage(connection.get()));
}

} // namespace dossier::store
