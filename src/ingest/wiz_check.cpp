#include "wiz_check.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "wiz_graph.hpp"
#include "wiz_operations.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ingest {
namespace {

struct Trial {
    WizOperation operation;
    Json variables;
};

/// The reads that the configuration needs.
auto trials(const ApiConfig& api) -> std::vector<Trial> {
    std::vector<Trial> all;
    all.push_back({wiz::issues(), {{"first", 1}}});
    if (api.blast_radius || api.backlog) {
        Json bucket{{"type", Json::array({"BUCKET"})}, {"select", true}};
        all.push_back({wiz::graph_search(),
                       {{"query", std::move(bucket)},
                        {"projectId", api.project.empty() ? "*" : api.project},
                        {"first", 1},
                        {"quick", true}}});
    }
    if (api.blast_radius) all.push_back({wiz::data_classifiers(), {{"first", 1}}});
    return all;
}

auto writes(const WriteBackConfig& config) -> std::vector<WizOperation> {
    std::vector<WizOperation> all;
    const bool tags_by_note = config.tags && config.tag_endpoint.url.empty();
    if (config.comment || tags_by_note) all.push_back(wiz::create_note());
    if (config.ticket_link) all.push_back(wiz::associate_ticket());
    if (config.status) all.push_back(wiz::update_issue());
    return all;
}

auto scope_of(const Error& error, const WizOperation& operation) -> std::string {
    for (const auto& [key, value] : error.context)
        if (key == "scope" && !value.empty()) return value;
    return std::string(operation.scope);
}

} // namespace

auto scopes_in_token(std::string_view token) -> std::optional<std::vector<std::string>> {
    const auto parts = split(token, '.');
    if (parts.size() != 3) return std::nullopt;
    const auto payload = base64_decode(parts[1]);
    if (!payload) return std::nullopt;
    const auto document = JsonDocument::parse(*payload);
    if (!document) return std::nullopt;
    std::vector<std::string> scopes;
    for (const auto* claim : {"scope", "scopes", "scp", "permissions"}) {
        const auto value = document->root()[claim];
        if (const auto words = value.string()) {
            for (const auto word : split(*words, ' '))
                if (!word.empty()) add_all(scopes, {std::string(word)});
        }
        for (const auto& word : value.elements()) add_all(scopes, {first_text({word})});
    }
    if (scopes.empty()) return std::nullopt;
    return scopes;
}

auto is_covered(const std::vector<std::string>& scopes, std::string_view wanted) -> bool {
    const auto colon = wanted.find(':');
    const auto verb = wanted.substr(0, colon);
    const auto object = colon == std::string_view::npos ? std::string_view() : wanted.substr(colon + 1);
    const auto has = [&](const std::string& scope) { return std::ranges::find(scopes, scope) != scopes.end(); };
    if (has(std::string(wanted)) || has(fmt::format("{}:all", verb)) || has("admin:all")) return true;
    const bool is_write = verb == "update" || verb == "create" || verb == "delete";
    return is_write && (has(fmt::format("write:{}", object)) || has("write:all"));
}

auto wiz_check(WizClient& client, Deadline deadline) -> Task<net::ConnectCheck> {
    net::ConnectCheck check;
    check.what = fmt::format("sources[{}].api", client.source());
    check.url = client.url();
    const auto token = co_await client.tokens().get(deadline);
    if (!token) {
        auto failed =
            net::failed_check(check.what, wiz_token_url(client.api().auth_url, client.api().url), token.error());
        co_return failed;
    }
    std::string gap;
    for (auto& trial : trials(client.api())) {
        const auto answer = co_await client.ask(trial.operation, std::move(trial.variables), deadline);
        if (answer) {
            if (!answer->gaps().empty() && gap.empty()) gap = answer->gaps().front();
            continue;
        }
        if (answer.error().code != Errc::forbidden) co_return net::failed_check(check.what, check.url, answer.error());
        add_all(check.missing, {scope_of(answer.error(), trial.operation)});
    }
    const auto scopes = scopes_in_token(token->reveal());
    if (scopes) {
        for (const auto& operation : writes(client.api().write_back))
            if (!is_covered(*scopes, operation.scope)) add_all(check.missing, {std::string(operation.scope)});
    }
    if (!check.missing.empty()) {
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.detail = "the service account lacks " + join(check.missing, ", ");
    } else {
        check.detail = scopes ? fmt::format("service account with {} scopes", scopes->size())
                              : "read rights tried; the token shows no scopes, so rights to write are not known";
        if (!gap.empty()) check.detail += "; " + gap;
    }
    co_return check;
}

} // namespace dossier::ingest
