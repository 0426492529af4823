#pragma once
// AWS Signature Version 4 over request headers, as a pure function on OpenSSL. libcurl's own signer can't sign Bedrock
// model ids, unsorted queries or S3 bodies, so this one is held to AWS' official vectors (tests/net/sigv4_test.cpp) and
// to other signers (tests/conformance/check_sigv4.py).
// Follows "Create a signed AWS API request" of the IAM User Guide.

#include "dossier/base/time.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/http_client.hpp"

#include <string>

namespace dossier::net {

struct AwsKeys {
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token; ///< of temporary credentials; "" = long-lived keys
};

struct SigV4Options {
    std::string region;  ///< of the credential scope
    std::string service; ///< signing name: "bedrock" for bedrock-runtime, "s3" for s3-control
    Timestamp time{};
    /// S3 signs a path as it is sent; everybody else encodes it once more and takes `.`, `..` and `//` out of it.
    bool path_as_sent = false;
    bool signs_body = true;          ///< false: UNSIGNED-PAYLOAD
    bool sends_content_hash = false; ///< adds x-amz-content-sha256, which S3 insists on
    bool signs_session_token = true; ///< false: the token is added, but stands outside the signature
};

/// What a signature consists of; the first two are for whoever has to find out why another side disagrees.
struct SigV4Signature {
    std::string canonical_request;
    std::string string_to_sign;
    std::string signature;     ///< hex
    std::string authorization; ///< value of the header
};

/// The credential options by service: S3 and S3 Control are signed as sent and with their content hash.
[[nodiscard]] auto sigv4_options(std::string service, std::string region, Timestamp time) -> SigV4Options;

/// Adds `X-Amz-Date`, `X-Amz-Security-Token` and `x-amz-content-sha256` where they belong, and `Authorization`, which
/// covers method, URL, host and every header of the request but those that travel hop by hop. The URL is sent as it
/// stands: what has to be percent-encoded in it already is.
auto sign_v4(ClientRequest& request, const AwsKeys& keys, const SigV4Options& options) -> SigV4Signature;

} // namespace dossier::net
