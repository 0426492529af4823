#include "dossier/api/problem.hpp"

#include "dossier/base/json.hpp"

#include <algorithm>

namespace dossier::api {

namespace {

auto title_of(int status) -> std::string_view {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return status >= 500 ? "Internal Server Error" : "Error";
    }
}

} // namespace

auto status_of(Errc code) -> int {
    switch (code) {
    case Errc::invalid_argument:
    case Errc::malformed:
        return 400;
    case Errc::unauthenticated:
        return 401;
    case Errc::forbidden:
        return 403;
    case Errc::not_found:
        return 404;
    case Errc::conflict:
        return 409;
    case Errc::too_large:
        return 413;
    case Errc::rate_limited:
        return 429;
    case Errc::overloaded:
    case Errc::storage:
    case Errc::unavailable:
        return 503;
    default:
        return 500;
    }
}

auto problem(int status, std::string_view detail, const std::string& request_id, std::string_view code)
    -> net::HttpResponse {
    OrderedJson body{{"type", "about:blank"}, {"title", title_of(status)}, {"status", status}, {"detail", detail}};
    if (!code.empty()) body["code"] = code;
    if (!request_id.empty()) body["request_id"] = request_id;
    net::HttpResponse response;
    response.status = status;
    response.headers.set("Content-Type", "application/problem+json");
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503) response.headers.set("Retry-After", "1");
    response.body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    return response;
}

auto problem(const Error& error, const std::string& request_id) -> net::HttpResponse {
    auto response = problem(status_of(error.code), error.message, request_id, name_of(error.code));
    if (error.retry_after && (response.status == 429 || response.status == 503)) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
        response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
    }
    return response;
}

} // namespace dossier::api
