#pragma once
// One request at a time to a running service: what a command line needs of HTTP.

#include "dossier/app/commands.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <iostream>
#include <string>
#include <string_view>

namespace dossier::app {

inline constexpr std::chrono::seconds answer_limit{30};
/// Where an LLM may be asked, by several providers in turn.
inline constexpr std::chrono::minutes llm_answer_limit{12};

class RemoteClient {
public:
    explicit RemoteClient(std::chrono::steady_clock::duration limit = answer_limit)
        : limit_(limit), runtime_(1), client_(runtime_) {
        runtime_.start();
    }

    auto call(net::ClientRequest request) -> Result<net::HttpResponse> {
        return asio::co_spawn(runtime_.lane(0), client_.send(std::move(request), deadline_in(limit_)), asio::use_future)
            .get();
    }

    static auto request(const Remote& remote, std::string method, const std::string& path, std::string body = {})
        -> net::ClientRequest {
        net::ClientRequest made;
        made.method = std::move(method);
        made.url = remote.url + path;
        made.body = std::move(body);
        if (!remote.token.empty()) made.headers.set("Authorization", "Bearer " + remote.token);
        if (!made.body.empty()) made.headers.set("Content-Type", "application/json");
        return made;
    }

    /// JSON of a 2xx answer; the problem's detail otherwise.
    static auto json_of(Result<net::HttpResponse> response) -> Result<Json> {
        if (!response) return fail(std::move(response.error()));
        auto parsed = parse_json(response->body);
        if (response->ok()) return parsed;
        const auto detail = parsed ? text_at(*parsed, "detail") : std::string{};
        return fail(Errc::rejected, fmt::format("{} {}", response->status, detail));
    }
    auto json(const Remote& remote, std::string method, const std::string& path, std::string body = {})
        -> Result<Json> {
        return json_of(call(request(remote, std::move(method), path, std::move(body))));
    }

private:
    std::chrono::steady_clock::duration limit_;
    Runtime runtime_;
    net::HttpClient client_;
};

/// A draft on one line.
inline auto title_line(const Json& draft) -> std::string {
    return fmt::format("{}  {:<9}  {:<8}  {}", text_at(draft, "id"), text_at(draft, "state"), text_at(draft, "sink"),
                       text_at(draft, "title"));
}

/// All items of a list route, page by page.
inline auto all_items(RemoteClient& client, const Remote& remote, const std::string& path) -> Result<Json> {
    Json items = Json::array();
    std::string cursor;
    do {
        const auto separator = path.find('?') == std::string::npos ? "?" : "&";
        auto page =
            client.json(remote, "GET",
                        path + separator + "limit=200" + (cursor.empty() ? "" : "&cursor=" + percent_encode(cursor)));
        if (!page) return page;
        for (auto& item : (*page)["items"]) items.push_back(std::move(item));
        cursor = text_at(*page, "next_cursor");
    } while (!cursor.empty());
    return items;
}

inline auto complain(std::string_view command, const Error& error) -> int {
    std::cerr << "dossier " << command << ": " << error.describe() << '\n';
    return exit_failed;
}

} // namespace dossier::app
