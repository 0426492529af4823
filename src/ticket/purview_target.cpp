#include "dossier/ticket/purview.hpp"

#include "markdown_escape.hpp"
#include "tracker_client.hpp"

#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/token_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ticket {
namespace {

using net::Repeat;

constexpr auto purview_version = "api-version=2023-09-01";
constexpr auto purview_scope = "https://purview.azure.net/.default";
constexpr int most_history_pages = 20;
constexpr std::size_t longest_purview_words = 300;

auto purview_base(std::string url) -> std::string {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

auto purview_upstream(const std::string& name, Duration timeout) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = name;
    upstream.max_in_flight = 4;
    upstream.timeout = timeout;
    return upstream;
}

auto purview_credentials(const PurviewConfig& config) -> net::ClientCredentials {
    net::ClientCredentials credentials;
    credentials.url = config.auth_url.empty()
                          ? fmt::format("https://login.microsoftonline.com/{}/oauth2/v2.0/token", config.tenant_id)
                          : config.auth_url;
    credentials.client_id = config.client_id;
    credentials.client_secret = config.client_secret;
    credentials.scope = purview_scope;
    return credentials;
}

/// One run as the history tells it.
struct ScanRun {
    std::string status;
    bool is_over = false;
    std::optional<std::int64_t> discovered;
    std::optional<std::int64_t> classified;
    std::string error;
};

/// States beyond those of the documentation exist (Queued, Throttled); an end time is what an end has in common.
auto run_from(JsonView json) -> ScanRun {
    static constexpr std::array<std::string_view, 3> ends{"Succeeded", "Failed", "Canceled"};
    ScanRun run;
    run.status = shorten(one_line(json["status"].text_or("")), 60);
    run.is_over = std::ranges::find(ends, run.status) != ends.end() || json["endTime"].is_string();
    run.discovered = json["assetsDiscovered"].integer();
    run.classified = json["assetsClassified"].integer();
    run.error = shorten(one_line(json["errorMessage"].text_or("")), longest_purview_words);
    if (run.error.empty()) run.error = shorten(one_line(json["error"]["message"].text_or("")), longest_purview_words);
    return run;
}

auto outcome_words(const ScanRun& run) -> std::string {
    auto words = fmt::format("The scan ended as {}", run.status);
    if (run.discovered) words += fmt::format("; {} assets discovered", *run.discovered);
    if (run.classified) words += fmt::format("{}{} classified", run.discovered ? ", " : "; ", *run.classified);
    return words + ".";
}

class PurviewTarget final : public ActionTarget {
public:
    PurviewTarget(const PurviewConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config),
          base_(purview_base(config.url)),
          upstream_(client, metrics, purview_upstream(config.name, config.timeout)),
          login_(client, metrics, purview_upstream(config.name + ":token", config.timeout)),
          tokens_(net::client_credentials(login_, purview_credentials(config))) {}

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view override { return "scan"; }

    /// What a queue of scans, or an outage, may last.
    [[nodiscard]] auto patience() const -> Duration override { return std::chrono::days{7}; }

    /// A run that has ended well is done; one that has not is nothing yet.
    auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> override {
        using Found = std::optional<ActionReceipt>;
        const auto order = scan_order_from(action.draft.payload);
        if (!order) co_return fail(Errc::invalid_argument, "the draft names no scan that can be started");
        auto run = co_await run_of(*order, run_id_of(action.key), deadline);
        if (!run) co_return fail(std::move(run.error()));
        if (!*run || !(*run)->is_over || is_failure(**run)) co_return Found{};
        co_return Found{receipt(*order, action, **run)};
    }

    auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> override {
        const auto order = scan_order_from(action.draft.payload);
        if (!order) co_return fail(Errc::invalid_argument, "the draft names no scan that can be started");
        const auto id = run_id_of(action.key);
        auto run = co_await run_of(*order, id, deadline);
        if (!run) co_return fail(std::move(run.error()));
        if (*run) co_return judge(*order, action, **run);
        if (auto started = co_await start(*order, id, deadline); !started) co_return fail(std::move(started.error()));
        co_return not_yet("the scan was started");
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        const auto what = fmt::format("scanners[{}]", config_.name);
        for (const auto& rule : config_.scans) {
            const ScanOrder order{.data_source = rule.data_source, .scan = rule.scan, .level = {}};
            auto page = co_await call("GET", history_path(order), deadline);
            if (page) continue;
            auto failed = net::failed_check(what, base_, page.error());
            if (page.error().code == Errc::forbidden) failed.missing.emplace_back("Data Source Administrator");
            co_return failed;
        }
        co_return net::ConnectCheck{.what = what,
                                    .url = base_,
                                    .missing = {},
                                    .detail = fmt::format("{} scans can be read", config_.scans.size())};
    }

private:
    static auto is_failure(const ScanRun& run) -> bool { return run.status == "Failed" || run.status == "Canceled"; }

    static auto scan_path(const ScanOrder& order) -> std::string {
        return fmt::format("/scan/datasources/{}/scans/{}", percent_encode(order.data_source),
                           percent_encode(order.scan));
    }
    static auto history_path(const ScanOrder& order) -> std::string {
        return fmt::format("{}/runs?{}", scan_path(order), purview_version);
    }

    auto receipt(const ScanOrder& order, const Action& action, const ScanRun& run) const -> ActionReceipt {
        return {.id = fmt::format("{}/{}", order.scan, run_id_of(action.key)), .url = {}, .detail = outcome_words(run)};
    }

    auto judge(const ScanOrder& order, const Action& action, const ScanRun& run) const -> Result<ActionReceipt> {
        if (!run.is_over) return not_yet(fmt::format("the scan is {}", run.status.empty() ? "under way" : run.status));
        if (!is_failure(run)) return receipt(order, action, run);
        return fail(Errc::rejected, run.error.empty() ? outcome_words(run) : outcome_words(run) + " " + run.error);
    }

    /// Not an end: asked for again after `poll`.
    auto not_yet(std::string words) const -> std::unexpected<Error> {
        return std::unexpected(
            Error{.code = Errc::unavailable, .message = std::move(words), .context = {}, .retry_after = config_.poll});
    }

    /// nullopt = Purview knows no run of this id.
    auto run_of(ScanOrder order, std::string id, Deadline deadline) -> Task<Result<std::optional<ScanRun>>> {
        using Run = std::optional<ScanRun>;
        auto path = history_path(order);
        for (int page = 0; page < most_history_pages; ++page) {
            auto answer = co_await call("GET", path, deadline);
            if (!answer) co_return fail(std::move(answer.error()));
            const auto list = answer->root()["value"];
            if (!list.is_array()) co_return fail(Errc::malformed, config_.name + " told no history of the scan");
            for (const auto& one : list.elements())
                if (iequals(one["id"].text_or(""), id)) co_return Run{run_from(one)};
            const auto next = answer->root()["nextLink"].text_or("");
            if (next.empty()) co_return Run{};
            // A link that leads elsewhere would take the token there.
            if (!next.starts_with(base_ + "/scan/"))
                co_return fail(Errc::malformed, config_.name + " told of a next page somewhere else");
            path = next.substr(base_.size());
        }
        co_return Run{};
    }

    /// A second start of the same run is refused by its id; where another run of the scan is under way, ours waits.
    auto start(ScanOrder order, std::string id, Deadline deadline) -> Task<Result<void>> {
        auto started = co_await call(
            "POST", fmt::format("{}:run?runId={}&scanLevel={}&{}", scan_path(order), id, order.level, purview_version),
            deadline);
        if (started) co_return Result<void>{};
        if (started.error().code == Errc::conflict) co_return not_yet("Purview has another run of this scan under way");
        co_return fail(std::move(started.error()));
    }

    auto call(std::string method, std::string path, Deadline deadline) -> Task<Result<JsonDocument>> {
        net::ClientRequest request;
        request.method = std::move(method);
        request.url = base_ + path;
        request.headers.set("Accept", "application/json");
        const auto repeat = request.method == "GET" ? Repeat::safe : Repeat::unsafe;
        auto response =
            co_await net::call_with_token(upstream_, tokens_, std::move(request), net::apply_bearer, repeat, deadline);
        if (!response) co_return fail(std::move(response.error()));
        auto body = trim(response->body).empty() ? Result<JsonDocument>(JsonDocument())
                                                 : JsonDocument::parse(response->body, 32);
        if (response->ok()) {
            if (body || repeat == Repeat::unsafe) co_return body ? std::move(*body) : JsonDocument();
            co_return fail(Errc::malformed, config_.name + " answered with something that is not JSON");
        }
        Error error;
        error.code = net::errc_of_status(response->status, repeat);
        error.message = fmt::format("{} answered {}", config_.name, response->status);
        if (body) {
            const auto words = tracker_words(body->root()["error"]["message"].text_or(""));
            if (!words.empty()) error.message += ": " + words;
        }
        error.retry_after = net::retry_after_of(*response);
        co_return fail(std::move(error));
    }

    PurviewConfig config_;
    std::string base_;
    net::Upstream upstream_;
    net::Upstream login_;
    net::TokenSource tokens_;
};

} // namespace

auto make_purview_target(const PurviewConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<ActionTarget> {
    return std::make_shared<PurviewTarget>(config, client, metrics);
}

} // namespace dossier::ticket
