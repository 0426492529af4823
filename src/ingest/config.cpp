#include "dossier/ingest/config.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace dossier::ingest {
namespace {

using Type = SourceAuthConfig::Type;

struct AuthKeys {
    Type type;
    std::string_view word;
    std::vector<std::string_view> required;
    std::vector<std::string_view> optional;
};

auto auth_types() -> const std::vector<AuthKeys>& {
    static const std::vector<AuthKeys> types = {
        {Type::none, "none", {}, {}},
        {Type::bearer, "bearer", {"token"}, {}},
        {Type::header, "header", {"header", "token"}, {}},
        {Type::basic, "basic", {"user", "password"}, {}},
        {Type::hmac, "hmac", {"header", "secret"}, {"algorithm", "prefix", "timestamp_header", "tolerance"}},
        {Type::mtls, "mtls", {"subject"}, {}},
    };
    return types;
}

void check_header_name(config::Section& section, std::string_view key, const std::string& name) {
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!#$%&'*+^`|~") !=
        std::string::npos)
        section.problem(key, "is no name of an HTTP header field");
}

auto read_source_auth(config::Section section) -> SourceAuthConfig {
    SourceAuthConfig auth;
    section.read_enum("type", auth.type,
                      {{"none", Type::none},
                       {"bearer", Type::bearer},
                       {"basic", Type::basic},
                       {"header", Type::header},
                       {"hmac", Type::hmac},
                       {"mtls", Type::mtls}});
    section.read("token", auth.token);
    section.read("header", auth.header);
    section.read("user", auth.user);
    section.read("password", auth.password);
    section.read("secret", auth.secret);
    section.read_enum("algorithm", auth.algorithm,
                      {{"sha256", HashAlgorithm::sha256}, {"sha512", HashAlgorithm::sha512}});
    section.read("prefix", auth.prefix);
    section.read("timestamp_header", auth.timestamp_header);
    section.read("tolerance", auth.tolerance);
    section.read("subject", auth.subject);
    check_header_name(section, "header", auth.header);
    check_header_name(section, "timestamp_header", auth.timestamp_header);

    const auto keys = std::ranges::find(auth_types(), auth.type, &AuthKeys::type);
    for (const auto key : keys->required) section.require(key);
    for (const auto& other : auth_types()) {
        for (const auto* list : {&other.required, &other.optional}) {
            for (const auto key : *list) {
                if (std::ranges::count(keys->required, key) + std::ranges::count(keys->optional, key) == 0 &&
                    section.has(key) && other.type != auth.type)
                    section.problem(key, fmt::format("is not used by auth type `{}`", keys->word));
            }
        }
    }
    return auth;
}

/// What a generic source can map (see generic_adapter.cpp) under the names of the model, and short forms of them.
auto canonical_map_name(std::string_view name) -> std::string_view {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> long_forms = {{
        {"source_id", "id"},
        {"resource.cloud", "cloud"},
        {"resource.account", "account"},
        {"resource.region", "region"},
        {"resource.tags", "tags"},
        {"data.classes", "data"},
        {"type", "finding_type"},
        {"data.fields", "fields"},
        {"data.samples", "samples"},
        {"data.objects", "objects"},
    }};
    const auto at = std::ranges::find(long_forms, name, &std::pair<std::string_view, std::string_view>::first);
    return at == long_forms.end() ? name : at->second;
}

void read_map(config::Section& section, SourceConfig& source) {
    section.read("map", source.map);
    const bool is_generic = source.kind == "generic";
    if (!is_generic && !source.kind.empty() && !source.map.empty())
        section.problem("map", fmt::format("is used by kind `generic` only, not by `{}`", source.kind));
    if (!is_generic) return;
    static const std::vector<std::string_view> names = {
        "items",     "id",      "title",     "description", "recommendation", "severity",      "status",
        "url",       "rule.id", "rule.name", "resource.id", "resource.name",  "resource.type", "finding_type",
        "cloud",     "account", "region",    "tags",        "data",           "exposure",      "first_seen",
        "last_seen", "fields",  "samples",   "objects"};
    bool has_identity = false;
    for (auto& [name, pointer] : source.map) {
        const auto canonical = canonical_map_name(name);
        if (std::ranges::find(names, canonical) == names.end()) {
            const auto near = nearest(name, names);
            section.problem("map", fmt::format("nothing of a finding is called `{}`{}; known are `{}`", name,
                                               near ? fmt::format("; did you mean `{}`?", *near) : "",
                                               fmt::join(names, "`, `")));
        }
        if (!pointer.starts_with('/'))
            section.problem("map", fmt::format("`{}` must be a JSON pointer, which begins with `/`", name));
        name = canonical;
        has_identity = has_identity || name == "id" || name == "title";
    }
    if (!has_identity)
        section.problem("map", "must say where `id` or `title` of a finding stands, as `title: /alert/name`");
}

auto read_source(config::Section& section, std::vector<std::string>& names) -> SourceConfig {
    SourceConfig source;
    section.read_name("name", source.name, names);
    section.require("kind");
    section.read_word("kind", source.kind,
                      {"wiz", "prisma", "orca", "aws", "defender", "scc", "generic", "eventbridge", "sns", "sqs",
                       "event_grid", "service_bus", "cloudevents"});
    if (is_pulled(source.kind) && section.has("auth"))
        section.problem("auth", fmt::format("is not used by kind `{}`: nobody posts to it", source.kind));
    source.auth = read_source_auth(section.child("auth"));
    section.read("as", source.as);
    if (!source.as.empty() && !is_event_kind(source.kind))
        section.problem("as", "is used by the kinds that bring events only");
    source.events = read_events(section, source.kind);
    if (source.kind == "sns" && source.events.sns.topics.empty() && source.auth.type == Type::none)
        section.problem("", "kind `sns` needs `topics`, or `auth` (subscriptions are confirmed for `topics` only)");
    section.read("rate", source.rate);
    section.read_url("console_url", source.console_url);
    read_map(section, source);
    if (section.has("api")) source.api = read_api(section.child("api"), source.kind);
    return source;
}

/// Findings inside events may belong to a webhook source, so that both ways have the same fingerprints.
void check_owners(std::vector<config::Section>& sections, const std::vector<SourceConfig>& sources) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto& as = sources[i].as;
        if (as.empty()) continue;
        const auto owner = std::ranges::find(sources, as, &SourceConfig::name);
        if (owner == sources.end()) {
            std::vector<std::string_view> names;
            for (const auto& source : sources) names.push_back(source.name);
            const auto near = nearest(as, names);
            sections[i].problem("as", fmt::format("there is no source `{}`{}", as,
                                                  near ? fmt::format("; did you mean `{}`?", *near) : ""));
        } else if (is_event_kind(owner->kind)) {
            sections[i].problem("as", fmt::format("must name a source of a platform, and `{}` brings events", as));
        }
    }
}

} // namespace

auto read_sources(std::vector<config::Section> sections) -> std::vector<SourceConfig> {
    std::vector<SourceConfig> sources;
    std::vector<std::string> names;
    for (auto& section : sections) sources.push_back(read_source(section, names));
    check_owners(sections, sources);
    return sources;
}

} // namespace dossier::ingest
