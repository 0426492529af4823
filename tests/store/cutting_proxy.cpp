#include "cutting_proxy.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dossier::store {

namespace {

constexpr int look_again_ms = 20; ///< how soon a thread learns of the end
/// The statement as Parse carries it, and the server's CommandComplete: both end with a zero.
constexpr std::string_view commit_word{"COMMIT\0", 7};

auto loopback_at(int port) -> sockaddr_in {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

auto pass_on(int to, std::string_view bytes) -> bool {
    while (!bytes.empty()) {
        const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

} // namespace

CuttingProxy::CuttingProxy(int server_port)
    : server_port_(server_port), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback_at(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("the proxy can't listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
    closing_ = true;
    acceptor_.join();
    for (auto& relay : relays_) relay.join();
    ::close(listener_);
}

void CuttingProxy::accept_all() {
    while (!closing_) {
        pollfd wait{.fd = listener_, .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, look_again_ms) <= 0) continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        if (refuses_) {
            ::close(client);
            continue;
        }
        const std::scoped_lock lock(relays_mutex_);
        relays_.emplace_back([this, client] { relay(client); });
    }
}

void CuttingProxy::relay(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback_at(server_port_);
    bool goes_on = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    bool waits_for_word = false;
    std::array<char, 65536> buffer{};
    std::array<pollfd, 2> waits{pollfd{.fd = client, .events = POLLIN, .revents = 0},
                                pollfd{.fd = server, .events = POLLIN, .revents = 0}};
    while (goes_on && !closing_) {
        if (::poll(waits.data(), waits.size(), look_again_ms) <= 0) continue;
        for (std::size_t from = 0; from < waits.size() && goes_on; ++from) {
            if (waits.at(from).revents == 0) continue;
            const auto got = ::recv(waits.at(from).fd, buffer.data(), buffer.size(), 0);
            const std::string_view bytes(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
            const bool from_client = from == 0;
            const bool commits = bytes.contains(commit_word);
            if (from_client && commits && cut_ == Cut::before_commit) {
                cut_ = Cut::never;
                ++cuts_;
                goes_on = false;
                break;
            }
            if (from_client && commits && cut_ == Cut::after_commit) {
                cut_ = Cut::never;
                waits_for_word = true;
            }
            if (!from_client && commits && waits_for_word) {
                ++cuts_;
                goes_on = false;
                break;
            }
            goes_on = got > 0 && pass_on(from_client ? server : client, bytes);
        }
    }
    ::close(server);
    ::close(client);
}

} // namespace dossier::store
