#include "scripted_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace dossier::net::test {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

namespace {

auto length_of_body(const std::string& head) -> std::size_t {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

auto shake_hands(tcp::socket&) -> asio::awaitable<bool> { co_return true; }
auto shake_hands(asio::ssl::stream<tcp::socket>& stream) -> asio::awaitable<bool> {
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, quietly);
    co_return !error;
}

template <class Write>
auto to_pem(Write write) -> std::string {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    write(bio.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

auto answer(int status, std::string body, std::string extra_headers) -> Answer {
    return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n" + extra_headers + "\r\n" + body};
}

ScriptedServer::ScriptedServer(Script script) : ScriptedServer(std::move(script), "", "") {}

ScriptedServer::ScriptedServer(Script script, const std::string& certificate, const std::string& key)
    : script_(std::move(script)),
      acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
      tls_(asio::ssl::context::tls_server),
      is_tls_(!certificate.empty()) {
    acceptor_.listen(4096);
    if (is_tls_) {
        tls_.use_certificate_chain(asio::buffer(certificate));
        tls_.use_private_key(asio::buffer(key), asio::ssl::context::pem);
    }
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

ScriptedServer::~ScriptedServer() {
    context_.stop();
    thread_.join();
}

auto ScriptedServer::url(const std::string& path) const -> std::string {
    return std::string(is_tls_ ? "https" : "http") +
           "://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
}

auto ScriptedServer::heads() const -> std::vector<std::string> {
    const std::scoped_lock lock(mutex_);
    return heads_;
}

auto ScriptedServer::wait_for_requests(int count) const -> bool {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (requests_ < count && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return requests_ >= count;
}

auto ScriptedServer::wait_for_no_connection() const -> bool {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (open_ > 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return open_ == 0;
}

auto ScriptedServer::accept() -> asio::awaitable<void> {
    for (;;) {
        auto [error, socket] = co_await acceptor_.async_accept(quietly);
        if (error) co_return;
        ++connections_;
        if (slams_) continue; // the socket goes, and the connection with it
        socket.set_option(tcp::no_delay(true));
        if (is_tls_) {
            asio::co_spawn(context_, serve(asio::ssl::stream<tcp::socket>(std::move(socket), tls_)), asio::detached);
        } else {
            asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
        }
    }
}

template <class Stream>
auto ScriptedServer::serve(Stream stream) -> asio::awaitable<void> {
    struct Open {
        std::atomic<int>& count;
        explicit Open(std::atomic<int>& open) : count(open) { ++count; }
        ~Open() { --count; }
    } const open(open_);
    if (!co_await shake_hands(stream)) co_return;
    std::string buffer;
    for (;;) {
        const auto [error, end] =
            co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer), "\r\n\r\n", quietly);
        if (error) co_return;
        const auto head = buffer.substr(0, end);
        buffer.erase(0, end);
        const auto length = length_of_body(head);
        if (buffer.size() < length) {
            const auto [cut, more] = co_await asio::async_read(
                stream, asio::dynamic_buffer(buffer), asio::transfer_at_least(length - buffer.size()), quietly);
            if (cut) co_return;
        }
        const auto body = buffer.substr(0, length);
        buffer.erase(0, length);
        {
            const std::scoped_lock lock(mutex_);
            heads_.push_back(head);
        }
        const auto reply = script_(head, body, ++requests_);
        if (reply.delay.count() > 0) {
            asio::steady_timer timer(context_, reply.delay);
            co_await timer.async_wait(quietly);
        }
        const auto [broken, sent] = co_await asio::async_write(stream, asio::buffer(reply.bytes), quietly);
        if (broken || reply.closes) co_return;
    }
}

auto make_self_signed() -> SelfSigned {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    const auto* common_name = reinterpret_cast<const unsigned char*>("127.0.0.1");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    return {.certificate = to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); }),
            .key = to_pem(
                [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

} // namespace dossier::net::test
