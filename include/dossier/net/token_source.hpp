#pragma once
// Access tokens of one upstream: fetched once, shared by every caller, renewed before they expire and after the other
// side has refused one. How a token is had differs (OAuth 2.0 client credentials here, logins elsewhere) and is the
// Fetch's business. Tokens are Secrets: nothing logs them. Callable from any lane.

#include "dossier/base/single_flight.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/upstream.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::net {

struct AccessToken {
    Secret value;
    std::chrono::steady_clock::time_point expires_at;
};

class TokenSource {
public:
    /// Asks for a token. @param current the one that is about to expire, for upstreams that can extend it; nullopt
    /// where there is none or it was refused
    using Fetch = std::function<Task<Result<AccessToken>>(std::optional<Secret> current, Deadline deadline)>;

    /// @param early renew when less than this is left, but never before four fifths of the lifetime are over
    explicit TokenSource(Fetch fetch, Duration early = Duration{60'000});

    /// A token that is good for now. Errors are those of Fetch.
    auto get(Deadline deadline) -> Task<Result<Secret>>;
    /// The upstream refused `used`: whoever asks next gets a new one. Does nothing where it was replaced already.
    void reject(const Secret& used);

private:
    struct Held {
        AccessToken token;
        std::chrono::steady_clock::time_point renew_at;
    };
    [[nodiscard]] auto fresh() -> std::optional<Secret>;
    auto renew(Deadline deadline) -> Task<Result<Secret>>;

    Fetch fetch_;
    Duration early_;
    std::mutex mutex_;
    std::optional<Held> held_;
    SingleFlight<Secret> flights_;
};

/// RFC 6749 §4.4, and §4.3 where a user is named. Credentials go in the form body (`client_secret_post`) or by HTTP
/// Basic.
struct ClientCredentials {
    std::string url; ///< of the token endpoint
    std::string client_id;
    Secret client_secret;
    std::string audience; ///< Auth0 and Cognito style; "" = not sent
    std::string scope;
    bool by_basic = false;
    std::string user; ///< set = the resource owner's password grant (§4.3), which ServiceNow instances still ask for
    Secret password;
};
/// `unauthenticated` where the endpoint refuses the credentials (400, 401 or 403, with its `error` word).
/// @param upstream outlives the Fetch
[[nodiscard]] auto client_credentials(Upstream& upstream, ClientCredentials credentials) -> TokenSource::Fetch;

/// One POST of `fields` to a token endpoint, for other grants and ways to authenticate; errors as above, `forbidden`
/// where it refuses the scope.
auto ask_for_token(Upstream& upstream, std::string url, std::vector<std::pair<std::string, std::string>> fields,
                   Deadline deadline) -> Task<Result<AccessToken>>;

/// Puts a token into a request: `Authorization: Bearer …` for most.
using ApplyToken = std::function<void(ClientRequest& request, const Secret& token)>;
void apply_bearer(ClientRequest& request, const Secret& token);

/// Sends `request` with a token. After a 401 the token counts as refused and the request goes out once more with a new
/// one: a 401 means that nothing was done, so that this is safe for creates, too.
auto call_with_token(Upstream& upstream, TokenSource& tokens, ClientRequest request, ApplyToken apply, Repeat repeat,
                     Deadline deadline) -> Task<Result<HttpResponse>>;

/// `a=1&b=x%20y`, percent-encoded, in the order given.
[[nodiscard]] auto form_encode(const std::vector<std::pair<std::string, std::string>>& fields) -> std::string;

} // namespace dossier::net
