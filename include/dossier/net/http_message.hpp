#pragma once
// HTTP messages as plain data, the same for our server and our client, so that no other room sees Beast or libcurl.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::net {

/// Header fields in order; names compare without case (RFC 9110 §5.1).
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
    [[nodiscard]] auto get(std::string_view name) const -> std::optional<std::string_view>;
    void set(std::string name, std::string value); ///< replaces all of that name
    void add(std::string name, std::string value);
    [[nodiscard]] auto all() const -> const std::vector<std::pair<std::string, std::string>>& { return fields_; }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as the server received it.
struct HttpRequest {
    std::string method;                                     ///< upper case
    std::string target;                                     ///< as sent
    std::string path;                                       ///< percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> query; ///< decoded, in order
    Headers headers;
    std::string body;
    std::string peer;        ///< remote address
    std::string tls_subject; ///< subject of a verified client certificate (RFC 2253), "" without one
    std::string request_id;  ///< from X-Request-Id if sane, else made
    std::string traceparent; ///< W3C Trace Context: the caller's trace continued with our span id, or a new trace
    [[nodiscard]] auto query_value(std::string_view name) const -> std::optional<std::string_view>;
    /// Media type of Content-Type in lower case, without parameters.
    [[nodiscard]] auto media_type() const -> std::string;
};

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
    [[nodiscard]] auto ok() const -> bool { return status >= 200 && status < 300; }
};

} // namespace dossier::net
