#pragma once
// Stands between a store and its PostgreSQL and cuts a connection in COMMIT: before the server has heard of it, or
// after it has done it and before its word comes through. What goes by is relayed as it is, one thread a connection.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dossier::store {

class CuttingProxy {
public:
    enum class Cut { never, before_commit, after_commit };

    explicit CuttingProxy(int server_port);
    ~CuttingProxy();
    CuttingProxy(const CuttingProxy&) = delete;
    auto operator=(const CuttingProxy&) -> CuttingProxy& = delete;

    [[nodiscard]] auto port() const -> int { return port_; }
    /// The next COMMIT that comes by is cut, and no other.
    void cut_next(Cut how) { cut_ = how; }
    /// Takes no connection while it is true; those that exist go on.
    void refuse(bool refuses) { refuses_ = refuses; }
    [[nodiscard]] auto cuts() const -> int { return cuts_; }

private:
    void accept_all();
    void relay(int client);

    int server_port_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> closing_ = false;
    std::atomic<bool> refuses_ = false;
    std::atomic<Cut> cut_ = Cut::never;
    std::atomic<int> cuts_ = 0;
    std::mutex relays_mutex_;
    std::vector<std::thread> relays_;
    std::thread acceptor_;
};

} // namespace dossier::store
