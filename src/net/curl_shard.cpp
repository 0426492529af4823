#include "curl_shard.hpp"

#include "dossier/base/memory.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace dossier::net {
namespace {

constexpr long max_kept_connections = 1024;  ///< at least what is in flight, or libcurl evicts warm ones
constexpr std::size_t max_idle_handles = 16; ///< each keeps its buffers (21 KiB); a new one costs microseconds

auto cancelled() -> std::unexpected<Error> { return fail(Errc::cancelled, "the request was cancelled"); }

} // namespace

struct CurlShard::Active {
    std::shared_ptr<Transfer> transfer;
    CURL* easy;
    asio::steady_timer deadline;
};

/// A socket libcurl wants to hear of. Those it opened through us stay registered for their whole life, so that a
/// kept-alive connection costs no new registration; others (its resolver's wake-up pipe) only while they are wanted.
struct CurlShard::Watch {
    Watch(asio::io_context& lane, bool opened_here) : descriptor(lane), is_ours(opened_here) {}
    asio::posix::stream_descriptor descriptor;
    bool is_ours;
    bool is_gone = false;
    int wanted = CURL_POLL_NONE;
    int pending = CURL_POLL_NONE;
};

CurlShard::CurlShard(asio::io_context& lane, std::string ca_file, Duration kept_idle)
    : lane_(lane),
      ca_file_(std::move(ca_file)),
      multi_(make_multi()),
      sessions_(curl_share_init()),
      timer_(lane),
      rest_timer_(lane),
      kept_idle_(kept_idle) {
    if (multi_ == nullptr || sessions_ == nullptr) throw std::runtime_error("libcurl: no memory for a multi handle");
    curl_share_setopt(sessions_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

auto CurlShard::make_multi() -> CURLM* {
    auto* multi = curl_multi_init();
    if (multi == nullptr) return nullptr;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlShard::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlShard::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, max_kept_connections);
    return multi;
}

CurlShard::~CurlShard() { close(); }

auto CurlShard::reserve(std::size_t limit) -> bool {
    if (load_.fetch_add(1) < limit) return true;
    load_.fetch_sub(1);
    return false;
}

void CurlShard::start(std::shared_ptr<Transfer> transfer) {
    asio::dispatch(lane_, [self = weak_from_this(), transfer = std::move(transfer)]() mutable {
        if (auto shard = self.lock()) {
            const std::scoped_lock lock(shard->mutex_);
            shard->begin(std::move(transfer));
        } else {
            transfer->complete(cancelled());
        }
    });
}

void CurlShard::cancel(std::weak_ptr<Transfer> transfer) {
    asio::dispatch(lane_, [self = weak_from_this(), transfer = std::move(transfer)] {
        const auto shard = self.lock();
        const auto found = transfer.lock();
        if (!shard || !found) return;
        const std::scoped_lock lock(shard->mutex_);
        shard->end(found.get(), cancelled());
    });
}

void CurlShard::close() {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    while (!active_.empty()) end(active_.begin()->first, cancelled());
    for (auto* easy : idle_) curl_easy_cleanup(easy);
    idle_.clear();
    curl_multi_cleanup(multi_); // closes the connections through on_close
    curl_share_cleanup(sessions_);
    timer_.cancel();
    rest_timer_.cancel();
}

/// libcurl looks at what it keeps only when it is used. One timer serves all calls that end meanwhile.
void CurlShard::rest_later() {
    idle_since_ = std::chrono::steady_clock::now();
    if (std::exchange(is_rest_due_, true)) return;
    rest_timer_.expires_at(idle_since_ + kept_idle_);
    rest_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto shard = weak.lock();
        if (error || !shard) return;
        const std::scoped_lock lock(shard->mutex_);
        shard->is_rest_due_ = false;
        if (shard->is_closed_ || !shard->active_.empty()) return; // the end of the last one says it again
        const auto since = shard->idle_since_;
        if (std::chrono::steady_clock::now() >= since + shard->kept_idle_) return shard->rest();
        shard->rest_later();
        shard->idle_since_ = since;
    });
}

/// Closes connections and handles: what a flood has opened would stay for as long as nobody calls.
void CurlShard::rest() {
    auto* fresh = make_multi();
    if (fresh == nullptr) return;
    for (auto* easy : idle_) curl_easy_cleanup(easy);
    idle_ = {};
    curl_multi_cleanup(std::exchange(multi_, fresh)); // closes the connections through on_close
    give_back_own_heap();
}

auto CurlShard::take_handle() -> CURL* {
    if (!idle_.empty()) {
        auto* easy = idle_.back();
        idle_.pop_back();
        return easy;
    }
    auto* easy = curl_easy_init();
    if (easy != nullptr) curl_easy_setopt(easy, CURLOPT_SHARE, sessions_); // outlives curl_easy_reset
    return easy;
}

void CurlShard::begin(std::shared_ptr<Transfer> transfer) {
    auto* easy = is_closed_ ? nullptr : take_handle();
    if (easy == nullptr) {
        load_.fetch_sub(1);
        transfer->complete(is_closed_ ? cancelled() : fail(Errc::overloaded, "no memory for a request"));
        return;
    }
    transfer->prepare(easy, ca_file_);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlShard::on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlShard::on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);

    auto* key = transfer.get();
    auto& active = active_.try_emplace(key, Active{std::move(transfer), easy, asio::steady_timer(lane_)}).first->second;
    active.deadline.expires_at(active.transfer->deadline());
    active.deadline.async_wait(
        [self = weak_from_this(), waiting = std::weak_ptr(active.transfer)](boost::system::error_code error) {
            const auto shard = self.lock();
            const auto found = waiting.lock();
            if (error || !shard || !found) return;
            const std::scoped_lock lock(shard->mutex_);
            if (const auto it = shard->active_.find(found.get()); it != shard->active_.end()) {
                shard->end(found.get(), fail(found->timed_out(it->second.easy)));
            }
        });
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) end(key, fail(Errc::internal, "libcurl refused the request"));
}

void CurlShard::end(Transfer* transfer, Result<HttpResponse> result) {
    const auto it = active_.find(transfer);
    if (it == active_.end()) return; // ended before
    auto active = std::move(active_.extract(it).mapped());
    curl_multi_remove_handle(multi_, active.easy);
    if (idle_.size() < max_idle_handles && !is_closed_) {
        curl_easy_reset(active.easy); // it must not point into the transfer any longer
        idle_.push_back(active.easy);
    } else {
        curl_easy_cleanup(active.easy);
    }
    load_.fetch_sub(1);
    if (active_.empty() && !is_closed_) rest_later();
    active.transfer->complete(std::move(result));
}

void CurlShard::drive(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto* easy = message->easy_handle;
        const auto code = message->data.result; // the message dies with the handle's removal
        Transfer* transfer = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        end(transfer, transfer->verdict(easy, code));
    }
}

auto CurlShard::on_timer(CURLM*, long milliseconds, void* self) noexcept -> int {
    auto& me = *static_cast<CurlShard*>(self);
    const auto turn = ++me.timer_turn_;
    if (me.is_closed_) return 0;
    if (milliseconds < 0) {
        me.timer_.cancel();
    } else if (milliseconds == 0) { // must not be answered from in here; a posted call is cheaper than a timer
        if (std::exchange(me.is_kicked_, true)) return 0;
        asio::post(me.lane_, [weak = me.weak_from_this()] {
            const auto shard = weak.lock();
            if (!shard) return;
            const std::scoped_lock lock(shard->mutex_);
            shard->is_kicked_ = false;
            if (!shard->is_closed_) shard->drive(CURL_SOCKET_TIMEOUT, 0);
        });
    } else {
        me.timer_.expires_after(Duration(milliseconds));
        me.timer_.async_wait([weak = me.weak_from_this(), turn](boost::system::error_code error) {
            const auto shard = weak.lock();
            if (error || !shard) return;
            const std::scoped_lock lock(shard->mutex_);
            if (!shard->is_closed_ && shard->timer_turn_ == turn) shard->drive(CURL_SOCKET_TIMEOUT, 0);
        });
    }
    return 0;
}

auto CurlShard::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept -> curl_socket_t {
    auto& me = *static_cast<CurlShard*>(self);
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) return CURL_SOCKET_BAD;
    if (me.adopt(fd, true)) return fd;
    ::close(fd);
    return CURL_SOCKET_BAD;
}

auto CurlShard::on_close(void* self, curl_socket_t fd) noexcept -> int {
    auto& me = *static_cast<CurlShard*>(self);
    const auto it = me.watches_.find(fd);
    if (it == me.watches_.end()) return ::close(fd);
    it->second->is_gone = true;
    boost::system::error_code ignored; // nothing to be done about a close that fails
    it->second->descriptor.close(ignored);
    me.watches_.erase(it);
    return 0;
}

auto CurlShard::on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept -> int {
    static_cast<CurlShard*>(self)->watch(fd, what);
    Transfer* transfer = nullptr;
    if (what == CURL_POLL_IN) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer); // nothing is left to be sent
    if (transfer != nullptr) transfer->let_go_of_body();
    return 0;
}

void CurlShard::watch(curl_socket_t fd, int what) {
    auto it = watches_.find(fd);
    if (what == CURL_POLL_REMOVE) {
        if (it == watches_.end()) return;
        it->second->wanted = CURL_POLL_NONE;
        if (it->second->is_ours) return;
        it->second->is_gone = true;
        it->second->descriptor.release();
        watches_.erase(it);
        return;
    }
    const auto watch = it == watches_.end() ? adopt(fd, false) : it->second;
    if (!watch) return; // can't be polled; the deadline ends the transfer
    watch->wanted = what;
    arm(watch);
}

auto CurlShard::adopt(curl_socket_t fd, bool opened_here) -> std::shared_ptr<Watch> {
    auto watch = std::make_shared<Watch>(lane_, opened_here);
    boost::system::error_code error;
    watch->descriptor.assign(fd, error);
    if (error) return nullptr;
    watches_.insert_or_assign(fd, watch);
    return watch;
}

void CurlShard::arm(const std::shared_ptr<Watch>& watch) {
    const auto wait_for = [&](int poll, int select, auto kind) {
        if ((watch->wanted & poll) == 0 || (watch->pending & poll) != 0) return;
        watch->pending |= poll;
        watch->descriptor.async_wait(
            kind, [weak = weak_from_this(), watch, poll, select](boost::system::error_code error) {
                const auto shard = weak.lock();
                if (!shard) return;
                const std::scoped_lock lock(shard->mutex_);
                watch->pending &= ~poll;
                if (error == asio::error::operation_aborted || watch->is_gone || shard->is_closed_) return;
                if ((watch->wanted & poll) == 0) return;
                shard->drive(watch->descriptor.native_handle(), error ? CURL_CSELECT_ERR : select);
                if (!watch->is_gone) shard->arm(watch);
            });
    };
    wait_for(CURL_POLL_IN, CURL_CSELECT_IN, asio::posix::stream_descriptor::wait_read);
    wait_for(CURL_POLL_OUT, CURL_CSELECT_OUT, asio::posix::stream_descriptor::wait_write);
}

} // namespace dossier::net
