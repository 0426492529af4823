#include "server_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace dossier::net {

namespace ssl = boost::asio::ssl;

namespace {

auto unusable(const char* what, const std::string& file, const std::string& reason) {
    Error error{.code = Errc::invalid_argument, .message = std::string(what) + " can't be used: " + reason};
    return fail(std::move(error).with("file", file));
}

auto last_reason() -> std::string {
    const auto code = ERR_get_error();
    const auto* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason != nullptr ? reason : "unknown reason";
}

} // namespace

auto make_server_tls(const TlsConfig& config) -> Result<std::shared_ptr<ssl::context>> {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    auto* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);

    boost::system::error_code error;
    context->use_certificate_chain_file(config.cert, error);
    if (error) return unusable("server.tls.cert", config.cert, error.message());
    context->use_private_key_file(config.key, ssl::context::pem, error);
    if (error) return unusable("server.tls.key", config.key, error.message());
    if (SSL_CTX_check_private_key(native) != 1) return unusable("server.tls.key", config.key, last_reason());

    if (!config.client_ca.empty()) {
        context->load_verify_file(config.client_ca, error);
        if (error) return unusable("server.tls.client_ca", config.client_ca, error.message());
        auto* names = SSL_load_client_CA_file(config.client_ca.c_str());
        if (names == nullptr) return unusable("server.tls.client_ca", config.client_ca, last_reason());
        SSL_CTX_set_client_CA_list(native, names); // takes ownership
        context->set_verify_mode(ssl::verify_peer);
        // Resumed sessions carry the client's verification with them; OpenSSL wants them named then.
        constexpr unsigned char name[] = "dossier";
        SSL_CTX_set_session_id_context(native, name, sizeof name - 1);
    }
    return context;
}

auto verified_subject(SSL* connection) -> std::string {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(connection), X509_free);
    if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
    if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253) < 0) {
        return {};
    }
    char* data = nullptr;
    const auto size = BIO_get_mem_data(text.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

} // namespace dossier::net
