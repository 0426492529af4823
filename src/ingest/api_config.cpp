// Section `sources[].api`.

#include "dossier/ingest/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace dossier::ingest {
namespace {

struct KindKeys {
    std::string_view kind;
    std::vector<std::string_view> required;
    std::vector<std::string_view> unused;
};

auto kind_keys() -> const std::vector<KindKeys>& {
    static const std::vector<KindKeys> kinds = {
        {"wiz", {"url", "client_id", "client_secret"}, {"token"}},
        {"prisma", {"url", "client_id", "client_secret"}, {"token", "audience"}},
        {"orca", {"url", "token"}, {"auth_url", "audience", "project", "client_id", "client_secret"}},
    };
    return kinds;
}

void read_tag_endpoint(config::Section section, TagEndpointConfig& endpoint) {
    section.read_url("url", endpoint.url);
    section.read_word("method", endpoint.method, {"POST", "PUT", "PATCH"});
    section.read_word("form", endpoint.form, {"flat", "list"});
    section.read("headers", endpoint.headers);
    for (const auto* key : {"method", "form", "headers"})
        if (endpoint.url.empty() && section.has(key)) section.problem(key, "needs `url`");
}

void read_write_back(config::Section section, WriteBackConfig& write_back) {
    section.read("comment", write_back.comment);
    section.read("ticket_link", write_back.ticket_link);
    section.read("status", write_back.status);
    section.read("tags", write_back.tags);
    read_tag_endpoint(section.child("tag_endpoint"), write_back.tag_endpoint);
}

} // namespace

auto read_api(config::Section section, const std::string& kind) -> ApiConfig {
    ApiConfig api;
    section.read_url("url", api.url);
    section.read_url("auth_url", api.auth_url);
    section.read("client_id", api.client_id);
    section.read("client_secret", api.client_secret);
    section.read("audience", api.audience);
    section.read("token", api.token);
    section.read("project", api.project);
    section.read("rate", api.rate);
    section.read("max_in_flight", api.max_in_flight, 1);
    section.read("timeout", api.timeout);
    section.read("reconcile", api.reconcile);
    section.read("poll", api.poll);
    section.read("lookback", api.lookback);
    section.read("delivery_grace", api.delivery_grace);
    section.read("blast_radius", api.blast_radius);
    section.read("max_hops", api.max_hops, 1, 10);
    section.read("max_nodes", api.max_nodes, 1);
    section.read("backlog", api.backlog);
    section.read("backlog_every", api.backlog_every);
    read_write_back(section.child("write_back"), api.write_back);
    for (const auto* key : {"timeout", "poll", "lookback", "backlog_every"}) {
        const auto& value = std::string_view(key) == "timeout"    ? api.timeout
                            : std::string_view(key) == "poll"     ? api.poll
                            : std::string_view(key) == "lookback" ? api.lookback
                                                                  : api.backlog_every;
        if (value.count() <= 0) section.problem(key, "must be longer than nothing");
    }
    const auto keys = std::ranges::find(kind_keys(), kind, &KindKeys::kind);
    if (keys == kind_keys().end()) {
        if (!kind.empty()) section.problem("", fmt::format("a source of kind `{}` has no API", kind));
        return api;
    }
    for (const auto key : keys->required) section.require(key);
    for (const auto key : keys->unused)
        if (section.has(key)) section.problem(key, fmt::format("is not used by the API of kind `{}`", kind));
    return api;
}

} // namespace dossier::ingest
