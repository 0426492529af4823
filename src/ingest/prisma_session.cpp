#include "prisma_session.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include "payload_fields.hpp"
#include "rest_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::chrono::seconds usual_lifetime{600};
constexpr std::chrono::seconds shortest_lifetime{1};
constexpr std::chrono::seconds longest_lifetime{86'400};
constexpr std::size_t most_words = 5;

/// Whose the key is, where one login stands for several tenants. Only digits are a `prismaId`.
void add_tenant(Json& body, const std::string& tenant) {
    if (tenant.empty()) return;
    const bool is_number = std::ranges::all_of(tenant, [](char c) { return c >= '0' && c <= '9'; });
    body[is_number ? "prismaId" : "customerName"] = tenant;
}

auto tenants_in(JsonView answer) -> std::string {
    std::vector<std::string> names;
    for (const auto& entry : answer["customerNames"].elements()) {
        auto name = first_text({entry["customerName"], entry["prismaId"]});
        if (!name.empty() && names.size() < most_words) names.push_back(std::move(name));
    }
    return join(names, ", ");
}

auto read_token(const std::string& name, const net::HttpResponse& response,
                std::chrono::steady_clock::time_point asked_at) -> Result<net::AccessToken> {
    auto answer = JsonDocument::parse(response.body);
    if (!answer) return fail(Errc::malformed, name + " answered a login with something that is not JSON");
    const auto root = answer->root();
    const auto token = root["token"].string().value_or("");
    if (!token.empty()) {
        const auto lifetime = jwt_lifetime(token, SystemClock().now());
        return net::AccessToken{.value = Secret(std::string(token)), .expires_at = asked_at + lifetime};
    }
    if (const auto tenants = tenants_in(root); !tenants.empty())
        return fail(Errc::unauthenticated,
                    fmt::format("{}: the access key belongs to several tenants ({}): name one in `api.project`", name,
                                error_line(tenants)));
    return fail(Errc::malformed, name + " answered a login without a token");
}

auto headers_for_json(net::ClientRequest& request) {
    request.headers.set("Accept", "application/json");
    request.headers.set("Content-Type", "application/json");
}

auto log_in(net::Upstream& upstream, std::string base, std::string key_id, Secret secret, std::string tenant,
            Deadline deadline) -> Task<Result<net::AccessToken>> {
    Json body = {{"username", key_id}, {"password", secret.reveal()}};
    add_tenant(body, tenant);
    net::ClientRequest request;
    request.method = "POST";
    request.url = base + "/login";
    headers_for_json(request);
    request.body = dump_json(body);
    const auto asked_at = std::chrono::steady_clock::now();
    auto response = co_await upstream.call(std::move(request), net::Repeat::safe, deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (response->ok()) co_return read_token(upstream.name(), *response, asked_at);
    auto error = refusal_of(upstream.name(), *response, prisma_words(*response), net::Repeat::safe);
    if (response->status == 400 || response->status == 403) error.code = Errc::unauthenticated;
    co_return fail(std::move(error));
}

auto extend_or_log_in(net::Upstream& upstream, std::string base, std::string key_id, Secret secret, std::string tenant,
                      std::optional<Secret> current, Deadline deadline) -> Task<Result<net::AccessToken>> {
    if (current) {
        net::ClientRequest request;
        request.url = base + "/auth_token/extend";
        headers_for_json(request);
        apply_redlock(request, *current);
        const auto asked_at = std::chrono::steady_clock::now();
        auto response = co_await upstream.call(std::move(request), net::Repeat::safe, deadline);
        // Whatever was wrong with extending, a login settles it.
        if (response && response->ok()) {
            auto token = read_token(upstream.name(), *response, asked_at);
            if (token) co_return std::move(*token);
        }
    }
    co_return co_await log_in(upstream, std::move(base), std::move(key_id), std::move(secret), std::move(tenant),
                              deadline);
}

auto claim_of(JsonView claims, std::string_view name) -> std::optional<std::int64_t> {
    const auto value = claims[name].number();
    if (!value || *value <= 0 || *value > 1e11) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

} // namespace

auto prisma_words(const net::HttpResponse& response) -> std::string {
    if (const auto header = response.headers.get("x-redlock-status")) {
        std::vector<std::string> words;
        const auto list = JsonDocument::parse(*header);
        if (!list) return std::string(*header);
        for (const auto& entry : list->root().elements()) {
            const auto key = first_text({entry["i18nKey"]});
            const auto subject = first_text({entry["subject"]});
            if (key.empty() || words.size() >= most_words) continue;
            words.push_back(subject.empty() ? key : fmt::format("{} ({})", key, subject));
        }
        if (!words.empty()) return join(words, "; ");
    }
    const auto body = JsonDocument::parse(response.body);
    if (!body) return {};
    return first_text({body->root()["message"], body->root()["errorMessage"], body->root()["error"]});
}

void apply_redlock(net::ClientRequest& request, const Secret& token) {
    request.headers.set("x-redlock-auth", token.reveal());
}

auto prisma_sign_in(net::Upstream& upstream, const ApiConfig& api) -> net::TokenSource::Fetch {
    auto base = base_url(api.auth_url.empty() ? api.url : api.auth_url);
    return [&upstream, base = std::move(base), key_id = api.client_id, secret = api.client_secret,
            tenant = api.project](std::optional<Secret> current, Deadline deadline) {
        return extend_or_log_in(upstream, base, key_id, secret, tenant, std::move(current), deadline);
    };
}

auto jwt_lifetime(std::string_view token, Timestamp now) -> std::chrono::seconds {
    const auto parts = split(token, '.');
    if (parts.size() != 3) return usual_lifetime;
    const auto text = base64_decode(parts[1]);
    if (!text) return usual_lifetime;
    const auto claims = JsonDocument::parse(*text);
    if (!claims) return usual_lifetime;
    const auto expires = claim_of(claims->root(), "exp");
    if (!expires) return usual_lifetime;
    const auto issued = claim_of(claims->root(), "iat");
    const auto since =
        issued.value_or(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    return std::clamp(std::chrono::seconds{*expires - since}, shortest_lifetime, longest_lifetime);
}

} // namespace dossier::ingest
