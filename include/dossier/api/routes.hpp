#pragma once
// The table of routes: method, path pattern, the role it needs, its handler. The head of a request is judged by it
// before the body is read (404, 405, 401, 403, 415), and the OpenAPI document is made from it, so that neither can
// differ from what is served.

#include "dossier/api/authenticator.hpp"
#include "dossier/base/task.hpp"
#include "dossier/net/http_message.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dossier::api {

/// A request with what routing found out about it.
struct Call {
    net::HttpRequest request;
    std::map<std::string, std::string, std::less<>> path; ///< {id} and the like
    Caller caller;
    [[nodiscard]] auto id() const -> std::string;
};

using RouteHandler = std::function<Task<net::HttpResponse>(Call call)>;

struct Route {
    std::string method;
    std::string pattern;                       ///< "/v1/findings/{id}"
    std::optional<Role> needs;                 ///< nullopt = open, or authenticated by the handler (webhooks)
    std::function<bool(const Caller&)> also{}; ///< lets in who lacks the role; the handler then judges the case
    RouteHandler handler;
    std::string summary; ///< for OpenAPI
    std::string tag;
    std::vector<std::string> query; ///< parameters it knows; others are 400
    std::string body;               ///< JSON Schema of the body as text; "" = none expected
    bool wants_json = false;        ///< 415 unless application/json
    bool is_advertised = true;      ///< named in `Allow` of a 405 and in the OpenAPI document
    std::function<std::optional<net::HttpResponse>(const net::HttpRequest&, const std::string& first_parameter)> admit;
    /// Further media types of bodies, where `wants_json`.
    std::function<bool(const std::string& media_type, const std::string& first_parameter)> takes_type;
    std::vector<std::string> answer_types{}; ///< media types to choose from by Accept, for OpenAPI
};

class Routes {
public:
    explicit Routes(const Authenticator& authenticator) : authenticator_(authenticator) {}
    void add(Route route);
    /// Refuses what the head alone can tell.
    [[nodiscard]] auto gate(const net::HttpRequest& head) const -> std::optional<net::HttpResponse>;
    auto handle(net::HttpRequest request) const -> Task<net::HttpResponse>;
    [[nodiscard]] auto all() const -> const std::vector<Route>& { return routes_; }

private:
    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string, std::less<>> path;
        std::string allowed; ///< methods of the path, where the method is the wrong one
    };
    [[nodiscard]] static auto lets_in(const Route& route, const Caller& caller) -> bool;
    [[nodiscard]] auto match(const net::HttpRequest& request) const -> Match;

    const Authenticator& authenticator_;
    std::vector<Route> routes_;
};

} // namespace dossier::api
