#include "dossier/api/routes.hpp"

#include "dossier/api/problem.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::api {

namespace {

/// What stands between the slashes of a path, one after the other.
class PathParts {
public:
    explicit PathParts(std::string_view path) : rest_(path) {}
    auto next() -> std::optional<std::string_view> {
        if (is_over_) return std::nullopt;
        const auto end = rest_.find('/');
        const auto part = rest_.substr(0, end);
        is_over_ = end == std::string_view::npos;
        if (!is_over_) rest_.remove_prefix(end + 1);
        return part;
    }

private:
    std::string_view rest_;
    bool is_over_ = false;
};

/// Fills the parameters of a pattern; nullopt where path and pattern differ.
auto match_pattern(std::string_view pattern, std::string_view path)
    -> std::optional<std::map<std::string, std::string, std::less<>>> {
    std::map<std::string, std::string, std::less<>> parameters;
    PathParts wanted(pattern);
    PathParts given(path);
    for (;;) {
        const auto want = wanted.next();
        const auto part = given.next();
        if (!want && !part) return parameters;
        if (!want || !part) return std::nullopt;
        if (want->starts_with('{')) {
            if (part->empty()) return std::nullopt;
            parameters.emplace(want->substr(1, want->size() - 2), *part);
        } else if (*want != *part) {
            return std::nullopt;
        }
    }
}

auto first_of(const std::map<std::string, std::string, std::less<>>& parameters) -> std::string {
    return parameters.empty() ? std::string{} : parameters.begin()->second;
}

auto carries_body(const net::HttpRequest& head) -> bool {
    const auto length = head.headers.get("Content-Length");
    return head.headers.get("Transfer-Encoding").has_value() || (length && *length != "0");
}

auto is_json(const std::string& media_type) -> bool {
    return media_type == "application/json" || media_type.ends_with("+json");
}

} // namespace

auto Call::id() const -> std::string {
    const auto found = path.find("id");
    return found == path.end() ? std::string{} : found->second;
}

void Routes::add(Route route) { routes_.push_back(std::move(route)); }

auto Routes::match(const net::HttpRequest& request) const -> Match {
    Match result;
    const auto method = request.method == "HEAD" ? std::string("GET") : request.method;
    for (const auto& route : routes_) {
        auto parameters = match_pattern(route.pattern, request.path);
        if (!parameters) continue;
        if (route.method == method) {
            result.route = &route;
            result.path = std::move(*parameters);
            return result;
        }
        if (!route.is_advertised) continue;
        if (!result.allowed.empty()) result.allowed += ", ";
        result.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    }
    return result;
}

auto Routes::lets_in(const Route& route, const Caller& caller) -> bool {
    return includes(caller.role, *route.needs) || (route.also && route.also(caller));
}

auto Routes::gate(const net::HttpRequest& head) const -> std::optional<net::HttpResponse> {
    const auto found = match(head);
    if (found.route == nullptr && found.allowed.empty())
        return problem(404, "there is nothing at " + shorten(head.path, 200), head.request_id, "not_found");
    if (found.route == nullptr) {
        auto response = problem(405, fmt::format("{} is not allowed here; use {}", head.method, found.allowed),
                                head.request_id, "method_not_allowed");
        response.headers.set("Allow", found.allowed);
        return response;
    }
    const auto& route = *found.route;
    if (route.needs) {
        const auto caller = authenticator_.identify(head);
        if (!caller) return problem(401, "a valid bearer token is needed", head.request_id, "unauthenticated");
        if (!lets_in(route, *caller))
            return problem(
                403,
                fmt::format("this needs the role {}; yours is {}", to_string(*route.needs), to_string(caller->role)),
                head.request_id, "forbidden");
    }
    if (route.admit) {
        if (auto refusal = route.admit(head, first_of(found.path))) return refusal;
    }
    for (const auto& [name, value] : head.query) {
        if (std::ranges::find(route.query, name) == route.query.end())
            return problem(400, "unknown query parameter " + shorten(name, 60), head.request_id, "invalid_argument");
    }
    const bool has_body = carries_body(head);
    const auto media_type = head.media_type();
    const bool is_taken =
        is_json(media_type) || (route.takes_type && route.takes_type(media_type, first_of(found.path)));
    if (route.wants_json && (has_body || !route.body.empty()) && !is_taken)
        return problem(415, "the content type must be application/json", head.request_id, "unsupported_media_type");
    return std::nullopt;
}

auto Routes::handle(net::HttpRequest request) const -> Task<net::HttpResponse> {
    auto found = match(request);
    if (found.route == nullptr) co_return problem(404, "there is nothing here", request.request_id, "not_found");
    Call call;
    if (found.route->needs) {
        // Asked again, not carried over from the gate: the head is all that both have in common.
        auto caller = authenticator_.identify(request);
        if (!caller || !lets_in(*found.route, *caller))
            co_return problem(401, "a valid bearer token is needed", request.request_id, "unauthenticated");
        call.caller = std::move(*caller);
    }
    call.path = std::move(found.path);
    call.request = std::move(request);
    co_return co_await found.route->handler(std::move(call));
}

} // namespace dossier::api
