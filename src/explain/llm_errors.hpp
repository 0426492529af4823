#pragma once
// What an LLM's server says when it will not, whoever made it: one reading of the many shapes (`{"error":{…}}`, a bare
// string, `{"message"}`), and what it means for us: wait, ask the next provider, or leave this one alone for long.

#include "dossier/base/error.hpp"
#include "dossier/base/json_fwd.hpp"
#include "dossier/net/http_message.hpp"

#include <string>
#include <string_view>

namespace dossier::explain {

struct ServerError {
    int status = 0; ///< 200 for an error inside a stream
    std::string code;
    std::string type;
    std::string param;   ///< the parameter it is about, where it says so
    std::string message; ///< as sent: may quote what we sent and even keys, never shown as it is
};

[[nodiscard]] auto error_in(int status, const std::string& body) -> ServerError;
[[nodiscard]] auto error_in(int status, const Json& body) -> ServerError;
/// The money is gone, as opposed to "slow down": no wait mends it, and it comes as 400, 402 and 429.
[[nodiscard]] auto is_quota(const ServerError& error) -> bool;
[[nodiscard]] auto is_content_filter(const ServerError& error) -> bool;
/// Prompt and answer don't fit the model's context window.
[[nodiscard]] auto is_too_long(const ServerError& error) -> bool;
/// Full for everybody: the next provider is a better bet than this one in a quarter of a second.
[[nodiscard]] auto is_overloaded(const ServerError& error) -> bool;
/// `quota_exhausted`, `rejected` (content filter, too long, bad request), `rate_limited`, `unavailable`,
/// `unauthenticated`, `forbidden`, `not_found`, `timeout`.
[[nodiscard]] auto to_error(const ServerError& said) -> Error;
/// What a server said, short and without anything like a key: servers echo credentials in their errors.
[[nodiscard]] auto safe_words(std::string_view message) -> std::string;

} // namespace dossier::explain
