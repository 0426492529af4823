#include "dossier/app/config.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/prompt_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace dossier::app {
namespace {

using config::Problem;

auto read_log(config::Section section) -> LogConfig {
    LogConfig log;
    section.read_enum("level", log.level,
                      {{"debug", log::Level::debug},
                       {"info", log::Level::info},
                       {"warn", log::Level::warn},
                       {"error", log::Level::error}});
    section.read_enum("format", log.format, {{"json", log::Format::json}, {"text", log::Format::text}});
    return log;
}

void read_retention(config::Section section, bool is_given) {
    Duration unused{};
    for (const auto* key : {"payloads", "prompts", "audit"}) section.read(key, unused);
    if (is_given)
        section.warning("", "deleting by age is not available in this version: payloads, prompts and audit records "
                            "are kept");
}

void use_default_file(std::vector<context::ProviderConfig>& providers, const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error))
        providers.push_back({.kind = "file", .name = "file", .path = path});
}

auto load(config::Document document) -> LoadedConfig {
    LoadedConfig out;
    auto& app = out.config;
    {
        auto root = document.root();
        app.server = net::read_server(root.child("server"));
        auto auth = api::read_auth(root.child("auth"));
        app.tokens = std::move(auth.tokens);
        app.people = std::move(auth.people);
        app.store = store::read_store(root.child("store"));
        app.pipeline = pipeline::read_pipeline(root);
        app.sources = ingest::read_sources(root.items("sources"));
        app.context = context::read_context(root);
        if (!root.has("identity")) use_default_file(app.context.identity, "config/identity.yaml");
        if (!root.has("cmdb")) use_default_file(app.context.cmdb, "config/cmdb.yaml");
        app.redaction = redact::read_redaction(root.child("redaction"));
        app.llm = explain::read_llm(root.child("llm"));
        app.classification = explain::read_classification(root.child("classification"));
        app.tickets = ticket::read_tickets(root.child("tickets"));
        app.scanners = ticket::read_scanners(root.items("scanners"));
        app.actions = ticket::read_actions(root.child("actions"));
        app.audit = audit::read_audit(root.child("audit"));
        app.log = read_log(root.child("log"));
        app.chat = approve::read_chat(root.child("chat"));
        auto approval = root.child("approval");
        app.platform_votes = approve::read_platform_votes(approval.child("platform"));
        app.approval = approve::read_approval(std::move(approval));
        read_retention(root.child("retention"), root.has("retention"));
    }
    for (auto& problem : check_config(app))
        document.problem(problem.path, std::move(problem.message), problem.is_warning);
    out.problems = document.problems();
    return out;
}

/// The rules between sections, one function a rule.
class Rules {
public:
    explicit Rules(const AppConfig& config) : config_(config) {}

    void listening() {
        const auto& server = config_.server;
        if (!server.admin_listen.empty() && server.admin_listen == server.listen && !server.listen.ends_with(":0"))
            error("server.admin_listen", "is the same as `server.listen`; leave it empty to have one address");
        if (net::is_loopback(server.listen)) return;
        if (config_.tokens.empty())
            error("auth.tokens", fmt::format("the service listens on {} (beyond loopback) and needs at least one "
                                             "token; or listen on 127.0.0.1",
                                             server.listen));
        for (std::size_t i = 0; i < config_.sources.size(); ++i)
            if (config_.sources[i].auth.type == ingest::SourceAuthConfig::Type::none &&
                takes_anyone(config_.sources[i]))
                error(fmt::format("sources[{}].auth", i),
                      fmt::format("source `{}` has no authentication, which is refused beyond loopback (listening on "
                                  "{})",
                                  config_.sources[i].name, server.listen));
        if (!server.tls.enabled())
            warn("server.listen", "beyond loopback without `server.tls`: only behind something that ends TLS");
    }

    /// SNS signs what it sends, and from a queue we fetch.
    static auto takes_anyone(const ingest::SourceConfig& source) -> bool {
        return source.kind != "sns" && !ingest::is_pulled(source.kind);
    }

    void client_certificates() {
        if (!config_.server.tls.client_ca.empty()) return;
        for (std::size_t i = 0; i < config_.sources.size(); ++i)
            if (config_.sources[i].auth.type == ingest::SourceAuthConfig::Type::mtls)
                error(fmt::format("sources[{}].auth.type", i), "`mtls` needs `server.tls.client_ca`");
    }

    void routes() {
        std::vector<std::string_view> sinks;
        std::vector<std::string_view> sources;
        std::vector<std::string_view> scanners;
        for (const auto& sink : config_.tickets.sinks) sinks.push_back(sink.name);
        for (const auto& source : config_.sources) sources.push_back(source.name);
        for (const auto& scanner : config_.scanners) scanners.push_back(scanner.name);
        for (std::size_t i = 0; i < config_.pipeline.routes.size(); ++i) {
            const auto& route = config_.pipeline.routes[i];
            if (!route.sink.empty()) known(fmt::format("routes[{}].sink", i), "ticket sink", route.sink, sinks);
            if (!route.scan.empty()) known(fmt::format("routes[{}].scan", i), "scanner", route.scan, scanners);
            auto places = sinks;
            for (const auto& target : config_.actions.policies) places.push_back(target.name);
            if (!route.policy_sink.empty())
                known(fmt::format("routes[{}].policy_sink", i), "ticket sink or target of policies", route.policy_sink,
                      places);
            for (const auto& source : route.when.source)
                known(fmt::format("routes[{}].when.source", i), "source", source, sources);
        }
    }

    void actions() {
        for (std::size_t i = 0; i < config_.actions.policies.size(); ++i)
            if (std::ranges::find(config_.tickets.sinks, config_.actions.policies[i].name, &ticket::SinkConfig::name) !=
                config_.tickets.sinks.end())
                error(fmt::format("actions.policies[{}].name", i), "is the name of a ticket sink already");
    }

    void approvals() {
        std::vector<std::string_view> routes{"default", "location-rule"};
        std::vector<std::string_view> sinks{"outbox"};
        for (const auto& scanner : config_.scanners) sinks.push_back(scanner.name);
        for (const auto& route : config_.pipeline.routes) routes.push_back(route.name);
        for (const auto& sink : config_.tickets.sinks) sinks.push_back(sink.name);
        for (const auto& target : config_.actions.policies) sinks.push_back(target.name);
        for (std::size_t i = 0; i < config_.approval.rules.size(); ++i) {
            const auto& rule = config_.approval.rules[i];
            for (const auto& route : rule.when.route)
                known(fmt::format("approval.rules[{}].when.route", i), "route", route, routes);
            for (const auto& sink : rule.when.sink)
                known(fmt::format("approval.rules[{}].when.sink", i), "ticket sink", sink, sinks);
            if (rule.owner && config_.people.empty() &&
                std::ranges::none_of(config_.tokens, [](const auto& one) { return !one.email.empty(); }))
                warn(fmt::format("approval.rules[{}].owner", i),
                     "no token in `auth.tokens` has an `email` and nobody is in `auth.people`: no owner can decide");
        }
    }

    void deciding_in_chats() {
        const auto& chat = config_.chat;
        const bool decides = chat.slack.enabled() || !chat.teams.hmac_secret.empty();
        if (decides && config_.people.empty())
            warn("auth.people", "nobody is named: nobody can decide or ask from a chat");
        if (!chat.teams.hmac_secret.empty() && !config_.people.empty() &&
            std::ranges::all_of(config_.people, [](const auto& one) { return one.teams_id.empty(); }))
            warn("auth.people", "nobody has a `teams_id`: nobody can decide or ask from Teams");
        if (!chat.teams.link_secret.empty() && config_.tokens.empty() && !net::is_loopback(config_.server.listen))
            error("chat.teams.link_secret", "needs `auth.tokens`: who follows a link signs in by a token");
    }

    void deciding_in_platforms() {
        for (const auto& name : config_.platform_votes.sources) {
            const auto source = std::ranges::find(config_.sources, name, &ingest::SourceConfig::name);
            if (source == config_.sources.end())
                error("approval.platform.sources", fmt::format("there is no source `{}`", name));
            else if (!source->api)
                error("approval.platform.sources", fmt::format("source `{}` has no `api` to read notes by", name));
            else
                statuses_that_decide(*source);
        }
        const auto& by = config_.platform_votes.status_by;
        const auto is_by = [&](const api::PersonConfig& person) { return iequals(person.email, by); };
        if (!by.empty() && std::ranges::none_of(config_.people, is_by))
            error("approval.platform.status.by", fmt::format("`auth.people` has nobody with the e-mail `{}`", by));
        if (!config_.platform_votes.sources.empty() && config_.people.empty())
            warn("auth.people", "nobody is named: no note in a platform counts");
    }

    void statuses_that_decide(const ingest::SourceConfig& source) {
        const auto& votes = config_.platform_votes;
        if ((votes.approving.empty() && votes.rejecting.empty()) || source.kind != "wiz") return;
        if (votes.status_by.empty())
            warn(
                "approval.platform.status.by",
                fmt::format("Wiz doesn't tell who set a status: without it those of `{}` decide nothing", source.name));
        else if (source.api->write_back.status)
            error("approval.platform.status",
                  fmt::format("dossier sets the status of `{}` itself (`api.write_back.status`), and Wiz doesn't tell "
                              "who set one: it would approve its own drafts",
                              source.name));
    }

    void budgets() {
        std::vector<std::string_view> sources;
        std::vector<std::string_view> routes;
        for (const auto& source : config_.sources) sources.push_back(source.name);
        for (const auto& route : config_.pipeline.routes) routes.push_back(route.name);
        if (routes.empty()) routes.emplace_back("default"); // the one that takes everything
        const auto& budget = config_.llm.budget;
        for (const auto& [name, usd] : budget.usd_per_source) known("llm.budget.per_source", "source", name, sources);
        for (const auto& [name, usd] : budget.usd_per_route) known("llm.budget.per_route", "route", name, routes);
    }

    void rollout() {
        const auto& llm = config_.llm;
        if (llm.rollout.empty()) return;
        auto prompts = explain::PromptCatalogue::load(llm.prompts);
        if (!prompts) return error("llm.prompts", prompts.error().message);
        for (const auto& [id, shares] : llm.rollout) {
            for (const auto& [version, share] : shares)
                if (auto found = prompts->find(id, version); !found)
                    error("llm.rollout", fmt::format("{}; {}", found.error().message, versions_of(*prompts, id)));
        }
    }

    std::vector<Problem> problems;

private:
    static auto versions_of(const explain::PromptCatalogue& prompts, const std::string& id) -> std::string {
        std::vector<std::string> names;
        for (const auto& prompt : prompts.all())
            if (prompt.ref.id == id) names.push_back(prompt.ref.version);
        if (!names.empty()) return fmt::format("there are {}", fmt::join(names, ", "));
        for (const auto& prompt : prompts.all())
            if (std::ranges::find(names, prompt.ref.id) == names.end()) names.push_back(prompt.ref.id);
        return fmt::format("the prompts are {}", fmt::join(names, ", "));
    }

    void error(std::string path, std::string message) {
        problems.push_back({.file = {}, .path = std::move(path), .message = std::move(message)});
    }
    void warn(std::string path, std::string message) {
        problems.push_back({.file = {}, .path = std::move(path), .message = std::move(message), .is_warning = true});
    }
    void known(std::string path, std::string_view what, const std::string& name,
               const std::vector<std::string_view>& names) {
        if (std::ranges::find(names, name) != names.end()) return;
        const auto near = nearest(name, names);
        error(std::move(path),
              fmt::format("there is no {} `{}`{}", what, name, near ? fmt::format("; did you mean `{}`?", *near) : ""));
    }

    const AppConfig& config_;
};

} // namespace

auto LoadedConfig::has_errors() const -> bool {
    return std::ranges::any_of(problems, [](const Problem& problem) { return !problem.is_warning; });
}

auto lenient_environment(const std::string& name, bool& found) -> std::string {
    auto value = config::process_environment(name, found);
    if (found) return value;
    found = true;
    return "unset-variable-" + name;
}

auto load_config(const std::string& path, config::Environment environment) -> LoadedConfig {
    return load(config::Document::load(path, environment));
}

auto parse_config(std::string text, std::string name, config::Environment environment) -> LoadedConfig {
    return load(config::Document::parse(std::move(text), std::move(name), environment));
}

auto check_config(const AppConfig& config) -> std::vector<Problem> {
    Rules rules(config);
    rules.listening();
    rules.client_certificates();
    rules.routes();
    rules.actions();
    rules.approvals();
    rules.deciding_in_chats();
    rules.deciding_in_platforms();
    rules.budgets();
    rules.rollout();
    return std::move(rules.problems);
}

} // namespace dossier::app
