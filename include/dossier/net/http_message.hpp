#pragma once
// HTTP messages as plain data, the same for our server and our client, so that no other room sees Beast or libcurl.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"

#include <functional>
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

/// Takes the body of an answer that is sent while it is made. Lives on the connection's lane.
class BodyWriter {
public:
    virtual ~BodyWriter() = default;
    /// Done once the piece is with the kernel, so that a slow reader slows its writer. "" writes nothing. Errors, and
    /// none ever goes away again: `cancelled` when the client is gone, `timeout` when it read nothing for as long as an
    /// idle connection is kept.
    virtual auto write(std::string piece) -> Task<Result<void>> = 0;
    /// The client is still there, as far as is known.
    [[nodiscard]] virtual auto is_open() const -> bool = 0;
};
/// Writes a body; its return ends it. An exception breaks the answer off, so that the client can tell. Cancelled when
/// the client goes or the server's time is over.
using BodyStream = std::function<Task<void>(BodyWriter& out)>;

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
    BodyStream stream{}; ///< server only: takes the place of `body`, sent in chunks; not called for HEAD
    [[nodiscard]] auto ok() const -> bool { return status >= 200 && status < 300; }
};

} // namespace dossier::net
