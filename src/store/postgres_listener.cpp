#include "postgres_listener.hpp"

#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_silence = 30s; ///< then the connection is looked at
constexpr auto longest_outage = 1h;   ///< of one wait; the next begins at once

} // namespace

PostgresListener::PostgresListener(const PostgresTarget& target, Waker& waker, std::function<int()> own_backend)
    : waker_(waker),
      own_backend_(std::move(own_backend)),
      wake_fd_(::eventfd(0, EFD_CLOEXEC)),
      link_("listener", target, PostgresTarget::Access::read_write, closing_),
      thread_([this] { loop(); }) {}

PostgresListener::~PostgresListener() {
    close();
    ::close(wake_fd_);
}

void PostgresListener::close() {
    closing_ = true;
    static_cast<void>(::eventfd_write(wake_fd_, 1));
    if (thread_.joinable()) thread_.join();
}

void PostgresListener::loop() {
    while (!closing_) {
        try {
            listen();
        } catch (const PostgresFailure& failure) {
            link_.drop(failure);
        }
    }
}

void PostgresListener::listen() {
    const bool is_new = !link_.is_up();
    auto& db = link_.get_within(longest_outage);
    if (is_new) {
        db.listen("dossier_ready");
        if (std::exchange(has_listened_, true)) waker_.wake(); // whatever came while nobody listened
    }
    if (db.wait_for_notification(wake_fd_, longest_silence, own_backend_())) waker_.wake();
}

} // namespace dossier::store
