#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"

#include <algorithm>

namespace dossier::api {

namespace {

auto list_findings(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    store::FindingFilter filter;
    const auto severity = word_of<Severity>(call, "severity");
    const auto status = word_of<Status>(call, "status");
    const auto stage = word_of<Stage>(call, "stage");
    const auto since = time_of(call, "since");
    const auto until = time_of(call, "until");
    if (!severity) co_return refuse(call, severity.error());
    if (!status) co_return refuse(call, status.error());
    if (!stage) co_return refuse(call, stage.error());
    if (!since) co_return refuse(call, since.error());
    if (!until) co_return refuse(call, until.error());
    filter.severity = *severity;
    filter.status = *status;
    filter.stage = *stage;
    filter.since = *since;
    filter.until = *until;
    filter.source = call.request.query_value("source").value_or("");
    filter.owner = call.request.query_value("owner").value_or("");
    filter.q = call.request.query_value("q").value_or("");
    auto listing = co_await services.store.list_findings(std::move(filter), std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    co_return list_answer(*listing, present_finding);
}

/// The audit records of a dossier, oldest first.
auto timeline_of(const Services& services, std::string dossier_id) -> Task<std::vector<store::AuditRow>> {
    auto rows = co_await services.store.list_audit({.dossier_id = std::move(dossier_id)}, {.limit = 200});
    if (!rows) co_return std::vector<store::AuditRow>{};
    std::ranges::reverse(rows->items);
    co_return std::move(rows->items);
}

auto dossier_json(const Services& services, std::string id) -> Task<Result<Json>> {
    auto row = co_await services.store.get_dossier(id);
    if (!row) co_return fail(std::move(row.error()));
    auto intents = co_await services.store.intents_of(id);
    if (!intents) co_return fail(std::move(intents.error()));
    auto tickets = co_await services.store.tickets_of(id);
    if (!tickets) co_return fail(std::move(tickets.error()));
    const auto timeline = co_await timeline_of(services, std::move(id));
    co_return present_dossier(*row, timeline, *intents, *tickets);
}

auto get_finding(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto row = co_await services.store.get_finding(call.id());
    if (!row) co_return refuse(call, row.error());
    auto dossier = co_await dossier_json(services, row->dossier_id);
    if (!dossier) co_return refuse(call, dossier.error());
    co_return json_answer(200, {{"finding", present_finding(*row)}, {"dossier", std::move(*dossier)}});
}

auto list_dossiers(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    auto listing = co_await services.store.list_dossiers(std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    co_return list_answer(*listing, [](const store::DossierRow& row) { return present_dossier(row, {}, {}); });
}

auto get_dossier(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto dossier = co_await dossier_json(services, call.id());
    if (!dossier) co_return refuse(call, dossier.error());
    co_return json_answer(200, *dossier);
}

/// Stages as verbs ("explain") or as the words of the model ("explained").
auto replay_stage(std::string_view word) -> std::optional<Stage> {
    static constexpr std::pair<std::string_view, Stage> names[] = {{"normalise", Stage::normalised},
                                                                   {"enrich", Stage::enriched},
                                                                   {"assess", Stage::assessed},
                                                                   {"explain", Stage::explained},
                                                                   {"draft", Stage::drafted}};
    for (const auto& [verb, stage] : names) {
        if (word == verb || word == to_string(stage)) return stage;
    }
    return std::nullopt;
}

auto replay(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, true);
    if (!body) co_return refuse(call, body.error());
    const auto word = body->contains("from") ? text_at(*body, "from") : std::string("explain");
    const auto from = replay_stage(word);
    if (!from)
        co_return problem(400, "from must be one of normalise, enrich, assess, explain, draft", call.request.request_id,
                          "invalid_argument");
    auto row = co_await services.store.get_finding(call.id());
    if (!row) co_return refuse(call, row.error());
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry_by(call, services, "finding.replay_requested", {{"from", word}}, row->id));
    audit.back().dossier_id = row->dossier_id;
    auto asked = co_await services.store.request_replay(row->id, *from, services.clock.now(), std::move(audit));
    if (!asked) co_return refuse(call, asked.error());
    co_return json_answer(202, {{"finding_id", row->id}, {"dossier_id", row->dossier_id}, {"from", word}});
}

} // namespace

void add_finding_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/findings",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return list_findings(services, std::move(call)); },
                .summary = "Findings, newest first",
                .tag = "findings",
                .query = {"source", "severity", "status", "stage", "owner", "q", "since", "until", "limit", "cursor"}});
    routes.add({.method = "GET",
                .pattern = "/v1/findings/{id}",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return get_finding(services, std::move(call)); },
                .summary = "A finding with its dossier",
                .tag = "findings"});
    routes.add(
        {.method = "POST",
         .pattern = "/v1/findings/{id}/replay",
         .needs = Role::analyst,
         .handler = [&services](Call call) { return replay(services, std::move(call)); },
         .summary = "Run again from a named stage; the earlier result is kept beside the new one",
         .tag = "findings",
         .body =
             R"({"type":"object","properties":{"from":{"enum":["normalise","enrich","assess","explain","draft"]}}})",
         .wants_json = false});
    routes.add({.method = "GET",
                .pattern = "/v1/dossiers",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return list_dossiers(services, std::move(call)); },
                .summary = "Dossiers, newest first",
                .tag = "findings",
                .query = {"limit", "cursor"}});
    routes.add({.method = "GET",
                .pattern = "/v1/dossiers/{id}",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return get_dossier(services, std::move(call)); },
                .summary = "A dossier",
                .tag = "findings"});
}

} // namespace dossier::api
