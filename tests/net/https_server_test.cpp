#include "http_server_fixture.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <unistd.h>

namespace dossier::net::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace ssl = boost::asio::ssl;

struct Identity {
    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate;
};

/// A certificate for `name` of `Dossier, Test`, signed by `issuer` or by itself.
auto make_identity(const std::string& name, const Identity* issuer, bool is_ca) -> Identity {
    Identity made{.key = {EVP_EC_gen("P-256"), EVP_PKEY_free}, .certificate = {X509_new(), X509_free}};
    auto* certificate = made.certificate.get();
    static long serial = 0;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, made.key.get());
    auto* subject = X509_get_subject_name(certificate);
    for (const auto& [key, value] :
         {std::pair<const char*, std::string>{"O", "Dossier, Test"}, std::pair<const char*, std::string>{"CN", name}}) {
        X509_NAME_add_entry_by_txt(subject, key, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()),
                                   -1, -1, 0);
    }
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate.get()) : subject);
    if (is_ca) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
    return made;
}

class HttpsServerTest : public HttpServerTest {
protected:
    HttpsServerTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "dossier-tls-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
        config.tls.cert = (directory_ / "server.pem").string();
        config.tls.key = (directory_ / "server.key").string();
        handler = [](HttpRequest request) -> Task<HttpResponse> {
            co_return HttpResponse{.status = 200, .headers = {}, .body = "subject=" + request.tls_subject + ";"};
        };
        install(make_identity("server-1", nullptr, false));
    }
    ~HttpsServerTest() override { std::filesystem::remove_all(directory_); }

    static void write_pem(const std::string& path, const std::function<void(std::FILE*)>& write) {
        auto* file = std::fopen(path.c_str(), "w");
        ASSERT_NE(file, nullptr);
        write(file);
        std::fclose(file);
    }
    static void write_certificate(const std::string& path, const Identity& identity) {
        write_pem(path, [&](std::FILE* file) { PEM_write_X509(file, identity.certificate.get()); });
    }
    void install(const Identity& identity) {
        write_certificate(config.tls.cert, identity);
        write_pem(config.tls.key, [&](std::FILE* file) {
            PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    struct Outcome {
        boost::system::error_code handshake;
        std::string answer;
        std::string server_name;
    };
    /// One GET over TLS, as `identity` where given.
    static auto get(std::uint16_t port, const Identity* identity = nullptr, int max_version = TLS1_3_VERSION)
        -> Outcome {
        ssl::context context(ssl::context::tls_client);
        SSL_CTX_set_max_proto_version(context.native_handle(), max_version);
        if (identity) {
            SSL_CTX_use_certificate(context.native_handle(), identity->certificate.get());
            SSL_CTX_use_PrivateKey(context.native_handle(), identity->key.get());
        }
        RawClient<ssl::stream<tcp::socket>> client(port, context);
        Outcome outcome;
        outcome.handshake =
            client.run([&](auto done) { client.stream().async_handshake(ssl::stream_base::client, done); });
        if (outcome.handshake) return outcome;
        const std::unique_ptr<X509, decltype(&X509_free)> peer(
            SSL_get1_peer_certificate(client.stream().native_handle()), X509_free);
        std::array<char, 64> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
        outcome.server_name = name.data();
        outcome.answer = client.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        if (!outcome.answer.empty()) EXPECT_TRUE(client.is_closed());
        return outcome;
    }

    std::filesystem::path directory_;
};

TEST_F(HttpsServerTest, ServesOverTls12AndNewerOnly) {
    const auto port = start();
    EXPECT_THAT(get(port).answer, HasSubstr("subject=;"));
    EXPECT_THAT(get(port, nullptr, TLS1_2_VERSION).answer, StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(get(port, nullptr, TLS1_1_VERSION).handshake);
}

TEST_F(HttpsServerTest, StreamsOverTlsAndKeepsTheConnection) {
    handler = [](HttpRequest) -> Task<HttpResponse> {
        co_return HttpResponse{.status = 200, .headers = {}, .body = {}, .stream = [](BodyWriter& out) -> Task<void> {
                                   co_await out.write("one");
                                   co_await sleep_for(5ms); // the look at the client is waiting by now
                                   co_await out.write("two");
                               }};
    };
    ssl::context context(ssl::context::tls_client);
    RawClient<ssl::stream<tcp::socket>> client(start(), context);
    ASSERT_FALSE(client.run([&](auto done) { client.stream().async_handshake(ssl::stream_base::client, done); }));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        EXPECT_THAT(client.until("0\r\n\r\n"), HasSubstr("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    }
}

TEST_F(HttpsServerTest, TakesTheSubjectOnlyFromAVerifiedClientCertificate) {
    const auto authority = make_identity("authority", nullptr, true);
    const auto friendly = make_identity("wiz", &authority, false);
    const auto stranger = make_identity("wiz", nullptr, false);
    config.tls.client_ca = (directory_ / "ca.pem").string();
    write_certificate(config.tls.client_ca, authority);
    const auto port = start();
    EXPECT_THAT(get(port, &friendly).answer, HasSubstr("subject=CN=wiz,O=Dossier\\, Test;"));
    EXPECT_THAT(get(port).answer, HasSubstr("subject=;"));
    EXPECT_EQ(get(port, &stranger).answer, "");
}

TEST_F(HttpsServerTest, IgnoresClientCertificatesItDidNotAskFor) {
    const auto stranger = make_identity("wiz", nullptr, false);
    EXPECT_THAT(get(start(), &stranger).answer, HasSubstr("subject=;"));
}

TEST_F(HttpsServerTest, ReloadsCertificatesAndKeepsTheOldOnesOnError) {
    const auto port = start();
    EXPECT_EQ(get(port).server_name, "server-1");
    install(make_identity("server-2", nullptr, false));
    ASSERT_TRUE(server->reload_tls());
    EXPECT_EQ(get(port).server_name, "server-2");
    write_certificate(config.tls.cert, make_identity("server-3", nullptr, false)); // its key is missing
    const auto failed = server->reload_tls();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::invalid_argument);
    EXPECT_EQ(get(port).server_name, "server-2");
}

TEST_F(HttpsServerTest, DoesNotStartWithAnUnreadableCertificate) {
    config.tls.cert = "/nonexistent/server.pem";
    HttpServer broken(runtime, config, metrics, gate, handler, {});
    const auto started = broken.start();
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().describe(), HasSubstr("/nonexistent/server.pem"));
}

TEST_F(HttpsServerTest, AHandshakeThatStallsIsEnded) {
    config.header_timeout = 100ms;
    Client silent(start());
    EXPECT_TRUE(silent.is_closed());
}

} // namespace
} // namespace dossier::net::testing
