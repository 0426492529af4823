#pragma once
// One libcurl multi handle on one lane, with its own connections: Asio watches the sockets libcurl opens and runs its
// timer, libcurl is told what happened (the multi-socket interface). The lane's thread alone drives it; the mutex is
// for the owner, who may close the shard from another thread whether or not the lane still runs.

#include "transfer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace dossier::net {

class CurlShard : public std::enable_shared_from_this<CurlShard> {
public:
    /// @param kept_idle how long connections are kept when nothing is under way
    CurlShard(asio::io_context& lane, std::string ca_file, Duration kept_idle);
    ~CurlShard();
    CurlShard(const CurlShard&) = delete;
    auto operator=(const CurlShard&) -> CurlShard& = delete;

    /// Takes a place if fewer than `limit` transfers hold one; `start` needs one, its end gives it back.
    auto reserve(std::size_t limit) -> bool;
    [[nodiscard]] auto load() const -> std::size_t { return load_; }

    // These three may come from any thread.
    void start(std::shared_ptr<Transfer> transfer);
    void cancel(std::weak_ptr<Transfer> transfer);
    /// Ends every transfer as cancelled and closes all connections; afterwards `start` cancels at once.
    void close();

private:
    struct Active;
    struct Watch;

    static auto on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept -> int;
    static auto on_timer(CURLM*, long milliseconds, void* self) noexcept -> int;
    static auto on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept -> curl_socket_t;
    static auto on_close(void* self, curl_socket_t fd) noexcept -> int;

    // All of these run with the mutex held.
    void begin(std::shared_ptr<Transfer> transfer);
    void watch(curl_socket_t fd, int what);
    auto adopt(curl_socket_t fd, bool opened_here) -> std::shared_ptr<Watch>;
    void arm(const std::shared_ptr<Watch>& watch);
    void drive(curl_socket_t fd, int events);
    void end(Transfer* transfer, Result<HttpResponse> result);
    auto take_handle() -> CURL*;
    [[nodiscard]] auto make_multi() -> CURLM*;
    void rest_later();
    void rest();

    asio::io_context& lane_;
    std::string ca_file_;
    std::atomic<std::size_t> load_ = 0;
    std::mutex mutex_;
    CURLM* multi_;
    CURLSH* sessions_; ///< TLS sessions, so that a new connection resumes (half the CPU of a full handshake)
    std::vector<CURL*> idle_;
    std::unordered_map<Transfer*, Active> active_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    asio::steady_timer timer_;
    asio::steady_timer rest_timer_;
    Duration kept_idle_;
    Deadline idle_since_{};    ///< where nothing is active
    bool is_rest_due_ = false; ///< the timer runs
    std::uint64_t timer_turn_ = 0;
    bool is_kicked_ = false;
    bool is_closed_ = false;
};

} // namespace dossier::net
