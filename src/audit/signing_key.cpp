#include "signing_key.hpp"

#include "dossier/base/log.hpp"
#include "durable_file.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <filesystem>

namespace dossier::audit {
namespace {

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

auto text_of(BIO* bio) -> std::string {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

auto bytes(std::string_view text) -> const unsigned char* {
    return reinterpret_cast<const unsigned char*>(text.data()); // OpenSSL's type for bytes
}

auto no_passphrase(char* /*buffer*/, int /*size*/, int /*is_write*/, void* /*data*/) -> int { return -1; }

} // namespace

void SigningKey::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

auto SigningKey::open(const std::string& path) -> Result<SigningKey> {
    auto key = read(path);
    if (!key && key.error().code == Errc::not_found) key = make(path);
    if (!key) return key;
    const auto expected = key->public_pem();
    const auto published = read_whole_file(path + ".pub");
    if (!published) return fail(published.error());
    if (!*published) {
        if (auto written = create_file(path + ".pub", expected, 0644);
            !written && written.error().code != Errc::conflict)
            return fail(written.error());
    } else if (**published != expected) {
        return fail(Errc::malformed, fmt::format("{}.pub belongs to another key than {}; to begin with a new key, move "
                                                 "the .pub and .head files of the old one away",
                                                 path, path));
    }
    return key;
}

auto SigningKey::read(const std::string& path) -> Result<SigningKey> {
    auto pem = read_whole_file(path);
    if (!pem) return fail(pem.error());
    if (!*pem) return fail(Errc::not_found, fmt::format("there is no {}", path));
    const Bio bio(BIO_new_mem_buf((*pem)->data(), static_cast<int>((*pem)->size())));
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    OPENSSL_cleanse((*pem)->data(), (*pem)->size());
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519)
        return fail(Errc::malformed, fmt::format("{} holds no Ed25519 private key in PEM", path));
    using std::filesystem::perms;
    std::error_code error;
    const auto mode = std::filesystem::status(path, error).permissions();
    if ((mode & (perms::group_all | perms::others_all)) != perms::none)
        log::warn("audit.key_is_readable", {{"path", path}});
    return SigningKey(std::move(key));
}

auto SigningKey::make(const std::string& path) -> Result<SigningKey> {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Bio bio(BIO_new(BIO_s_secmem()));
    if (!key || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail(Errc::internal, "can't make an Ed25519 key");
    auto pem = text_of(bio.get());
    const auto written = create_file(path, pem, 0600);
    OPENSSL_cleanse(pem.data(), pem.size());
    if (!written && written.error().code != Errc::conflict) return fail(written.error());
    if (written) log::info("audit.key_made", {{"path", path}});
    return read(path); // ours, or that of who was first
}

auto SigningKey::public_pem() const -> std::string {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) return {};
    return text_of(bio.get());
}

auto SigningKey::sign(std::string_view message) const -> Result<std::string> {
    const Context context(EVP_MD_CTX_new());
    std::size_t size = 64;
    std::string signature(size, '\0');
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(message),
                       message.size()) != 1)
        return fail(Errc::internal, "can't sign the head of the audit chain");
    signature.resize(size);
    return signature;
}

auto SigningKey::holds(std::string_view message, std::string_view signature) const -> bool {
    const Context context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

} // namespace dossier::audit
