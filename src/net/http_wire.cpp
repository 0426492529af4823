#include "http_wire.hpp"

#include "trace_context.hpp"

#include "dossier/base/strings.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace dossier::net {

namespace http = boost::beast::http;

namespace {

auto view(boost::beast::string_view text) -> std::string_view { return {text.data(), text.size()}; }

auto bad_request(std::string_view detail) -> Step { return std::unexpected(Refusal{400, detail}); }

auto check_framing(const BeastRequest& message) -> Step {
    const auto lengths = message.count(http::field::content_length);
    const auto codings = message.count(http::field::transfer_encoding);
    if (lengths > 1) return bad_request("more than one Content-Length");
    if (lengths == 1 && codings > 0) return bad_request("both Content-Length and Transfer-Encoding");
    if (codings > 0) {
        if (message.version() < 11) return bad_request("Transfer-Encoding in an HTTP/1.0 request");
        if (codings > 1 || !iequals(view(message[http::field::transfer_encoding]), "chunked")) {
            return std::unexpected(Refusal{501, "the only transfer coding understood is chunked"});
        }
    }
    const auto hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return bad_request("exactly one Host is required");
    return {};
}

auto decode_query_part(std::string_view part) -> std::optional<std::string> {
    return percent_decode(part.contains('+') ? replace_all(std::string(part), "+", " ") : std::string(part));
}

auto take_query(std::string_view query, HttpRequest& out) -> bool {
    for (const auto pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto key = decode_query_part(pair.substr(0, equals));
        auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                      : decode_query_part(pair.substr(equals + 1));
        if (!key || !value) return false;
        out.query.emplace_back(std::move(*key), std::move(*value));
    }
    return true;
}

/// origin-form, absolute-form (servers must take it, RFC 9112 §3.2.2) or `*`.
auto take_target(HttpRequest& out) -> bool {
    std::string_view rest = out.target;
    if (rest == "*") {
        out.path = "*";
        return true;
    }
    if (const auto scheme = lower(rest.substr(0, 8)); scheme.starts_with("http://") || scheme == "https://") {
        rest.remove_prefix(rest.find("//") + 2);
        const auto path = rest.find_first_of("/?");
        rest = path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
        if (rest.starts_with('?')) {
            out.path = "/";
            return take_query(rest.substr(1), out);
        }
    }
    if (!rest.starts_with('/')) return false;
    rest = rest.substr(0, rest.find('#'));
    const auto mark = rest.find('?');
    auto path = percent_decode(rest.substr(0, mark));
    if (!path || path->contains('\0')) return false;
    out.path = std::move(*path);
    return mark == std::string_view::npos || take_query(rest.substr(mark + 1), out);
}

/// IMF-fixdate, made once a second and thread.
auto date() -> const std::string& {
    thread_local std::time_t made = 0;
    thread_local std::string text;
    if (const auto now = std::time(nullptr); now != made) {
        made = now;
        text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    }
    return text;
}

/// Fields the server writes itself, whatever the handler says.
auto is_ours(std::string_view name) -> bool {
    constexpr std::array<std::string_view, 6> ours = {"Connection", "Content-Length",    "Date",
                                                      "Keep-Alive", "Transfer-Encoding", "X-Request-Id"};
    return std::ranges::any_of(ours, [&](std::string_view own) { return iequals(own, name); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    const auto append_line_safe = [&](std::string_view text) {
        std::ranges::transform(text, std::back_inserter(out),
                               [](char c) { return c == '\r' || c == '\n' || c == '\0' ? ' ' : c; });
    };
    append_line_safe(name);
    out += ": ";
    append_line_safe(value);
    out += "\r\n";
}

} // namespace

auto refusal_for(boost::system::error_code error) -> Refusal {
    if (error == http::error::header_limit) return {431, "the header is larger than this server takes"};
    if (error == http::error::body_limit) return {413, "the body is larger than this server takes"};
    return {400, "the request doesn't follow HTTP/1.1"};
}

void take_ids(const BeastRequest& message, HttpRequest& out) {
    const auto single = [&](std::string_view name) -> std::optional<std::string_view> {
        if (message.count(name) != 1) return std::nullopt;
        return view(message[name]);
    };
    out.request_id = request_id_from(single("X-Request-Id"));
    out.traceparent = continue_trace(single("traceparent"));
}

auto take_head(const BeastRequest& message, HttpRequest& out) -> Step {
    if (auto framing = check_framing(message); !framing) return framing;
    out.method = view(message.method_string());
    out.target = view(message.target());
    if (!take_target(out)) return bad_request("the request target can't be read");
    for (const auto& field : message) {
        out.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
    }
    if (const auto expect = out.headers.get("Expect"); expect && !iequals(*expect, "100-continue")) {
        return std::unexpected(Refusal{417, "the only expectation understood is 100-continue"});
    }
    return {};
}

auto serialise_head(const HttpResponse& response, const ReplyOptions& options) -> std::string {
    std::string out;
    out.reserve(512);
    const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, view(reason), date());
    for (const auto& [name, value] : response.headers.all()) {
        if (!is_ours(name)) append_field(out, name, value);
    }
    append_field(out, "X-Request-Id", options.request_id);
    if (may_have_body(response.status) && !response.stream) {
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
    } else if (may_have_body(response.status) && !options.http10) {
        out += "Transfer-Encoding: chunked\r\n";
    }
    if (options.close) {
        out += "Connection: close\r\n";
    } else if (options.http10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

auto may_have_body(int status) -> bool { return status >= 200 && status != 204 && status != 304; }

auto method_label(std::string_view method) -> std::string_view {
    constexpr std::array<std::string_view, 7> known = {"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"};
    const auto* found = std::ranges::find(known, method);
    return found == known.end() ? "other" : *found;
}

auto status_label(int status) -> std::string_view {
    constexpr std::array<std::string_view, 6> classes = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const auto index = static_cast<std::size_t>(status / 100);
    return index < classes.size() ? classes[index] : classes[0];
}

} // namespace dossier::net
