#include "dossier/app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace dossier::app {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Every variable is set, except NO_SUCH and EMPTY.
auto full_environment(const std::string& name, bool& found) -> std::string {
    found = name != "NO_SUCH";
    return name == "EMPTY" ? "" : "value-of-" + name + "-long-enough";
}

auto errors_of(const LoadedConfig& loaded) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& problem : loaded.problems)
        if (!problem.is_warning) out.push_back(problem.describe());
    return out;
}

auto warnings_of(const LoadedConfig& loaded) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& problem : loaded.problems)
        if (problem.is_warning) out.push_back(problem.describe());
    return out;
}

auto parse(std::string text) -> LoadedConfig { return parse_config(std::move(text), "d.yaml", full_environment); }

/// Every key of DESIGN §5.
constexpr auto complete = R"(
mode: assist
server:   { listen: 127.0.0.1:8181, admin_listen: "", max_body: 4MiB, drain_timeout: 20s,
            tls: { cert: "", key: "", client_ca: "" } }
auth:
  tokens:
    - { name: local, role: admin, token: "${DOSSIER_TOKEN}" }
  oidc:   { issuer: "", audience: "", jwks_url: "", role_claim: roles }
store:    { url: "sqlite:data/x.db" }
queue:    { capacity: 10000, workers: 0, in_flight: 1024, lease: 60s, max_attempts: 8, backoff: { base: 500ms, max: 5m } }
sources:
  - { name: wiz,    kind: wiz,    auth: { type: bearer, token: "${WIZ_WEBHOOK_TOKEN}" }, rate: 200/s }
  - { name: prisma, kind: prisma, auth: { type: header, header: X-Dossier-Token, token: "${PRISMA_WEBHOOK_TOKEN}" } }
  - { name: orca,   kind: orca,   auth: { type: basic, user: orca, password: "${ORCA}" } }
identity: [ { kind: file, path: config/identity.yaml } ]
cmdb:     [ { kind: file, path: config/cmdb.yaml } ]
context:  { timeout: 2s, cache_ttl: 10m, max_in_flight: 64 }
redaction: { pseudonymise: true, restore_in_tickets: false, allow: [], extra: [] }
llm:
  providers:
    - { name: main, kind: openai, url: "https://llm.example/v1", model: gpt-4o, api_key: "${LLM_API_KEY}",
        timeout: 60s, max_in_flight: 64 }
  prompts: config/prompts
  budget:  { tokens_per_minute: 0, usd_per_day: 0 }
  cache:   true
routes:
  - { name: critical-exposure, when: { severity: [critical, high], exposure: [public] }, do: ticket, sink: jira, approval: before_assign }
  - { name: unclassified,      when: { finding_type: [unclassified_data] }, do: classify, min_confidence: 0.7 }
  - { name: rest,              do: digest }
automate: { max_severity: medium, min_confidence: 0.8, max_actions_per_hour: 50 }
tickets:
  approval: before_assign
  settle: 120s
  sinks:
    - { name: outbox, kind: outbox }
    - { name: jira, kind: jira, url: "https://acme.example", flavour: cloud, user: bot@acme.example, token: "${JIRA_TOKEN}",
        project: SEC, issue_type: Task, fields: {} }
    - { name: snow, kind: servicenow, url: "https://snow.example", user: svc, password: "${SNOW_PASSWORD}", table: incident }
chat:     { slack: { bot_token: "", signing_secret: "", channel: "" }, teams: { webhook_url: "", hmac_secret: "" } }
audit:    { key: data/audit.key, sinks: [ ] }
retention: { payloads: 30d, prompts: 30d, audit: 400d }
log:      { level: info, format: json }
)";

TEST(AppConfig, TakesEveryKeyOfTheContract) {
    const auto loaded = parse(complete);
    EXPECT_THAT(errors_of(loaded), IsEmpty());
    EXPECT_FALSE(loaded.has_errors());
    // What is accepted and does something else is said.
    EXPECT_THAT(warnings_of(loaded), ElementsAre(HasSubstr("are kept")));

    const auto& config = loaded.config;
    EXPECT_EQ(config.server.listen, "127.0.0.1:8181");
    EXPECT_EQ(config.server.max_body.bytes, 4U << 20U);
    ASSERT_THAT(config.tokens, SizeIs(1));
    EXPECT_EQ(config.tokens[0].role, api::Role::admin);
    EXPECT_EQ(config.tokens[0].token.reveal(), "value-of-DOSSIER_TOKEN-long-enough");
    ASSERT_THAT(config.sources, SizeIs(3));
    EXPECT_EQ(config.sources[0].rate.per_second, 200);
    EXPECT_EQ(config.sources[1].auth.type, ingest::SourceAuthConfig::Type::header);
    EXPECT_EQ(config.sources[1].auth.header, "X-Dossier-Token");
    EXPECT_EQ(config.sources[2].auth.user, "orca");
    EXPECT_EQ(config.pipeline.queue.backoff_max, Duration{300'000});
    ASSERT_THAT(config.pipeline.routes, SizeIs(3));
    EXPECT_THAT(config.pipeline.routes[0].when.severity, ElementsAre("critical", "high"));
    EXPECT_EQ(config.pipeline.routes[1].min_confidence, 0.7);
    ASSERT_THAT(config.llm.providers, SizeIs(1));
    EXPECT_EQ(config.llm.providers[0].api_key.reveal(), "value-of-LLM_API_KEY-long-enough");
    ASSERT_THAT(config.tickets.sinks, SizeIs(3));
    EXPECT_EQ(config.tickets.sinks[1].fields, "{}");
    EXPECT_EQ(config.context.identity[0].path, "config/identity.yaml");
}

TEST(AppConfig, AnEmptyFileIsAWorkingConfigurationOnLoopback) {
    const auto loaded = parse("");
    EXPECT_THAT(errors_of(loaded), IsEmpty());
    EXPECT_THAT(loaded.config.tokens, IsEmpty());
    ASSERT_THAT(loaded.config.tickets.sinks, SizeIs(1));
    EXPECT_EQ(loaded.config.tickets.sinks[0].name, "outbox");
    EXPECT_EQ(loaded.config.pipeline.mode, pipeline::Mode::assist);
}

TEST(AppConfig, ShippedFilesLoadWithoutAWord) {
    for (const auto& [name, sources] : {std::pair{"dossier.yaml", 4U}, std::pair{"production.example.yaml", 10U}}) {
        SCOPED_TRACE(name);
        const auto loaded = load_config(std::string(DOSSIER_SOURCE_DIR "/config/") + name, full_environment);
        EXPECT_THAT(loaded.problems, IsEmpty()) << loaded.problems.front().describe();
        EXPECT_EQ(loaded.config.sources.size(), sources);
    }
}

TEST(AppConfig, RefusesToBeOpenBeyondLoopback) {
    constexpr auto no_token = "auth.tokens: the service listens on ";
    constexpr auto open_source = "sources[0].auth: source `s` has no authentication";
    const std::string token = "auth: {tokens: [{name: a, role: viewer, token: '${T}'}]}\n";
    const std::string guarded = "sources: [{name: s, kind: wiz, auth: {type: bearer, token: '${T}'}}]\n";
    const std::string open = "sources: [{name: s, kind: wiz, auth: {type: none}}]\n";
    const struct {
        const char* name;
        std::string text;
        std::vector<const char*> expected;
    } rows[] = {
        {"loopback, all open", open, {}},
        {"IPv6 loopback, all open", "server: {listen: '[::1]:80'}\n" + open, {}},
        {"localhost, all open", "server: {listen: 'localhost:80'}\n" + open, {}},
        {"other loopback address", "server: {listen: '127.9.9.9:80'}\n" + open, {}},
        {"everywhere, guarded", "server: {listen: '0.0.0.0:80'}\n" + guarded + token, {}},
        {"everywhere, all open", "server: {listen: '0.0.0.0:80'}\n" + open, {no_token, open_source}},
        {"everywhere, no token", "server: {listen: '0.0.0.0:80'}\n" + guarded, {no_token}},
        {"everywhere, open source", "server: {listen: '0.0.0.0:80'}\n" + open + token, {open_source}},
        {"source without auth at all",
         "server: {listen: '0.0.0.0:80'}\nsources: [{name: s, kind: wiz}]\n" + token,
         {open_source}},
        {"every IPv6 address", "server: {listen: '[::]:80'}\n" + guarded, {no_token}},
        {"a name that looks like loopback", "server: {listen: '127.evil.example:80'}\n" + guarded, {no_token}},
        {"a name that begins like localhost", "server: {listen: 'localhost.example:80'}\n" + guarded, {no_token}},
        {"mapped loopback", "server: {listen: '[::ffff:127.0.0.1]:80'}\n" + guarded, {no_token}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto errors = errors_of(parse(row.text));
        ASSERT_EQ(errors.size(), row.expected.size()) << testing::PrintToString(errors);
        for (const auto* expected : row.expected) EXPECT_THAT(errors, Contains(HasSubstr(expected)));
    }
}

TEST(AppConfig, NeverIgnoresWhatItCantDo) {
    const char* rows[] = {
        "auth: {oidc: {issuer: 'https://idp.example', audience: dossier}}",
        "audit: {sinks: [{kind: splunk_hec, url: 'https://hec.example', token: '${T}'}]}",
        "audit: {sinks: [{kind: syslog, host: h, port: 514, tls: true}]}",
        "audit: {sinks: [{kind: file, path: p}]}",
    };
    for (const auto* text : rows) {
        SCOPED_TRACE(text);
        const auto loaded = parse(text);
        EXPECT_THAT(errors_of(loaded), ElementsAre(HasSubstr("is not available in this version")));
        for (const auto& problem : loaded.problems)
            EXPECT_THAT(problem.message, testing::Not(HasSubstr("secret-word")));
    }
}

TEST(AppConfig, TellsWhatIsWrongInEachSection) {
    const struct {
        const char* text;
        const char* expected;
    } rows[] = {
        {"mod: assist", "d.yaml:1: mod: unknown key `mod`; did you mean `mode`?"},
        {"mode: asist", "mode: `asist` is none of `observe`, `assist`, `automate`; did you mean `assist`?"},
        {"server: {listen: '8080'}", "server.listen: expected host:port"},
        {"server: {listen: '127.0.0.1:99999'}", "server.listen: expected host:port"},
        {"server: {listen: '::1:80'}", "server.listen: expected host:port"},
        {"server: {tls: {cert: c.pem}}", "server.tls.key: is required beside `cert`"},
        {"server: {tls: {client_ca: c.pem}}", "server.tls.client_ca: works only with"},
        {"server: {max_body: 8MiB, body_memory: 4MiB}", "server.body_memory: must not be less than `max_body`"},
        {"server: {max_body: 10B}", "server.max_body: must be from 1KiB to 1GiB"},
        {"server: {listen: '127.0.0.1:80', admin_listen: '127.0.0.1:80'}", "server.admin_listen: is the same"},
        {"auth: {tokens: [{name: a, role: boss, token: '${T}'}]}", "auth.tokens[0].role: `boss` is none of"},
        {"auth: {tokens: [{name: a, role: admin}]}", "auth.tokens[0].token: is required (or `sha256`"},
        {"auth: {tokens: [{name: a, role: admin, token: '${EMPTY}'}]}", "auth.tokens[0].token: must not be empty"},
        {"auth: {tokens: [{name: a, role: admin, sha256: abc}]}", "auth.tokens[0].sha256: expected 64 hex digits"},
        {"auth: {tokens: [{name: a, role: admin, token: '${T}'}, {name: a, role: viewer, token: '${U}'}]}",
         "auth.tokens[1].name: `a` is taken already"},
        {"store: {url: 'mysql://x'}", "store.url: expected sqlite:PATH"},
        {"store: {url: 'sqlite:'}", "store.url: expected sqlite:PATH"},
        {"queue: {capacity: 0}", "queue.capacity: expected a whole number, at least 1, found `0`"},
        {"queue: {in_flight: 0}", "queue.in_flight: expected a whole number, at least 1"},
        {"queue: {lease: 10ms}", "queue.lease: must be at least 1s"},
        {"queue: {backoff: {base: 10m}}", "queue.backoff.max: must not be less than `base`"},
        {"sources: [{name: Wiz, kind: wiz}]", "sources[0].name: a name is made of a-z"},
        {"sources: [{name: w, kind: wiz}, {name: w, kind: orca}]", "sources[1].name: `w` is taken already"},
        {"sources: [{name: w, kind: wizz}]", "sources[0].kind: `wizz` is none of"},
        {"sources: [{name: w}]", "sources[0].kind: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: bearer}}]", "sources[0].auth.token: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: bearer, token: '${EMPTY}'}}]",
         "sources[0].auth.token: must not be empty, and `${EMPTY}` is"},
        {"sources: [{name: w, kind: wiz, auth: {type: bearer, token: '${NO_SUCH}'}}]",
         "sources[0].auth.token: environment variable `NO_SUCH` is not set"},
        {"sources: [{name: w, kind: wiz, auth: {type: header, token: '${T}'}}]", "sources[0].auth.header: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: header, token: '${T}', header: 'a b'}}]",
         "is no name of an HTTP"},
        {"sources: [{name: w, kind: wiz, auth: {type: basic, user: u}}]", "sources[0].auth.password: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: hmac, header: h}}]", "sources[0].auth.secret: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: hmac, header: h, secret: '${T}', algorithm: md5}}]",
         "sources[0].auth.algorithm: `md5` is none of `sha256`, `sha512`"},
        {"sources: [{name: w, kind: wiz, auth: {type: mtls}}]", "sources[0].auth.subject: is required"},
        {"sources: [{name: w, kind: wiz, auth: {type: none, token: '${T}'}}]",
         "sources[0].auth.token: is not used by auth type `none`"},
        {"sources: [{name: w, kind: wiz, map: {title: /t}}]", "sources[0].map: is used by kind `generic` only"},
        {"sources: [{name: w, kind: generic}]", "sources[0].map: must say where `id` or `title`"},
        {"sources: [{name: w, kind: generic, map: {title: t}}]", "`title` must be a JSON pointer"},
        {"sources: [{name: w, kind: generic, map: {titel: /t, id: /i}}]", "did you mean `title`?"},
        {"sources: [{name: w, kind: wiz, rate: fast}]", "sources[0].rate: expected a rate"},
        {"sources: [{name: w, kind: wiz, console_url: app.wiz.io}]", "sources[0].console_url: expected a URL"},
        {"identity: [{kind: file}]", "identity[0].path: is required"},
        {"identity: [{kind: scim, token: '${T}'}]", "identity[0].url: is required"},
        {"identity: [{kind: scim, url: 'https://idp.example'}]",
         "identity[0].token: is required, or `auth_url`, `client_id`, `client_secret`"},
        {"identity: [{kind: scim, url: 'https://idp.example', client_id: a, client_secret: '${T}'}]",
         "identity[0].auth_url: is required"},
        {"identity: [{kind: okta, url: 'https://acme.okta.com', token: '${T}', client_id: a, private_key: '${T}'}]",
         "identity[0].token: use either `token` or `client_id`, `private_key`"},
        {"identity: [{kind: okta, url: 'https://acme.okta.com', client_id: a}]",
         "identity[0].private_key: is required"},
        {"identity: [{kind: msgraph, client_id: a, client_secret: '${T}'}]", "identity[0].tenant_id: is required"},
        {"identity: [{kind: msgraph, tenant_id: t, client_id: a, client_secret: '${T}', token: '${T}'}]",
         "identity[0].token: is not used by kind `msgraph`"},
        {"cmdb: [{kind: fil, path: x}]", "cmdb[0].kind: `fil` is none of `file`, `servicenow`, `http`"},
        {"context: {cache_negative: 1m}",
         "context.cache_negative: unknown key `cache_negative`; did you mean `cache_negative_ttl`?"},
        {"context: {max_in_flight: 0}", "context.max_in_flight: expected a whole number, at least 1"},
        {"redaction: {extra: ['a(']}", "redaction.extra: pattern 1 is no RE2 expression"},
        {"redaction: {extra: ['a*']}", "redaction.extra: pattern 1 matches the empty text"},
        {"llm: {providers: [{name: p, kind: openai, model: m}]}", "llm.providers[0].url: is required"},
        {"llm: {share: true, cache: false}", "llm.share: needs `cache: true`"},
        {"llm: {share_storms_of: -1}", "llm.share_storms_of: "},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1'}]}",
         "llm.providers[0].model: is required"},
        {"llm: {providers: [{name: p, kind: azure_openai, url: 'https://x.example', api_key: '${K}'}]}",
         "llm.providers[0].deployment: is required"},
        {"llm: {providers: [{name: p, kind: azure_openai, url: 'https://x.example', deployment: d}]}",
         "llm.providers[0]: needs either `api_key`, or `tenant_id`"},
        {"llm: {providers: [{name: p, kind: azure_openai, url: 'https://x.example', deployment: d, api_key: '${K}', "
         "tenant_id: t, client_id: c, client_secret: '${S}'}]}",
         "llm.providers[0]: needs either `api_key`, or `tenant_id`"},
        {"llm: {providers: [{name: p, kind: anthropic, url: 'https://x.example/v1'}]}",
         "llm.providers[0].model: is required"},
        {"llm: {providers: [{name: p, kind: anthropic, url: 'https://x.example/v1', model: m, structured: "
         "json_object}]}",
         "llm.providers[0].structured: `json_object` is none of `json_schema`, `tool`, `none`"},
        {"llm: {providers: [{name: p, kind: bedrock, model: m}]}", "llm.providers[0].region: is required"},
        {"llm: {providers: [{name: p, kind: bedrock, region: EU, model: m}]}",
         "llm.providers[0].region: expected the name of a region"},
        {"llm: {providers: [{name: p, kind: bedrock, region: eu-west-1, model: m, access_key_id: a}]}",
         "access_key_id and secret_access_key belong together"},
        {"llm: {providers: [{name: p, kind: bedrock, region: eu-west-1, model: m, api_key: '${K}', role_arn: r}]}",
         "llm.providers[0].api_key: is a Bedrock API key and stands instead"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, region: r}]}",
         "llm.providers[0].region: unknown key"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, context_window: 1000}]}",
         "llm.providers[0].context_window: must be larger than max_tokens"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, headers: {Authorization: "
         "x}}]}",
         "llm.providers[0].headers: `Authorization` is set by the provider itself"},
        {"llm: {providers: [{name: p, kind: openai, url: 'ftp://x', model: m}]}",
         "llm.providers[0].url: expected a URL"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m}], budget: {usd_per_day: 5}}",
         "llm.providers[0].price: is needed"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m}], budget: {per_route: "
         "{default: 5}}}",
         "llm.providers[0].price: is needed"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, price: {input: 1}}]}",
         "llm.providers[0].price.output: is required"},
        {"llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, price: {input: -1, output: "
         "1}}]}",
         "llm.providers[0].price: must be dollars from 0"},
        {"llm: {rollout: {narrative: {'1.0.0': 50}}}", "llm.rollout: the shares of `narrative` add up to 50"},
        {"llm: {rollout: {narrative: {'1.0.0': 150, '1.1.0': -50}}}", "needs a share from 0 to 100"},
        {"llm: {rollout: {narrative: {'7.0.0': 100}}}",
         "llm.rollout: there is no prompt narrative 7.0.0; there are 1."},
        {"llm: {rollout: {poem: {'1.0.0': 100}}}", "llm.rollout: there is no prompt poem 1.0.0; the prompts are"},
        {"llm: {rollout: newest}", "llm.rollout: must name prompts"},
        {"llm: {share: true, cache: false}", "llm.share: needs `cache: true`"},
        {"llm: {budget: {usd_per_day: -1}}", "llm.budget.usd_per_day: must be dollars from 0"},
        {"llm: {budget: {usd_per_day: .inf}}", "llm.budget.usd_per_day: "},
        {"llm: {budget: {per_source: {wiz: lots}}}", "llm.budget.per_source: `wiz` needs dollars a day"},
        {"sources: [{name: wiz, kind: wiz, auth: {type: none}}]\nllm: {budget: {per_source: {wizz: 1}}}",
         "llm.budget.per_source: there is no source `wizz`; did you mean `wiz`?"},
        {"routes: [{name: rest}]\nllm: {budget: {per_route: {default: 1}}}",
         "llm.budget.per_route: there is no route `default`"},
        {"routes: [{name: r, narrative: sometimes}]", "routes[0].narrative: `sometimes` is none of `always`, `never`"},
        {"routes: [{name: r, narrative: {window: 1h}}]", "routes[0].narrative.top_percent: is required"},
        {"routes: [{name: r, narrative: {top_percent: 101}}]", "routes[0].narrative.top_percent: must be over 0"},
        {"routes: [{name: r, narrative: {top_percent: 5, window: 1s}}]", "routes[0].narrative.window: must be from 1m"},
        {"routes: [{name: r, narrative: {percent: 5}}]", "routes[0].narrative.percent: unknown key `percent`"},
        {"routes: [{name: r, when: {severity: [hihg]}}]", "routes[0].when.severity: `hihg` is none of"},
        {"routes: [{name: r, when: {exposure: [pubic]}}]", "did you mean `public`?"},
        {"routes: [{name: r, when: {finding_type: [sensitive]}}]",
         "routes[0].when.finding_type: `sensitive` is none of"},
        {"routes: [{name: r, when: {environment: [production]}}]",
         "routes[0].when.environment: `production` is none of"},
        {"routes: [{name: r, when: {sources: [w]}}]",
         "routes[0].when.sources: unknown key `sources`; did you mean `source`?"},
        {"routes: [{name: r, when: {source: [w]}}]", "routes[0].when.source: there is no source `w`"},
        {"routes: [{name: r, sink: outbocks}]", "d.yaml:1: routes[0].sink: there is no ticket sink `outbocks`"},
        {"routes: [{name: r, do: tiket}]", "routes[0].do: `tiket` is none of `ticket`, `classify`, `digest`"},
        {"routes: [{name: r, min_confidence: 1.5}]", "routes[0].min_confidence: must be from 0 to 1"},
        {"routes: [{do: digest}]", "routes[0].name: is required"},
        {"approval: {rules: [{when: {kind: [tags]}}]}", "approval.rules[0]: changes nothing; give `roles`"},
        {"approval: {rules: [{roles: [boss]}]}", "approval.rules[0].roles: `boss` is none of"},
        {"approval: {rules: [{when: {kind: [task]}, roles: [legal]}]}",
         "approval.rules[0].when.kind: `task` is none of"},
        {"approval: {rules: [{when: {route: [x]}, roles: [legal]}]}",
         "approval.rules[0].when.route: there is no route `x`"},
        {"approval: {rules: [{when: {sink: [outbocks]}, roles: [legal]}]}",
         "approval.rules[0].when.sink: there is no ticket sink `outbocks`"},
        {"approval: {expire_after: 20ms}", "approval.expire_after: must be at least 1s"},
        {"approval: {foureyes: true}", "approval.foureyes: unknown key `foureyes`; did you mean `four_eyes`?"},
        {"automate: {max_severity: urgent}", "automate.max_severity: `urgent` is none of"},
        {"tickets: {on_resolve: close}", "tickets.on_resolve: `close` is none of `transition`, `comment`, `none`"},
        {"tickets: {on_reopen: new}", "tickets.on_reopen: `new` is none of `reopen`, `new_ticket`, `comment`"},
        {"tickets: {on_update: all}", "tickets.on_update: `all` is none of `comment`, `none`"},
        {"tickets: {due: {critical: soon}}", "tickets.due.critical"},
        {"tickets: {due: {high: -1}}", "tickets.due.high"},
        {"tickets: {due: {urgent: 1}}", "tickets.due.urgent"},
        {"tickets: {due: {high: 5, calendar: {weekend: [sat, sunday]}}}",
         "tickets.due.calendar.weekend: `sunday` is none of `sun`, `mon`"},
        {"tickets: {due: {high: 5, calendar: {weekend: [sun, mon, tue, wed, thu, fri, sat]}}}",
         "tickets.due.calendar.weekend: leaves no day to work on"},
        {"tickets: {due: {high: 5, calendar: {holidays: [25.12.2026]}}}", "`25.12.2026` is no date"},
        {"tickets: {due: {high: 5, calendar: {utc_offset: CET}}}", "expected an offset from UTC as +01:00"},
        {"tickets: {due: {high: 5, mention: [boss]}}", "tickets.due.mention: `boss` is none of `owner`, `manager`"},
        {"scanners: [{name: p, kind: fabric}]", "scanners[0].kind: `fabric` is none of `purview`"},
        {"scanners: [{name: p, kind: purview, url: 'https://p.x', client_id: c, client_secret: s, scans: []}]",
         "scanners[0].tenant_id"},
        {"scanners: [{name: p, kind: purview, url: 'https://p.x', tenant_id: t/../u, client_id: c, client_secret: s, "
         "scans: [{data_source: D, scan: s}]}]",
         "scanners[0].tenant_id: expected the id or domain"},
        {"scanners: [{name: p, kind: purview, url: 'https://p.x', tenant_id: t, client_id: c, client_secret: s, "
         "scans: [{data_source: D/../E, scan: s}]}]",
         "scanners[0].scans[0].data_source: expected a name as Purview has them"},
        {"scanners: [{name: p, kind: purview, url: 'https://p.x', tenant_id: t, client_id: c, client_secret: s, "
         "poll: 0s, scans: [{data_source: D}]}]",
         "scanners[0].scans[0].scan"},
        {"routes: [{name: a, scan: purview}]", "routes[0].scan: there is no scanner `purview`"},
        {"routes: [{name: a, due: never}]", "routes[0].due: `never` is none of `none`"},
        {"routes: [{name: a, due: {critical: 9999}}]", "routes[0].due.critical"},
        {"tickets: {group: {by: [owner]}}", "tickets.group.by: must name `rule`"},
        {"tickets: {group: {by: [rule, colour]}}", "tickets.group.by"},
        {"tickets: {group: {by: [rule], min: 1}}", "tickets.group.min"},
        {"tickets: {group: {by: [rule], window: 0s}}", "tickets.group.window: must be longer than nothing"},
        {"tickets: {sinks: [{name: o, kind: outbox, poll: 5m}]}",
         "tickets.sinks[0].poll: is not used by kind `outbox`"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.x', user: u, token: x, project: P, poll: 0s}]}",
         "tickets.sinks[0].poll: must be longer than nothing"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.x', user: u, token: x, project: P, callback: {}}]}",
         "tickets.sinks[0].callback: needs `secret`"},
        {"tickets: {approval: none}", "tickets.approval: `none` is none of `before_create`, `before_assign`"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}'}]}",
         "tickets.sinks[0].project: is required"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://u:p@j.example', user: u, token: '${T}', project: P}]}",
         "tickets.sinks[0].url: credentials don't belong into a URL"},
        {"tickets: {sinks: [{name: s, kind: servicenow, url: 'https://s.example', user: u}]}",
         "tickets.sinks[0].password: is required"},
        {"tickets: {sinks: [{name: o, kind: outbox}, {name: o, kind: outbox}]}", "tickets.sinks[1].name: `o` is taken"},
        {"tickets: {sinks: [{name: outbox, kind: servicenow, url: 'https://s.example', user: u, password: '${T}'}]}",
         "tickets.sinks[0].name: `outbox` is the name of the built-in sink"},
        {"tickets: {sinks: [{name: j, kind: jira, flavour: dc, url: 'https://j.example', user: u, project: P}]}",
         "tickets.sinks[0].token: Jira Data Center takes a personal access token"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
         "fields: {a: [{b: '{{owner.mail}}'}]}}]}",
         "tickets.sinks[0].fields: unknown placeholder `{{owner.mail}}`; did you mean `{{owner.email}}`?"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
         "epic: '{{nobody'}]}",
         "tickets.sinks[0].epic: `{{` is never closed by `}}`"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
         "priority: {severe: Highest}}]}",
         "tickets.sinks[0].priority.severe: unknown key"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
         "states: {draft: '3'}}]}",
         "tickets.sinks[0].states: `draft`, `approved` and `assigned` are used by kind `servicenow` only"},
        {"tickets: {sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
         "impact: {low: '3'}}]}",
         "tickets.sinks[0].impact: is used by kind `servicenow` only"},
        {"tickets: {sinks: [{name: s, kind: servicenow, url: 'https://s.example', oauth: {client_id: c}}]}",
         "tickets.sinks[0].oauth.client_secret: is required"},
        {"tickets: {sinks: [{name: s, kind: servicenow, url: 'https://s.example', user: u, oauth: {grant: password, "
         "client_id: c, client_secret: '${T}'}}]}",
         "tickets.sinks[0].password: is required"},
        {"tickets: {sinks: [{name: s, kind: servicenow, url: 'https://s.example', user: u, password: '${T}', "
         "components: [x]}]}",
         "tickets.sinks[0].components: is used by kind `jira` only"},
        {"tickets: {sinks: [{name: o, kind: outbox, fields: [a]}]}", "tickets.sinks[0].fields: expected a mapping"},
        {"audit: {key: ''}", "audit.key: must not be empty"},
        {"log: {level: verbose}", "log.level: `verbose` is none of"},
        {"retention: {payloads: long}", "retention.payloads: expected a duration"},
        {"chat: {slak: {}}", "chat.slak: unknown key `slak`; did you mean `slack`?"},
        {"chat: {slack: {bot_token: '${T}', channel: C1}}", "chat.slack.signing_secret: is required"},
        {"chat: {slack: {signing_secret: '${T}', channel: C1}}", "chat.slack.bot_token: is required"},
        {"chat: {slack: {bot_token: '${T}', signing_secret: '${T}'}}", "chat.slack.channel: is required"},
        {"chat: {slack: {timeout: 0s}}", "chat.slack.timeout: must be longer"},
        {"chat: {every: 1ms}", "chat.every: must be at least 20ms"},
        {"chat: {teams: {webhook_url: 'http://flows.example/x?sig=1'}}", "chat.teams.webhook_url: must be https"},
        {"chat: {teams: {link_secret: short}}", "chat.teams.link_secret: must have at least 32 characters"},
        {"chat: {teams: {link_secret: '0123456789abcdef0123456789abcdef'}}", "chat.public_url: is needed"},
        {"chat: {teams: {shape: picture}}", "chat.teams.shape: `picture` is none of"},
        {"approval: {platform: {sources: [wiz]}}", "approval.platform.sources: there is no source `wiz`"},
        {"approval: {platform: {approve: ' '}}", "approval.platform.approve: must not be empty"},
        {"approval: {platform: {approve: yes, reject: YES}}", "approval.platform.reject: says the same"},
        {"approval: {platform: {every: 1ms}}", "approval.platform.every: must be at least 50ms"},
        {"approval: {platform: {status: {approve: [open], reject: [Open]}}}",
         "approval.platform.status.reject: `open` approves already"},
        {"approval: {platform: {status: {by: lea@x.example}}}",
         "approval.platform.status.by: `auth.people` has nobody with the e-mail `lea@x.example`"},
        {"auth: {people: [{email: lea@x.example, role: approver}]}\n"
         "sources: [{name: w, kind: wiz, auth: {type: bearer, token: '${T}'}, api: {client_id: c, client_secret: s, "
         "url: 'https://api.wiz.example', auth_url: 'https://auth.wiz.example', write_back: {status: true}}}]\n"
         "approval: {platform: {sources: [w], status: {approve: [in_progress], by: lea@x.example}}}",
         "approval.platform.status: dossier sets the status of `w` itself"},
        {"sources: [{name: w, kind: wiz, auth: {type: bearer, token: '${T}'}}]\napproval: {platform: {sources: [w]}}",
         "approval.platform.sources: source `w` has no `api`"},
        {"auth: {people: [{email: a@x.example}]}", "auth.people[0].role: is required"},
        {"auth: {people: [{role: approver}]}", "auth.people[0].email: is required"},
        {"auth: {people: [{email: alice, role: approver}]}", "auth.people[0].email: expected an e-mail address"},
        {"auth: {people: [{email: A@x.example, role: viewer}, {email: a@x.example, role: admin}]}",
         "auth.people[1].email: stands here twice"},
        {"auth: {people: [{email: a@x.example, role: viewer, teams_id: T}, {email: b@x.example, role: admin, "
         "teams_id: t}]}",
         "auth.people[1].teams_id: is that of another person"},
        {"actions: {policies: [{name: p}]}", "actions.policies[0].kind: is required"},
        {"actions: {policies: [{name: p, kind: gitub}]}", "actions.policies[0].kind: `gitub` is none of"},
        {"actions: {policies: [{name: p, kind: github, repository: a/b}]}", "actions.policies[0].token: is required"},
        {"actions: {policies: [{name: p, kind: github, token: t, repository: a/../b}]}", "expected owner/name"},
        {"actions: {policies: [{name: p, kind: gitlab, token: t, repository: a}]}", "expected group/project"},
        {"actions: {policies: [{name: p, kind: github, token: t, repository: a/b, path: .github/x}]}",
         "actions.policies[0].path: no part of it may be empty or begin with a dot"},
        {"actions: {policies: [{name: p, kind: file, directory: d, path: 'a/../b'}]}", "begin with a dot"},
        {"actions: {policies: [{name: p, kind: file, directory: d, path: '/etc'}]}", "must be relative"},
        {"actions: {policies: [{name: p, kind: file, directory: d, path: '{{policy.ids}}'}]}", "unknown placeholder"},
        {"actions: {policies: [{name: p, kind: file, directory: d, token: t}]}", "is not used by kind `file`"},
        {"actions: {policies: [{name: p, kind: webhook, url: 'http://127.0.0.1'}]}", "policies[0].secret: is required"},
        {"actions: {policies: [{name: outbox, kind: file, directory: d}]}", "is the name of a ticket sink already"},
        {"routes: [{name: r, do: ticket, policy_sink: outbox}]", "routes[0].policy_sink: needs `policy_drafts: true`"},
        {"routes: [{name: r, do: ticket, policy_drafts: true, policy_sink: nowhere}]",
         "routes[0].policy_sink: there is no ticket sink or target of policies `nowhere`"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_THAT(errors_of(parse(row.text)), Contains(HasSubstr(row.expected)));
    }
}

TEST(AppConfig, ASettleWindowShorterThanACallIsWarnedOf) {
    const auto tickets = [](const std::string& settle) {
        return parse("tickets: {settle: " + settle +
                     ", sinks: [{name: j, kind: jira, url: 'https://j.example', user: u, token: '${T}', project: P, "
                     "timeout: 5s}]}");
    };
    EXPECT_THAT(warnings_of(tickets("4s")),
                ElementsAre(HasSubstr("tickets.settle: is shorter than the `timeout` of j")));
    EXPECT_THAT(warnings_of(tickets("5s")), IsEmpty());
}

TEST(AppConfig, ChatWithoutPeopleIsSaidToBeDeaf) {
    const std::string slack = "chat: {slack: {bot_token: '${T}', signing_secret: '${T}', channel: C1}}\n";
    EXPECT_THAT(warnings_of(parse(slack)), ElementsAre(HasSubstr("auth.people: nobody is named")));
    EXPECT_THAT(warnings_of(parse("chat: {teams: {webhook_url: nonsense, hmac_secret: '!'}}")),
                Contains(HasSubstr("is not base64")));
    const std::string people = "auth: {people: [{email: Paul@Acme.example, role: approver}]}\n";
    const auto loaded = parse(slack + people);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.people.at(0).email, "paul@acme.example");
    EXPECT_EQ(loaded.config.chat.slack.url, "https://slack.com/api");
    const auto elsewhere = parse(people + "chat: {slack: {url: 'http://127.0.0.1:81/', bot_token: '${T}', "
                                          "signing_secret: '${T}', channel: C1}}");
    EXPECT_EQ(elsewhere.config.chat.slack.url, "http://127.0.0.1:81/api");
}

TEST(AppConfig, AnEmptyVariableIsFineWhereASecretIsOptional) {
    const auto loaded = parse("llm: {providers: [{name: p, kind: openai, url: 'https://x.example/v1', model: m, "
                              "api_key: '${EMPTY}'}]}");
    EXPECT_THAT(errors_of(loaded), IsEmpty());
}

TEST(AppConfig, ClientCertificatesNeedAnAuthority) {
    const std::string source = "sources: [{name: s, kind: wiz, auth: {type: mtls, subject: 'CN=wiz*'}}]\n";
    EXPECT_THAT(errors_of(parse(source)), ElementsAre(HasSubstr("sources[0].auth.type: `mtls` needs")));
    EXPECT_THAT(errors_of(parse(source + "server: {tls: {cert: c, key: k, client_ca: a}}\n")), IsEmpty());
}

TEST(AppConfig, UsesTheContextFilesThatExistUnlessToldOtherwise) {
    const auto before = std::filesystem::current_path();
    const auto directory = std::filesystem::temp_directory_path() / "dossier_app_config_test";
    std::filesystem::create_directories(directory / "config");
    std::filesystem::current_path(directory);
    std::filesystem::remove("config/cmdb.yaml");
    std::ofstream("config/identity.yaml") << "people: []\n";

    const auto by_default = parse("");
    ASSERT_THAT(by_default.config.context.identity, SizeIs(1));
    EXPECT_EQ(by_default.config.context.identity[0].path, "config/identity.yaml");
    EXPECT_THAT(by_default.config.context.cmdb, IsEmpty());
    EXPECT_THAT(parse("identity: []").config.context.identity, IsEmpty());
    std::filesystem::current_path(before);
}

TEST(AppConfig, RolesIncludeWhatTheContractSays) {
    using enum api::Role;
    const struct {
        api::Role role;
        std::vector<api::Role> may;
    } rows[] = {
        {viewer, {viewer}},
        {analyst, {viewer, analyst}},
        {approver, {viewer, analyst, approver}},
        {auditor, {viewer, auditor}},
        {admin, {viewer, analyst, approver, auditor, admin}},
    };
    for (const auto& row : rows)
        for (const auto needed : {viewer, analyst, approver, auditor, admin})
            EXPECT_EQ(api::includes(row.role, needed), testing::Matches(Contains(needed))(row.may))
                << api::to_string(row.role) << " as " << api::to_string(needed);
}

} // namespace
} // namespace dossier::app
