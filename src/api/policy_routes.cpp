#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/finding/json.hpp"

#include <algorithm>
#include <array>

namespace dossier::api {

namespace {

constexpr std::size_t most_found_stores = 1'000;

auto answer_policies(const pipeline::AskedPolicies& asked) -> net::HttpResponse {
    Json drafts = Json::array();
    for (const auto& draft : asked.drafts) drafts.push_back(present_draft(draft));
    return json_answer(201, {{"dossier_id", asked.dossier_id.empty() ? Json(nullptr) : Json(asked.dossier_id)},
                             {"drafts", std::move(drafts)},
                             {"refused", asked.refused}});
}

/// The stores behind the findings that are stored, each once.
auto stores_of_findings(const Services& services) -> Task<Result<std::vector<explain::InventoryStore>>> {
    std::vector<explain::InventoryStore> stores;
    store::Page page{.limit = 200, .cursor = {}};
    while (stores.size() < most_found_stores) {
        auto listing = co_await services.store.list_findings({}, page);
        if (!listing) co_return fail(std::move(listing.error()));
        for (const auto& row : listing->items) {
            if (row.doc.empty() || (row.status != Status::open && row.status != Status::in_progress)) continue;
            const auto finding = from_text<Finding>(row.doc);
            if (!finding || (finding->resource.id.empty() && finding->resource.name.empty())) continue;
            const bool is_known = std::ranges::any_of(stores, [&](const explain::InventoryStore& one) {
                return one.id == finding->resource.id && one.name == finding->resource.name;
            });
            if (is_known) continue;
            Context context;
            if (auto dossier = co_await services.store.get_dossier(row.dossier_id); dossier)
                for (const auto& result : dossier->results)
                    if (result.stage == Stage::enriched && result.revision == dossier->revision)
                        if (auto known = from_text<Context>(result.body)) context = std::move(*known);
            stores.push_back(explain::store_of(*finding, context));
        }
        if (!listing->next_cursor) break;
        page.cursor = *listing->next_cursor;
    }
    if (stores.empty()) co_return fail(Errc::invalid_argument, "no stored finding names a store");
    co_return stores;
}

auto draft_policies(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    static constexpr std::array known{"finding_id", "inventory", "sink"};
    for (const auto& [name, value] : body->items())
        if (std::ranges::find(known, name) == known.end())
            co_return problem(400, "unknown member " + name, call.request.request_id, "invalid_argument");
    for (const auto* name : {"finding_id", "sink"})
        if (body->contains(name) && !(*body)[name].is_string())
            co_return problem(400, std::string(name) + " must be a string", call.request.request_id,
                              "invalid_argument");
    const auto finding_id = text_at(*body, "finding_id");
    const bool has_inventory = body->contains("inventory");
    if (finding_id.empty() == !has_inventory)
        co_return problem(
            400, "give finding_id, or inventory: a list of stores, or \"findings\" for the stores of stored findings",
            call.request.request_id, "invalid_argument");
    const auto sink = text_at(*body, "sink");
    Result<pipeline::AskedPolicies> asked = fail(Errc::internal, "nothing was asked");
    if (!has_inventory) {
        asked = co_await services.builder.draft_policies(finding_id, sink, call.caller.name);
    } else {
        Result<std::vector<explain::InventoryStore>> stores = fail(Errc::internal, "nothing was read");
        if ((*body)["inventory"] == "findings")
            stores = co_await stores_of_findings(services);
        else
            stores = explain::read_inventory(dump_json((*body)["inventory"]));
        if (!stores) co_return refuse(call, stores.error());
        asked = co_await services.builder.draft_governance(std::move(*stores), sink, call.caller.name);
    }
    if (!asked) co_return refuse(call, asked.error());
    co_return answer_policies(*asked);
}

} // namespace

void add_policy_routes(Routes& routes, const Services& services) {
    routes.add(
        {.method = "POST",
         .pattern = "/v1/policies",
         .needs = Role::analyst,
         .handler = [&services](Call call) { return draft_policies(services, std::move(call)); },
         .summary = "Draft policies for a finding, or one for each group of like stores, into the review queue",
         .tag = "drafts",
         .body =
             R"({"type":"object","properties":{"finding_id":{"type":"string"},"inventory":{},"sink":{"type":"string"}}})",
         .wants_json = true});
}

} // namespace dossier::api
