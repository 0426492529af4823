#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/audit/chain.hpp"

namespace dossier::api {

namespace {

auto time_json(const std::optional<Timestamp>& time) -> Json { return time ? Json(format_time(*time)) : Json(nullptr); }

auto dead_letter_json(const store::DeadLetter& letter) -> Json {
    return {{"id", letter.id},
            {"finding_id", letter.finding_id},
            {"dossier_id", letter.dossier_id},
            {"stage", to_string(letter.stage)},
            {"error", letter.error},
            {"attempts", letter.attempts},
            {"at", format_time(letter.at)},
            {"redriven_at", time_json(letter.redriven_at)}};
}

auto quarantine_json(const store::QuarantineRow& row) -> Json {
    return {{"id", row.id},
            {"source", row.source},
            {"reason", row.reason},
            {"payload", row.raw},
            {"request_id", row.request_id},
            {"received_at", format_time(row.received_at)},
            {"deliveries", row.deliveries},
            {"finding_id", row.finding_id.empty() ? Json(nullptr) : Json(row.finding_id)}};
}

auto list_dead_letters(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    auto listing = co_await services.store.list_dead_letters(std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    co_return list_answer(*listing, dead_letter_json);
}

auto redrive(const Services& services, Call call) -> Task<net::HttpResponse> {
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry_by(call, services, "dead_letter.redriven", {{"dead_letter", call.id()}}));
    auto letter = co_await services.store.redrive(call.id(), services.clock.now(), std::move(audit));
    if (!letter) co_return refuse(call, letter.error());
    co_return json_answer(202, dead_letter_json(*letter));
}

auto list_quarantine(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    auto listing = co_await services.store.list_quarantine(std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    co_return list_answer(*listing, quarantine_json);
}

auto retry_quarantined(const Services& services, Call call) -> Task<net::HttpResponse> {
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry_by(call, services, "quarantine.retried", {{"quarantine", call.id()}}));
    auto result = co_await services.receiver.retry_quarantined(call.id(), std::move(audit));
    if (!result) {
        // Still no finding: that is the state of the thing asked for, not a fault of the request's form.
        if (result.error().code == Errc::malformed)
            co_return problem(409, result.error().message, call.request.request_id, "still_malformed");
        co_return refuse(call, result.error());
    }
    co_return json_answer(
        202, {{"id", result->id}, {"fingerprint", result->fingerprint}, {"outcome", to_string(result->outcome)}});
}

auto list_audit(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    const auto since = time_of(call, "since");
    if (!since) co_return refuse(call, since.error());
    store::AuditFilter filter;
    filter.finding_id = call.request.query_value("finding_id").value_or("");
    filter.dossier_id = call.request.query_value("dossier_id").value_or("");
    filter.actor = call.request.query_value("actor").value_or("");
    filter.action = call.request.query_value("action").value_or("");
    filter.since = *since;
    auto listing = co_await services.store.list_audit(std::move(filter), std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    co_return list_answer(*listing, [](const store::AuditRow& row) {
        auto record = parse_json(row.record);
        return record ? std::move(*record) : Json{{"seq", row.seq}, {"unreadable", true}};
    });
}

auto verify_audit(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto head = services.heads.load();
    if (!head && head.error().code != Errc::malformed) co_return refuse(call, head.error());
    auto verdict = co_await audit::verify_chain(services.store, head ? *head : std::nullopt);
    if (!verdict) co_return refuse(call, verdict.error());
    if (!head) {
        // A head whose signature doesn't hold says that somebody wanted to hide something.
        verdict->ok = false;
        verdict->completeness = audit::Verdict::broken;
        verdict->reason = head.error().message;
    }
    co_return json_answer(
        200, {{"ok", verdict->ok},
              {"records", verdict->records},
              {"integrity", audit::to_string(verdict->integrity)},
              {"completeness", audit::to_string(verdict->completeness)},
              {"first_broken_seq", verdict->first_broken_seq ? Json(*verdict->first_broken_seq) : Json(nullptr)},
              {"reason", verdict->reason}});
}

} // namespace

void add_operation_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/dead-letters",
                .needs = Role::admin,
                .handler = [&services](Call call) { return list_dead_letters(services, std::move(call)); },
                .summary = "What could not be done after all attempts",
                .tag = "operations",
                .query = {"limit", "cursor"}});
    routes.add({.method = "POST",
                .pattern = "/v1/dead-letters/{id}/redrive",
                .needs = Role::admin,
                .handler = [&services](Call call) { return redrive(services, std::move(call)); },
                .summary = "Try again from the last stored stage",
                .tag = "operations"});
    routes.add({.method = "GET",
                .pattern = "/v1/quarantine",
                .needs = Role::admin,
                .handler = [&services](Call call) { return list_quarantine(services, std::move(call)); },
                .summary = "What could not be read as a finding, with the reason",
                .tag = "operations",
                .query = {"limit", "cursor"}});
    routes.add({.method = "POST",
                .pattern = "/v1/quarantine/{id}/retry",
                .needs = Role::admin,
                .handler = [&services](Call call) { return retry_quarantined(services, std::move(call)); },
                .summary = "Read a quarantined item again with the adapter as it is now",
                .tag = "operations"});
    routes.add({.method = "GET",
                .pattern = "/v1/audit",
                .needs = Role::auditor,
                .handler = [&services](Call call) { return list_audit(services, std::move(call)); },
                .summary = "The audit trail, newest first",
                .tag = "audit",
                .query = {"finding_id", "dossier_id", "actor", "action", "since", "limit", "cursor"}});
    routes.add({.method = "GET",
                .pattern = "/v1/audit/verify",
                .needs = Role::auditor,
                .handler = [&services](Call call) { return verify_audit(services, std::move(call)); },
                .summary = "Recompute the hash chain",
                .tag = "audit"});
}

} // namespace dossier::api
