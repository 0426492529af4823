#include "sns_signer.hpp"

#include "dossier/base/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

namespace dossier::ingest {
namespace {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

auto text_of(BIO* bio) -> std::string {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

/// Valid from 2020 to 2050, whatever the clock of the test says.
auto self_signed(EVP_PKEY* key) -> Certificate {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "20200101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "20491231235959Z");
    X509_set_pubkey(certificate.get(), key);
    auto* const name = X509_get_subject_name(certificate.get());
    const auto* const host = reinterpret_cast<const unsigned char*>("sns.amazonaws.com");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

/// The guide's lists, written apart from the code under test.
auto covered(const Json& message) -> std::string {
    std::vector<const char*> names = {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"};
    if (message.at("Type") != "Notification")
        names = {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"};
    std::string text;
    for (const auto* name : names) {
        if (message.contains(name)) text += std::string(name) + "\n" + message[name].get<std::string>() + "\n";
    }
    return text;
}

} // namespace

SnsSigner::SnsSigner() {
    const Key key(EVP_RSA_gen(2048));
    const auto certificate = self_signed(key.get());
    const Bio key_bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    key_ = text_of(key_bio.get());
    const Bio certificate_bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(certificate_bio.get(), certificate.get());
    certificate_ = text_of(certificate_bio.get());
}

void SnsSigner::sign(Json& message) const {
    const Bio bio(BIO_new_mem_buf(key_.data(), static_cast<int>(key_.size())));
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    const auto text = covered(message);
    const auto* const digest = message.at("SignatureVersion") == "1" ? EVP_sha1() : EVP_sha256();
    const DigestContext context(EVP_MD_CTX_new());
    EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size());
    signature.resize(size);
    message["Signature"] = base64_encode(signature);
}

auto SnsSigner::notification(const std::string& topic, const std::string& message) const -> Json {
    Json signed_message{{"Type", "Notification"},
                        {"MessageId", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"},
                        {"TopicArn", topic},
                        {"Message", message},
                        {"Timestamp", "2026-11-22T10:00:00.000Z"},
                        {"SignatureVersion", "2"},
                        {"SigningCertURL", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem"}};
    sign(signed_message);
    return signed_message;
}

} // namespace dossier::ingest
