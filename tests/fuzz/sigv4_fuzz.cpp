// Requests to AWS carry names that others chose, in paths, queries and headers: whatever they are, the signature is one
// line of the known form, the same twice, over sorted headers, and no line can be smuggled into what is signed.
// An input is a method, an address, headers `name: value` a line each, an empty line, and a body.

#include "fuzz.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/net/sigv4.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace dossier;
using fuzz::require;

auto is_token(std::string_view name) -> bool {
    return std::ranges::all_of(name, [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

auto request_of(std::string_view text) -> net::ClientRequest {
    net::ClientRequest request;
    request.method = fuzz::take_line(text);
    request.url = fuzz::take_line(text);
    while (!text.empty()) {
        const auto line = fuzz::take_line(text);
        if (line.empty()) break;
        const auto colon = line.find(':');
        // Names of headers are ours; what others chose are values.
        if (colon == 0 || colon == std::string_view::npos || !is_token(line.substr(0, colon))) continue;
        request.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
    }
    request.body = text;
    return request;
}

auto signed_with(const char* secret, net::ClientRequest request, const net::SigV4Options& options) {
    return net::sign_v4(request,
                        {.access_key_id = "AKIDEXAMPLE",
                         .secret_access_key = Secret(secret),
                         .session_token = Secret("token-of-a-session")},
                        options);
}

auto without_signature(std::string_view authorization) -> std::string_view {
    return authorization.substr(0, authorization.rfind("Signature="));
}

void check(const net::ClientRequest& request, const net::SigV4Options& options) {
    constexpr auto* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const auto made = signed_with(secret, request, options);
    require(signed_with(secret, request, options).authorization == made.authorization, "one request, one signature");
    require(made.signature.size() == 64, "a signature is a SHA-256 in hex");
    require(made.authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20"), "the form is AWS'");
    require(made.authorization.find_first_of("\r\n") == std::string::npos, "the header is one line");
    // That the text lacks the secret can't be claimed: an input may hold it.
    const auto other = signed_with("another secret", request, options);
    require(other.canonical_request == made.canonical_request &&
                without_signature(other.authorization) == without_signature(made.authorization),
            "nothing but the signature depends on the secret");
    require(other.signature != made.signature, "and that does");

    constexpr std::string_view mark = "SignedHeaders=";
    const auto begin = made.authorization.find(mark) + mark.size();
    const auto list = std::string_view(made.authorization).substr(begin, made.authorization.find(',', begin) - begin);
    const auto names = split(list, ';');
    require(std::ranges::is_sorted(names) && std::ranges::adjacent_find(names) == names.end(), "headers are in order");
    require(std::ranges::find(names, "host") != names.end(), "the host is signed");
    // Method, path, query, one line a header, an empty line, the list and the hash: a line more would be one that
    // somebody else wrote.
    require(split(made.canonical_request, '\n').size() == names.size() + 6, "nobody adds a line to what is signed");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto request = request_of(fuzz::text_of(data, size));
    if (request.method.contains('\r')) return 0; // ours alone
    for (const auto* service : {"s3", "sts", "bedrock"})
        check(request, net::sigv4_options(service, "eu-central-1", Timestamp{std::chrono::seconds{1'790'000'000}}));
    return 0;
}
