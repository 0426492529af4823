#pragma once
// Between Beast's parsed messages and our plain ones, and from our answers to bytes. What Beast lets pass but a server
// behind or before a proxy must not (RFC 9112 §6.3: two lengths, a last coding other than chunked) is refused here.

#include "dossier/net/http_message.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <expected>
#include <string>
#include <string_view>

namespace dossier::net {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// Why a request is not carried out. `status` 0: there is nobody to tell, close.
struct Refusal {
    int status = 0;
    std::string_view detail;
};
using Step = std::expected<void, Refusal>;

/// What a parser error means to the client.
[[nodiscard]] auto refusal_for(boost::system::error_code error) -> Refusal;
/// Request id and trace of whatever was parsed, so that refusals carry them too.
void take_ids(const BeastRequest& message, HttpRequest& out);
/// Method, target, path, query and headers; refuses what is ambiguous.
[[nodiscard]] auto take_head(const BeastRequest& message, HttpRequest& out) -> Step;

struct ReplyOptions {
    std::string_view request_id;
    bool head_only = false; ///< the request was HEAD
    bool close = false;     ///< the connection ends after this answer
    bool http10 = false;    ///< an HTTP/1.0 client has to be told that the connection stays
};
/// Status line and fields. Framing fields are ours alone; line breaks in values become blanks.
[[nodiscard]] auto serialise_head(const HttpResponse& response, const ReplyOptions& options) -> std::string;
/// 1xx, 204 and 304 never have a body.
[[nodiscard]] auto may_have_body(int status) -> bool;

/// Label values: known methods else "other", and "2xx".
[[nodiscard]] auto method_label(std::string_view method) -> std::string_view;
[[nodiscard]] auto status_label(int status) -> std::string_view;

} // namespace dossier::net
