#pragma once
// Hears of work that other replicas made ready (LISTEN/NOTIFY) and wakes the workers here. A hint: what is missed while
// the connection is away, or behind a pooler that has no notifications, is found by asking, a second later.

#include "postgres_link.hpp"
#include "write_session.hpp"

#include <functional>
#include <thread>

namespace dossier::store {

class PostgresListener {
public:
    /// Everything given must outlive it. @param own_backend whose notifications are no news
    PostgresListener(const PostgresTarget& target, Waker& waker, std::function<int()> own_backend);
    ~PostgresListener();
    PostgresListener(const PostgresListener&) = delete;
    auto operator=(const PostgresListener&) -> PostgresListener& = delete;
    void close(); ///< idempotent

private:
    void loop();
    void listen();

    Waker& waker_;
    std::function<int()> own_backend_;
    std::atomic<bool> closing_ = false;
    bool has_listened_ = false;
    int wake_fd_;
    PostgresLink link_;
    std::thread thread_;
};

} // namespace dossier::store
