#pragma once
// Messages of Amazon SNS over HTTP(S): what stands in them and whether Amazon has signed them. Follows "Verifying the
// signatures of Amazon SNS messages" of the developer guide: version 1 is RSA with SHA-1, version 2 with SHA-256, over
// the named members in a fixed order. Certificates and confirmations are only ever fetched from hosts of SNS itself.

#include "dossier/base/error.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::ingest {

struct SnsMessage {
    enum class Type { notification, subscription_confirmation, unsubscribe_confirmation } type = Type::notification;
    std::string message_id;
    std::string topic_arn;
    std::optional<std::string> subject;
    std::string message;
    std::string timestamp;
    std::string token;         ///< confirmations
    std::string subscribe_url; ///< confirmations
    std::string signature_version;
    std::string signature; ///< base64
    std::string signing_cert_url;
};

/// True for a body that SNS itself made; raw delivery has none of its members.
[[nodiscard]] auto is_sns_message(JsonView body) -> bool;
/// `malformed` for an unknown type or a member that a signature needs and that is missing.
[[nodiscard]] auto parse_sns(JsonView body) -> Result<SnsMessage>;
/// "Message\n<message>\nMessageId\n…": what the signature covers.
[[nodiscard]] auto sns_signed_text(const SnsMessage& message) -> std::string;
/// https, a host of SNS (^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$), no port, no credentials, a path that ends in .pem.
[[nodiscard]] auto is_sns_certificate_url(std::string_view url) -> bool;
/// The same hosts, `Action=ConfirmSubscription` for this topic.
[[nodiscard]] auto is_sns_confirmation_url(std::string_view url, std::string_view topic_arn) -> bool;
/// `unauthenticated` where the signature does not hold or the certificate is out of its time.
/// @param certificate PEM
[[nodiscard]] auto verify_sns(const SnsMessage& message, const std::string& certificate, Timestamp now) -> Result<void>;
/// `invalid_argument` unless `certificate` is a PEM certificate with an RSA key.
[[nodiscard]] auto check_sns_certificate(const std::string& certificate) -> Result<void>;

} // namespace dossier::ingest
