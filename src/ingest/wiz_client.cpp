#include "wiz_client.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/url.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ingest {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int most_tries = 5; ///< of answers that say "later" inside HTTP 200
constexpr std::size_t most_gaps = 10;
constexpr std::size_t most_answer = 32U << 20U;

/// `https://host/path?query` → what stands before the path, and the path.
auto split_url(std::string_view url) -> std::pair<std::string_view, std::string_view> {
    const auto scheme = url.find("://");
    const auto from = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto slash = url.find('/', from);
    if (slash == std::string_view::npos) return {url, {}};
    return {url.substr(0, slash), url.substr(slash)};
}

auto with_path(std::string_view url, std::string_view path) -> std::string {
    const auto [base, given] = split_url(url);
    return given.empty() || given == "/" ? std::string(base) + std::string(path) : std::string(url);
}

/// "read:issues" wherever a message names one.
auto scope_in(std::string_view message) -> std::string {
    static constexpr std::array<std::string_view, 6> verbs = {
        "read:", "write:", "update:", "create:", "delete:", "admin:"};
    for (const auto verb : verbs) {
        const auto at = message.find(verb);
        if (at == std::string_view::npos) continue;
        const auto rest = message.substr(at + verb.size());
        const auto length = std::ranges::find_if_not(rest, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
        const auto word = rest.substr(0, static_cast<std::size_t>(length - rest.begin()));
        if (!word.empty()) return std::string(verb) + std::string(word);
    }
    return {};
}

auto is_one_of(std::string_view word, std::initializer_list<std::string_view> words) -> bool {
    return std::ranges::find(words, word) != words.end();
}

auto code_of(JsonView error) -> std::string {
    auto code = first_text({error.at("/extensions/code"), error["code"]});
    std::ranges::transform(code, code.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return code;
}

auto meaning_of(std::string_view code, std::string_view message) -> Errc {
    if (is_one_of(code, {"UNAUTHENTICATED", "INVALID_TOKEN", "TOKEN_EXPIRED"})) return Errc::unauthenticated;
    if (is_one_of(code, {"UNAUTHORIZED", "FORBIDDEN", "ACCESS_DENIED", "LICENSE_MISSING"})) return Errc::forbidden;
    if (code.contains("RATE_LIMIT") || code == "TOO_MANY_REQUESTS" || code == "THROTTLED") return Errc::rate_limited;
    if (code == "NOT_FOUND" || code == "RESOURCE_NOT_FOUND") return Errc::not_found;
    if (is_one_of(code, {"BAD_USER_INPUT", "BAD_REQUEST"})) {
        // "id must be a valid service issue id" is how Wiz says that it has no such issue.
        const bool is_about_an_id = icontains(message, "valid") && icontains(message, " id");
        return is_about_an_id || icontains(message, "not found") || icontains(message, "not exist") ? Errc::not_found
                                                                                                    : Errc::rejected;
    }
    if (code.starts_with("GRAPHQL_") || code == "CONFLICT") return Errc::rejected;
    if (code.contains("INTERNAL") || code.contains("UNAVAILABLE") || code.contains("TIMEOUT")) return Errc::unavailable;
    if (icontains(message, "rate limit")) return Errc::rate_limited;
    return code.empty() ? Errc::unavailable : Errc::rejected;
}

/// Which of several errors decides what is done: the one that says what to do before the one that only says no.
auto gravity(Errc code) -> int {
    switch (code) {
    case Errc::unauthenticated:
        return 5;
    case Errc::rate_limited:
        return 4;
    case Errc::forbidden:
        return 3;
    case Errc::unavailable:
        return 2;
    case Errc::rejected:
        return 1;
    default:
        return 0;
    }
}

auto sentence_of(JsonView error, const WizOperation& operation) -> Error {
    const auto text = shorten(first_text({error["message"]}), 240);
    const auto code = code_of(error);
    Error result;
    result.code = meaning_of(code, text);
    auto scope = scope_in(text);
    if (scope.empty()) scope = operation.scope;
    if (result.code == Errc::forbidden && code == "LICENSE_MISSING") {
        result.message = fmt::format("Wiz: {} needs a licence that this tenant has not", operation.name);
    } else if (result.code == Errc::forbidden) {
        result.message = fmt::format("Wiz: {} needs the scope {}", operation.name, scope);
        result.context.emplace_back("scope", scope);
    } else {
        result.message = fmt::format("Wiz: {}: {}", operation.name, text.empty() ? "failed without a word" : text);
    }
    if (!code.empty()) result.context.emplace_back("code", shorten(code, 60));
    return result;
}

auto is_nothing(JsonView value) -> bool { return value.is_null(); }

} // namespace

auto wiz_graphql_url(std::string_view url) -> std::string { return with_path(url, "/graphql"); }

auto wiz_token_url(std::string_view auth_url, std::string_view api_url) -> std::string {
    if (!auth_url.empty()) return with_path(auth_url, "/oauth/token");
    const bool is_government = net::host_of(api_url).ends_with(".gov.wiz.io");
    return is_government ? "https://auth.gov.wiz.io/oauth/token" : "https://auth.app.wiz.io/oauth/token";
}

auto wiz_audience(std::string_view token_url) -> std::string {
    const auto host = net::host_of(token_url);
    return host == "auth.wiz.io" || host == "auth0.gov.wiz.io" ? "beyond-api" : "wiz-api";
}

auto wiz_error(JsonView errors, const WizOperation& operation) -> Error {
    Error gravest{.code = Errc::malformed,
                  .message = fmt::format("Wiz: {}: an answer without data and without errors", operation.name),
                  .context = {},
                  .retry_after = {}};
    bool has_one = false;
    for (const auto& error : errors.elements()) {
        auto one = sentence_of(error, operation);
        if (has_one && gravity(one.code) <= gravity(gravest.code)) continue;
        gravest = std::move(one);
        has_one = true;
    }
    return gravest;
}

WizAnswer::WizAnswer(JsonDocument document, std::string_view root, std::vector<std::string> gaps)
    : document_(std::move(document)), root_(document_.root()["data"][root]), gaps_(std::move(gaps)) {}

auto WizAnswer::has_next() const -> bool {
    return root_.at("/pageInfo/hasNextPage").boolean().value_or(false) && !end_cursor().empty();
}

auto WizAnswer::end_cursor() const -> std::string {
    return std::string(root_.at("/pageInfo/endCursor").string().value_or(""));
}

WizClient::WizClient(const SourceConfig& source, net::HttpClient& client, Metrics& metrics)
    : source_(source.name),
      api_(source.api.value_or(ApiConfig{})),
      url_(wiz_graphql_url(api_.url)),
      gate_(api_.rate),
      upstream_(client, metrics,
                {.name = source.name,
                 .max_in_flight = api_.max_in_flight,
                 .timeout = api_.timeout,
                 .retry = {.attempts = most_tries},
                 .breaker = {},
                 .is_final = {}}),
      auth_upstream_(client, metrics,
                     {.name = source.name + "_auth",
                      .max_in_flight = 1,
                      .timeout = api_.timeout,
                      .retry = {},
                      .breaker = {},
                      .is_final = {}}),
      tokens_(net::client_credentials(auth_upstream_, [this] {
          net::ClientCredentials credentials;
          credentials.url = wiz_token_url(api_.auth_url, api_.url);
          credentials.client_id = api_.client_id;
          credentials.client_secret = api_.client_secret;
          credentials.audience = api_.audience.empty() ? wiz_audience(credentials.url) : api_.audience;
          return credentials;
      }())) {}

auto WizClient::ask_once(WizOperation operation, std::string body, Deadline deadline) -> Task<Result<WizAnswer>> {
    if (auto turn = co_await gate_.pass(deadline); !turn)
        co_return fail(std::move(turn.error()).with("upstream", source_));
    const auto token = co_await tokens_.get(deadline);
    if (!token) co_return fail(token.error());
    net::ClientRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Accept", "application/json");
    request.body = std::move(body);
    request.max_response = most_answer;
    const auto repeat = operation.writes ? net::Repeat::unsafe : net::Repeat::safe;
    const auto response =
        co_await net::call_with_token(upstream_, tokens_, std::move(request), net::apply_bearer, repeat, deadline);
    if (!response) co_return fail(response.error());

    // A server may put its errors into a 400 as well; only a body that is no GraphQL answer is judged by its status.
    auto document = JsonDocument::parse(response->body);
    const auto errors = document ? document->root()["errors"] : JsonView();
    const bool speaks_graphql = document && (errors.size() > 0 || document->root()["data"].is_object());
    if (!speaks_graphql) {
        auto code = response->ok() ? Errc::malformed : Errc::rejected;
        if (response->status == 401) code = Errc::unauthenticated;
        if (response->status == 403) code = Errc::forbidden;
        co_return fail(
            Error{.code = code,
                  .message = fmt::format("Wiz answered {} without GraphQL to {}", response->status, operation.name),
                  .context = {{"upstream", source_}, {"scope", std::string(operation.scope)}},
                  .retry_after = {}});
    }
    const bool has_data = !is_nothing(document->root()["data"][operation.name]);
    if (errors.size() == 0) co_return WizAnswer(std::move(*document), operation.name, {});
    auto error = wiz_error(errors, operation).with("upstream", source_);
    error.retry_after = net::retry_after_of(*response);
    // Half an answer to a question that must wait or be asked with another token is none.
    const bool asks_again = error.code == Errc::unauthenticated || error.code == Errc::rate_limited;
    if (error.code == Errc::unauthenticated) tokens_.reject(*token);
    if (!has_data || asks_again) co_return fail(std::move(error));
    std::vector<std::string> gaps;
    for (const auto& one : errors.elements()) {
        if (gaps.size() >= most_gaps) break;
        add_all(gaps, {sentence_of(one, operation).message});
    }
    co_return WizAnswer(std::move(*document), operation.name, std::move(gaps));
}

auto WizClient::ask(WizOperation operation, Json variables, Deadline deadline) -> Task<Result<WizAnswer>> {
    Json request = Json::object();
    request["query"] = operation.document;
    request["variables"] = std::move(variables);
    const auto body = dump_json(request);
    bool renewed = false;
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await ask_once(operation, body, deadline);
        if (answer) {
            for (const auto& gap : answer->gaps())
                log::warn("wiz.partial_answer", {{"source", source_}, {"asked", operation.name}, {"gap", gap}});
            co_return answer;
        }
        auto& error = answer.error();
        // Only what was said inside an answer is repeated here; Upstream has repeated everything else.
        const bool was_said = std::ranges::any_of(error.context, [](const auto& pair) { return pair.first == "code"; });
        if (!was_said) co_return answer;
        if (error.code == Errc::unauthenticated && !renewed) {
            renewed = true;
            continue;
        }
        const bool waits = error.code == Errc::rate_limited || (error.code == Errc::unavailable && !operation.writes);
        if (waits && attempt < most_tries) {
            const auto pause =
                error.retry_after.value_or(Duration{0}) + net::full_jitter({}, error.retry_after ? 1 : attempt);
            if (SteadyClock::now() + pause < deadline) {
                if (error.code == Errc::rate_limited) gate_.hold(pause);
                if (!co_await sleep_for(pause)) co_return fail(Errc::cancelled, "the request was cancelled");
                continue;
            }
        }
        if (operation.writes && error.code == Errc::unavailable) error.code = Errc::outcome_unknown;
        co_return answer;
    }
}

} // namespace dossier::ingest
