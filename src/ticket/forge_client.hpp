#pragma once
// What the targets that speak HTTP share: JSON over an Upstream, with the credentials of the target, and refusals as
// errors with the other side's own words.

#include "dossier/base/json.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/ticket/action_config.hpp"

#include <string>

namespace dossier::ticket {

struct ForgeAnswer {
    int status = 0;
    Json body;         ///< null where there is none, or where a refusal's is no JSON
    std::string words; ///< of a refusal
    [[nodiscard]] auto ok() const -> bool { return status >= 200 && status < 300; }
};

class ForgeClient {
public:
    /// @param headers of every request, credentials among them
    ForgeClient(const PolicyTargetConfig& config, net::Headers headers, net::HttpClient& client, Metrics& metrics);

    /// Any status the other side means is a value; `malformed` (`outcome_unknown` for what must not be repeated) where
    /// a 2xx holds no JSON.
    auto ask(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
        -> Task<Result<ForgeAnswer>>;
    /// `ask`, with refusals as errors.
    auto call(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
        -> Task<Result<Json>>;
    auto get(std::string path, Deadline deadline) -> Task<Result<Json>>;
    /// GET of something that may not be there: 404 is null.
    auto look(std::string path, Deadline deadline) -> Task<Result<Json>>;
    /// One signed message. Any 2xx is good, and its body is null where it is no JSON.
    auto deliver(net::Headers headers, std::string body, Deadline deadline) -> Task<Result<Json>>;
    [[nodiscard]] auto refusal(const ForgeAnswer& answer, net::Repeat repeat) const -> Error;
    [[nodiscard]] auto base() const -> const std::string& { return base_; }

private:
    net::Upstream upstream_;
    std::string base_;
    net::Headers headers_;
};

/// Number of a pull or merge request; 0 = not to be had.
[[nodiscard]] auto number_at(const Json& object, const char* key) -> long long;
/// Text that is an http(s) address, else "".
[[nodiscard]] auto address_at(const Json& object, const char* key) -> std::string;

} // namespace dossier::ticket
