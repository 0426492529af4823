#include "dossier/ingest/sns.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <utility>

namespace dossier::ingest {
namespace {

using Type = SnsMessage::Type;

constexpr std::array types = {
    std::pair{std::string_view("Notification"), Type::notification},
    std::pair{std::string_view("SubscriptionConfirmation"), Type::subscription_confirmation},
    std::pair{std::string_view("UnsubscribeConfirmation"), Type::unsubscribe_confirmation},
};

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

auto text_of(JsonView body, std::string_view name) -> std::string {
    return std::string(body[name].string().value_or(""));
}

auto refuse(std::string reason) -> std::unexpected<Error> {
    ERR_clear_error();
    return fail(Errc::unauthenticated, std::move(reason));
}

auto read_certificate(const std::string& pem) -> Certificate {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return bio ? Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) : nullptr;
}

auto is_in_its_time(const X509* certificate, Timestamp now) -> bool {
    auto seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(now));
    return X509_cmp_time(X509_get0_notBefore(certificate), &seconds) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &seconds) > 0;
}

struct UrlParts {
    std::string_view host;
    std::string_view path;
    std::string_view query;
};

/// Anything that could make two readers disagree on the host (credentials, ports, backslashes, blanks) is no URL here.
auto split_https(std::string_view url) -> std::optional<UrlParts> {
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme)) return std::nullopt;
    const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
    if (!is_plain || url.contains('#')) return std::nullopt;
    const auto rest = url.substr(scheme.size());
    const auto end = rest.find_first_of("/?");
    if (end == std::string_view::npos) return std::nullopt;
    UrlParts parts{.host = rest.substr(0, end), .path = rest.substr(end), .query = {}};
    if (const auto mark = parts.path.find('?'); mark != std::string_view::npos) {
        parts.query = parts.path.substr(mark + 1);
        parts.path = parts.path.substr(0, mark);
    }
    return parts;
}

auto is_sns_host(std::string_view host) -> bool {
    constexpr std::string_view prefix = "sns.";
    if (!host.starts_with(prefix)) return false;
    host.remove_prefix(prefix.size());
    if (host.ends_with(".amazonaws.com.cn")) {
        host.remove_suffix(std::string_view(".amazonaws.com.cn").size());
    } else if (host.ends_with(".amazonaws.com")) {
        host.remove_suffix(std::string_view(".amazonaws.com").size());
    } else {
        return false;
    }
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

} // namespace

auto is_sns_message(JsonView body) -> bool {
    return body["Type"].is_string() && body["TopicArn"].is_string() && body["MessageId"].is_string();
}

auto parse_sns(JsonView body) -> Result<SnsMessage> {
    const auto word = text_of(body, "Type");
    const auto* const type = std::ranges::find(types, word, &decltype(types)::value_type::first);
    if (type == types.end()) return fail(Errc::malformed, "SNS sends no message of type `" + shorten(word, 60) + "`");
    SnsMessage message;
    message.type = type->second;
    message.message_id = text_of(body, "MessageId");
    message.topic_arn = text_of(body, "TopicArn");
    if (body["Subject"].is_string()) message.subject = text_of(body, "Subject");
    message.message = text_of(body, "Message");
    message.timestamp = text_of(body, "Timestamp");
    message.token = text_of(body, "Token");
    message.subscribe_url = text_of(body, "SubscribeURL");
    message.signature_version = text_of(body, "SignatureVersion");
    message.signature = text_of(body, "Signature");
    message.signing_cert_url = text_of(body, "SigningCertURL");
    if (message.signing_cert_url.empty()) message.signing_cert_url = text_of(body, "SigningCertUrl");
    const bool confirms = message.type != Type::notification;
    if (message.timestamp.empty() || !body["Message"].is_string() ||
        (confirms && (message.token.empty() || message.subscribe_url.empty())))
        return fail(Errc::malformed, "the message of SNS lacks members that its type has");
    return message;
}

auto sns_signed_text(const SnsMessage& message) -> std::string {
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) {
        text.append(name).append("\n").append(value).append("\n");
    };
    add("Message", message.message);
    add("MessageId", message.message_id);
    if (message.type == Type::notification) {
        if (message.subject) add("Subject", *message.subject);
        add("Timestamp", message.timestamp);
    } else {
        add("SubscribeURL", message.subscribe_url);
        add("Timestamp", message.timestamp);
        add("Token", message.token);
    }
    add("TopicArn", message.topic_arn);
    const auto* const type = std::ranges::find(types, message.type, &decltype(types)::value_type::second);
    add("Type", type->first);
    return text;
}

auto is_sns_certificate_url(std::string_view url) -> bool {
    const auto parts = split_https(url);
    return parts && is_sns_host(parts->host) && parts->query.empty() && !url.contains('?') &&
           parts->path.ends_with(".pem");
}

auto is_sns_confirmation_url(std::string_view url, std::string_view topic_arn) -> bool {
    const auto parts = split_https(url);
    if (!parts || !is_sns_host(parts->host) || parts->path != "/") return false;
    bool confirms = false;
    bool is_topic = false;
    for (const auto field : split(parts->query, '&')) {
        const auto equals = field.find('=');
        if (equals == std::string_view::npos) return false;
        const auto value = percent_decode(field.substr(equals + 1));
        if (!value) return false;
        const auto name = field.substr(0, equals);
        if (name == "Action") confirms = *value == "ConfirmSubscription";
        if (name == "TopicArn") is_topic = *value == topic_arn;
    }
    return confirms && is_topic;
}

auto check_sns_certificate(const std::string& pem) -> Result<void> {
    const auto certificate = read_certificate(pem);
    ERR_clear_error();
    if (!certificate) return fail(Errc::invalid_argument, "is no PEM certificate");
    if (EVP_PKEY_get_base_id(X509_get0_pubkey(certificate.get())) != EVP_PKEY_RSA)
        return fail(Errc::invalid_argument, "is no certificate with an RSA key");
    return {};
}

auto verify_sns(const SnsMessage& message, const std::string& pem, Timestamp now) -> Result<void> {
    const bool is_old = message.signature_version == "1";
    if (!is_old && message.signature_version != "2") return refuse("the message's signature version is unknown");
    const auto signature = base64_decode(message.signature);
    if (!signature || signature->empty()) return refuse("the message carries no signature");
    const auto certificate = read_certificate(pem);
    if (!certificate) return refuse("the certificate of the message's signature can't be read");
    if (!is_in_its_time(certificate.get(), now)) return refuse("the certificate of the signature is out of its time");
    auto* const key = X509_get0_pubkey(certificate.get());
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return refuse("the certificate of the message's signature has no RSA key");
    const DigestContext context(EVP_MD_CTX_new());
    const auto text = sns_signed_text(message);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const given = reinterpret_cast<const unsigned char*>(signature->data());
    const bool holds =
        context &&
        EVP_DigestVerifyInit(context.get(), nullptr, is_old ? EVP_sha1() : EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), given, signature->size(), bytes, text.size()) == 1;
    if (!holds) return refuse("the message's signature does not hold");
    return {};
}

} // namespace dossier::ingest
